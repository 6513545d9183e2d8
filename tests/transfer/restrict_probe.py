"""What the holder of a restricted Proxy may try to reach more than it was given.

Runs in the holder's interpreter. `reach` returns everything that it has got hold of, so that home
can see which of its objects these are.
"""

from __future__ import annotations

import builtins
import contextlib
import copy
import dis
import functools
import gc
import inspect
import operator
import pickle
import pprint
import sys
import traceback
import types
import weakref
from collections.abc import Callable, Iterator
from typing import Any

import restrict_targets

import atoll

SPECIAL = sorted(
    {
        name
        for cls in (*vars(builtins).values(), *vars(types).values())
        if isinstance(cls, type)
        for name in dir(cls)
        if name.startswith("__")
    }
    | {
        f"__{name}__"
        for name in (
            "aenter aexit aiter anext await buffer bytes class_getitem complex copy deepcopy del "
            "delete dict enter exit fspath get getattr getinitargs getnewargs getnewargs_ex "
            "getstate imatmul index init_subclass instancecheck length_hint matmul missing "
            "mro_entries objclass prepare reduce reduce_ex release_buffer replace reversed rmatmul "
            "set set_name setstate slots subclasscheck subclasshook text_signature type_params "
            "weakref wrapped self func closure globals code"
        ).split()
    }
)
PLAIN = (
    "secret n append get put items keys values mapping name value args path obj exceptions "
    "gi_frame gi_code gi_yieldfrom cr_frame cr_code cr_await ag_frame ag_code tb_frame tb_next "
    "f_back f_locals f_globals f_builtins cell_contents func args keywords buffer raw obj base "
    "mro fget fset remote_type add_note with_traceback send throw close join _value_ _member_map_"
).split()
METHODS = [name for name in vars(restrict_targets.Target) if not name.startswith("__")]
# The methods first, and what leads on from a generator before anything exhausts it.
NAMES = [name for name in METHODS + PLAIN if name not in ("close", "throw")] + SPECIAL


class Hook:
    """Takes part in whatever operation it is given to, and keeps what it is given."""

    def __init__(self) -> None:
        self.caught: list[Any] = []

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return self

    def _catch(self, *arguments: Any, **keywords: Any) -> Any:
        self.caught += [*arguments, *keywords.values()]
        return NotImplemented

    __add__ = __radd__ = __sub__ = __rsub__ = __or__ = __ror__ = __and__ = __rand__ = _catch
    __mul__ = __rmul__ = __matmul__ = __rmatmul__ = __mod__ = __rmod__ = __pow__ = __rpow__ = _catch
    __lt__ = __le__ = __gt__ = __ge__ = _catch
    __call__ = _catch

    def __eq__(self, other: object) -> Any:
        return self._catch(other)

    def __hash__(self) -> int:
        return 7


def _attributes(obj: Any) -> Iterator[Callable[[], Any]]:
    for name in NAMES:
        yield functools.partial(getattr, obj, name)
        yield functools.partial(operator.attrgetter(name), obj)
        yield functools.partial(object.__getattribute__, obj, name)
        yield functools.partial(_by_type, obj, name)
        yield functools.partial(f"{{0.{name}}}".format, obj)
        yield functools.partial(inspect.getattr_static, obj, name)
        yield functools.partial(_call_special, obj, name)


def _by_type(obj: Any, name: str) -> Any:
    return type(obj).__getattribute__(obj, name)


def _call_special(obj: Any, name: str) -> Any:
    """Call a special method by the class, of this Proxy or of any other, with few arguments."""
    function = getattr(type(obj), name)
    for arguments in ((), (Hook(),), (0,), ("secret",), (None, None, None)):
        with contextlib.suppress(Exception):
            return function(obj, *arguments)
    return None


def _operations(obj: Any, hook: Hook) -> Iterator[Callable[[], Any]]:
    for function in vars(operator).values():
        if callable(function) and not isinstance(function, type):
            yield functools.partial(function, obj)
            for other in (hook, 0, "secret", obj, slice(None), []):
                yield functools.partial(function, obj, other)
                yield functools.partial(function, other, obj)
            yield functools.partial(function, obj, "secret", 1)
    for name in ("secret", "n", 0, -1, "__dict__"):
        yield functools.partial(f"{{0[{name}]}}".format, obj)
        yield lambda name=name: obj[name]  # type: ignore[misc]
        yield functools.partial(setattr, obj, str(name), hook)
        yield functools.partial(delattr, obj, str(name))
        yield functools.partial(object.__setattr__, obj, str(name), hook)
        yield functools.partial(type.__setattr__, type(obj), str(name), hook)
    for format_ in ("{}", "{!s}", "{!r}", "{!a}", "{:>5}", "{.secret}"):
        yield functools.partial(format_.format, obj)
    yield lambda: f"{obj}{obj!r}{obj!s}{obj:x}"
    yield lambda: "%s %r %d" % (obj, obj, obj)  # noqa: UP031
    yield lambda: [*obj]
    yield lambda: {**obj}
    yield lambda: hook(*obj)
    yield lambda: hook(**obj)


def _functions(obj: Any, others: list[Any]) -> Iterator[Callable[[], Any]]:
    for function in (
        vars, dir, iter, next, reversed, len, hash, repr, str, int, float, complex, bytes, bool, abs,
        round, memoryview, sorted, list, tuple, dict, set, frozenset, enumerate, min, max, sum, any,
        callable, id, super, type, open, slice, aiter, anext, help_of, staticmethod, classmethod,
        copy.copy, copy.deepcopy, copy.replace if hasattr(copy, "replace") else copy.copy,
        pickle.dumps, functools.partial, functools.cached_property, functools.wraps, weakref.ref,
        weakref.proxy, weakref.getweakrefs, gc.get_referents, gc.is_tracked, sys.getsizeof,
        inspect.getmembers, inspect.signature, inspect.getsource, inspect.unwrap, inspect.getmro,
        inspect.getdoc, inspect.getmodule, inspect.getclosurevars, inspect.getgeneratorlocals,
        inspect.getcoroutinelocals, traceback.format_exception, pprint.pformat, dis.code_info,
        types.MethodType, types.resolve_bases, atoll.copy, atoll.type_of, atoll.owner, atoll.ref,
    ):  # fmt: skip
        yield functools.partial(function, obj)
    for call in obj, type(obj), type(type(obj)):
        for arguments in ((), (1,), (obj,), ("secret",), (Hook(),), ("x", (obj,), {})):
            yield functools.partial(_call, call, arguments)
    for other in others:
        yield functools.partial(isinstance, obj, other)
        yield functools.partial(isinstance, other, obj)
        yield functools.partial(issubclass, type(obj), other)
    yield functools.partial(issubclass, int, obj)
    yield lambda: types.new_class("Derived", (obj,))
    yield lambda: type("Derived", (type(obj),), {})
    yield lambda: type("Derived", (atoll.Proxy,), {"secret": 1})
    yield lambda: _relabel(obj)
    yield lambda: atoll.restrict(obj, [*NAMES]).secret  # type: ignore[attr-defined]
    yield lambda: pickle.loads(pickle.dumps(obj))
    yield lambda: atoll.share(obj)
    yield lambda: atoll.share((obj,))
    yield functools.partial(_by_queue, obj)
    yield functools.partial(_match, obj)
    yield functools.partial(functools.singledispatch(lambda x: None), obj)
    yield functools.partial(_by_with, obj)
    yield functools.partial(_await, obj)


def _call(function: Any, arguments: tuple[Any, ...]) -> Any:
    return function(*arguments)


def help_of(obj: Any) -> Any:
    return inspect.getcomments(obj)


def _relabel(obj: Any) -> Any:
    obj.__class__ = type("Derived", (atoll.Proxy,), {})
    return obj


def _by_queue(obj: Any) -> Any:
    queue: atoll.Queue[Any] = atoll.Queue()
    queue.put((obj, [obj]))
    return queue.get()


def _match(obj: Any) -> Any:
    match obj:
        case [*items]:
            return items
        case {"secret": secret, **rest}:
            return secret, rest
        case object(secret=secret):
            return secret
        case Exception(args=args):
            return args
    return None


def _by_with(obj: Any) -> Any:
    with obj as entered:
        return entered


def _await(obj: Any) -> Any:
    async def waiting() -> Any:
        async with obj as entered:
            return entered

    for make in (waiting, lambda: _awaiting(obj), lambda: _iterating(obj)):
        try:
            make().send(None)
        except StopIteration as end:
            return end.value
        except Exception:
            continue
    return None


async def _awaiting(obj: Any) -> Any:
    return await obj


async def _iterating(obj: Any) -> Any:
    return [item async for item in obj]


def _of_exception(error: BaseException) -> list[Any]:
    """List what an exception that came from there refers to; its traceback is of this side."""
    found: list[Any] = [*error.args, error.__dict__, error.__cause__, error.__context__, str(error)]
    found += [getattr(error, name, None) for name in PLAIN if name not in ("tb_frame", "args")]
    found += getattr(error, "__notes__", [])
    found += ["".join(traceback.format_exception(error))] if error.__cause__ is not None else []
    return found


def _flat(found: Any, depth: int = 3) -> Iterator[Any]:
    if isinstance(found, BaseException) and not atoll.is_proxy(found):
        if depth:
            for part in _of_exception(found):
                yield from _flat(part, depth - 1)
    elif type(found) in (tuple, list, set, frozenset, dict):
        parts = list(found.items()) if type(found) is dict else list(found)
        for part in parts if depth else ():
            yield from _flat(part, depth - 1)
    elif atoll.is_proxy(found) and not _is_local(found):
        yield found
    elif isinstance(found, str | bytes):
        yield found


def _is_local(found: Any) -> bool:
    """Is it the class of a Proxy, which lives here?"""
    return type(found) is type(type(atoll.Proxy)) or (
        isinstance(found, type) and issubclass(found, atoll.Proxy)
    )


def _few_of_each(proxies: list[Any], count: int) -> list[Any]:
    by_type: dict[str, list[Any]] = {}
    for proxy in proxies:
        by_type.setdefault(type(proxy).__name__, []).append(proxy)
    return [proxy for alike in by_type.values() for proxy in alike[:count]]


def _what(found: Any) -> str:
    """Say what a Proxy stands for, if it is open."""
    try:
        atoll.owner(found)
    except AttributeError:
        return ""
    return f"{type(found).__name__} {getattr(found, '__name__', '')}"


def reach(
    start: Any, depth: int = 2, width: int = 2
) -> tuple[tuple[str, ...], tuple[str, ...], str]:
    """Try everything on a Proxy, and on what this gives.

    Goes on, `depth` times, with at most `width` objects of a type. Returns what Proxies were found
    that are not narrowed; those that are, without the one that it began with; and all strings.
    """
    hook = Hook()
    reached: dict[int, Any] = {}
    texts: set[str | bytes] = set()
    level = [start]
    for _ in range(depth):
        found: list[Any] = []
        for obj in level:
            attempts = (*_attributes(obj), *_operations(obj, hook), *_functions(obj, [int, object]))
            for attempt in attempts:
                try:
                    found.append(attempt())
                except (Exception, GeneratorExit) as error:
                    found.append(error)
        found += hook.caught
        hook.caught = []
        level = []
        for each in found:
            for part in _flat(each):
                if isinstance(part, str | bytes) and not atoll.is_proxy(part):
                    texts.add(part)
                elif part is not start and id(part) not in reached:
                    reached[id(part)] = part
                    level.append(part)
        level = _few_of_each(level, width)
    whats = [(each, _what(each)) for each in reached.values() if atoll.is_proxy(each)]
    return (
        tuple(what for _, what in whats if what),
        tuple(type(each).__name__ for each, what in whats if not what),
        "\n".join(map(str, texts)),
    )
