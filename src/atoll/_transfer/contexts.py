"""Context variables, and contexts with their values, which `pickle` refuses.

A variable that is a global of a module is found there by its name. Other variables, those of
`__main__` and those that functions refer to, are made by an interpreter that they come to, once.
"""

from __future__ import annotations

import sys
from _contextvars import Context, ContextVar
from itertools import count

from .. import _core
from .names import is_unfinished, resolve

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    type Variable = ContextVar[Any]
    # The interpreter that a variable is from, and its number there.
    type Key = tuple[int, int]
    # What returns the variable, and the arguments.
    type Reduced = tuple[Callable[..., Variable], tuple[Any, ...]]

_numbers = count()
_made: dict[Key, Variable] = {}  # for ever, as the contexts that have them would
_keys: dict[int, Key] = {}  # the keys of these, by id()
_places: dict[int, tuple[str, str]] = {}  # where variables were found, by id(); may be outdated


# ---- variables ----


def _namespace_of(module: object) -> dict[str, Any]:
    try:  # past what a module does itself when it is asked, and not of a Proxy
        found = object.__getattribute__(module, "__dict__")
    except AttributeError:
        return {}
    return found if type(found) is dict else {}


def _find(variable: Variable) -> tuple[str, str] | None:
    """Return a module that has a variable, and its name there; None: only `__main__`, or none.

    Many modules may have it; where it was made is probably where `ContextVar` is known.
    """
    module, name = _places.get(id(variable), ("", ""))
    if _namespace_of(sys.modules.get(module)).get(name) is variable:
        return module, name
    found = None
    main = sys.modules.get("__main__")  # which multiprocessing gives another name
    for module, each in list(sys.modules.items()):
        namespace = _namespace_of(each)
        for name, value in list(namespace.items()):
            if value is variable and each is not main and not is_unfinished(each):
                found = _places[id(variable)] = module, name
                if "ContextVar" in namespace or "contextvars" in namespace:
                    return found
    return found


def _is_of_main(variable: Variable) -> bool:
    return any(each is variable for each in _namespace_of(sys.modules.get("__main__")).values())


def reduce_variable(variable: Variable) -> Reduced:
    """Take a variable apart."""
    key = _keys.get(id(variable))
    if key is None:
        found = _find(variable)
        if found is not None:
            return _variable_at, found
        key = _core.own_id(), next(_numbers)
        _made[key] = variable
        key = _keys.setdefault(id(variable), key)  # another thread may have been faster
    try:
        default: tuple[Any, ...] = (Context().run(variable.get),)
    except LookupError:
        default = ()
    return _variable_of, (key, variable.name, *default)


def _variable_at(module: str, name: str) -> Variable:
    variable: Variable = resolve(f"{module}:{name}")
    if type(variable) is not ContextVar:
        where = f"{module}.{name} in interpreter {_core.own_name()!r}"
        raise TypeError(f"{where} is no context variable, but {type(variable).__name__}")
    return variable


def _variable_of(key: Key, name: str, *default: Any) -> Variable:
    made = _made.get(key)
    if made is None:
        options = {"default": default[0]} if default else {}
        made = _made.setdefault(key, ContextVar(name, **options))
    _keys[id(made)] = key
    return made


# ---- contexts ----


class Carried:
    """The variables in a pickle: those that contexts have values of, and all others."""

    def __init__(self) -> None:
        self.items: list[tuple[Variable, Any]] = []
        self._referred: set[int] = set()  # by id()

    def take(self, obj: Context | Variable) -> Any:
        """Take apart a context, or a variable that something else in the pickle refers to."""
        if isinstance(obj, ContextVar):
            self._referred.add(id(obj))
            return reduce_variable(obj)
        items = list(obj.items())
        self.items += items
        values = [
            (None, _decimal_settings(value))
            if _is_of_decimal(variable, value)
            else (reduce_variable(variable), value)
            for variable, value in items
        ]
        return Context, (), values, None, None, _fill

    def check(self) -> None:
        """Refuse values of variables that nobody could find there.

        Raises:
            TypeError: If there is one.
        """
        for variable, value in self.items:
            is_found = (
                id(variable) in self._referred
                or reduce_variable(variable)[0] is _variable_at
                or _is_of_main(variable)
                or _keys[id(variable)][0] != _core.own_id()
                or _is_of_decimal(variable, value)
            )
            if not is_found:
                raise error_of(variable, "no module has the variable as a global")


def error_of(variable: Variable, reason: object) -> TypeError:
    """Return the error of a value of a variable that cannot cross."""
    return TypeError(
        f"the value of context variable {variable.name!r} cannot be carried: {reason}. Run the "
        "call in a contextvars.Context() that has only values that it needs [docs: how-to/asyncio]"
    )


def _is_of_decimal(variable: Variable, value: object) -> bool:
    """Tell whether `decimal`, which hides its variable, keeps its context in it.

    There may be several: each time it is imported anew.
    """
    of = type(value)
    return (variable.name, of.__module__, of.__name__) == ("decimal_context", "decimal", "Context")


def _decimal_settings(context: Any) -> dict[str, Any]:
    """Return what a context of `decimal` consists of: its class may be of a former import."""
    names = ("prec", "rounding", "Emin", "Emax", "capitals", "clamp")
    signals = {
        kind: [signal.__name__ for signal, is_set in getattr(context, kind).items() if is_set]
        for kind in ("flags", "traps")
    }
    return {name: getattr(context, name) for name in names} | signals


def _set_decimal(settings: dict[str, Any]) -> None:
    import decimal

    for kind in ("flags", "traps"):
        settings[kind] = [getattr(decimal, name) for name in settings[kind]]
    decimal.setcontext(decimal.Context(**settings))


def _fill(context: Context, values: list[tuple[Reduced | None, Any]]) -> None:
    for reduced, value in values:
        if reduced is None:
            context.run(_set_decimal, value)
        else:
            make, arguments = reduced
            context.run(make(*arguments).set, value)
