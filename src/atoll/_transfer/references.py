"""What is asked of a Proxy itself, and how an object is told to cross by reference.

A Proxy has no attribute of its own, so that nothing of the original is hidden: these are functions.
"""

from __future__ import annotations

from .. import _core
from .describe import is_special
from .names import definer_of
from .values import copy

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from typing import Any

    # What becomes of the results of a name.
    type Rule = Iterable[str] | Mapping[str, Rule] | Callable[[object], object] | bool | None
    type Rules = dict[str, bool | Rules | None]


def is_proxy(obj: object) -> bool:
    """Tell whether an object stands for one of another interpreter.

    Crosses: nothing. Threads: any.

    Args:
        obj: Any object. A method of a Proxy (`proxy.append`) and the class of a remote object
            count as well.

    Returns:
        True for what stands for a foreign object, False for what is at home here.

    Example:
        >>> with atoll.Interpreter() as other:
        ...     atoll.is_proxy(other.eval("[]"))
        True
    """
    return _core.is_proxy(obj)


def type_of(proxy: object) -> type:
    """Return the type of the original.

    Static builtin types are the same object everywhere (`list`); any other class is a Proxy to it.

    Crosses: nothing, as a rule (the type was found out when the Proxy was made). Threads: any.

    Args:
        proxy: A Proxy.

    Raises:
        TypeError: If it is not a Proxy.
        AttributeError: If the Proxy is restricted.

    Example:
        >>> atoll.type_of(interpreter.eval("[1, 2]"))
        <class 'list'>
    """
    return _core.type_of(proxy)


def ref(obj: object) -> Any:
    """Have an object cross by reference that would go by value.

    Pass what this returns as an argument, or return it: the other side gets a Proxy.

    Crosses: by reference. Threads: any.

    Args:
        obj: Any object, for instance a tuple, a Decimal or a member of an Enum.

    Example:
        >>> interpreter.call(show_type, atoll.ref((1, 2)))
    """
    return _core.mark(obj, False)


def restrict(obj: object, names: Iterable[str] | Mapping[str, Rule]) -> Any:
    """Narrow an object, at its source, to some of its attributes and methods.

    Whoever gets it in another interpreter can use the named attributes and nothing else: no other
    attribute, no special method that is not named, not its class, no assignment. An attribute that
    can be called can only be called. When it comes home it is the narrowed object again.

    Crosses: by reference. What its uses bring to the holder, however deep inside of results,
    exceptions and the arguments of the holder's callbacks, is one of these: immutable builtins
    (numbers, text, bytes, tuples and frozensets of these...); the holder's own objects; the
    narrowed object itself; generators, coroutines and iterators of C code, which can only be
    advanced; and for all else tokens, which can only be handed back to the owner, where they are
    the object again. Exceptions are of the nearest builtin type, with their text. The holder's own
    objects reach the owner as Proxies; what is passed to them is narrowed in the same way.

    Threads: any.

    Args:
        obj: The object.
        names: Attributes that may be read; special methods (`"__len__"`) too. A mapping says, for
            each name, what becomes of the results: None or True: as above; names, or again such a
            mapping: what is no immutable builtin is narrowed to these; `atoll.copy`: it is copied,
            and has to consist of builtin types. What can only be advanced yields such results.

    Raises:
        TypeError: If `names` is a single string, or a name or what is said of it is of a wrong
            type.
        AttributeError: If the object has no such attribute. Special methods are looked up on its
            type.

    Example:
        >>> interpreter.call(produce, atoll.restrict(queue, ["put"]))
        >>> atoll.restrict(store, {"open": ["read", "close"], "rows": atoll.copy})
    """
    rules = _rules(names)
    whole = _core.whole(obj)
    for name in rules:
        if not _has(whole, name):
            raise AttributeError(
                f"there is no {name!r} that could be allowed [docs: how-to/restrict]",
                name=name,
                obj=obj,
            )
    wider = _core.allowed(obj)
    return _core.restrict(whole, rules if wider is None else _both(wider, rules))


def _rules(names: Iterable[str] | Mapping[str, Rule]) -> Rules:
    if isinstance(names, str):
        raise TypeError("names must be an iterable of str, not one str")
    is_mapping = hasattr(names, "keys")
    rules: Rules = {}
    for name in names:
        if not isinstance(name, str):
            raise TypeError(f"names must be str, not {type(name).__name__}")
        rules[str.__str__(name)] = _rule(names[name]) if is_mapping else None  # type: ignore[index]
    return rules


def _rule(rule: Rule) -> bool | Rules | None:
    """Return a rule as the core knows it: None, True for a copy, or names and their rules."""
    if rule is None or rule is True:
        return None
    return True if rule is copy else _rules(rule)  # type: ignore[arg-type]


def _both(one: Rules, other: Rules) -> Rules:
    """Allow what both allow."""
    return {name: _both_rules(rule, other[name]) for name, rule in one.items() if name in other}


def _both_rules(one: bool | Rules | None, other: bool | Rules | None) -> bool | Rules | None:
    if isinstance(one, dict) and isinstance(other, dict):
        return _both(one, other)
    return True if one is True and other is True else None


def _has(obj: object, name: str) -> bool:
    """Tell whether an object has an attribute, without running a property."""
    if definer_of(type(obj), name) is not None:
        return True
    if is_special(name):
        return False
    try:
        getattr(obj, name)
    except AttributeError:
        return False
    return True
