"""What is asked of a Proxy itself, and how an object is told to cross by reference.

A Proxy has no attribute of its own, so that nothing of the original is hidden: these are functions.
"""

from __future__ import annotations

from .. import _core

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable


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
    """
    return _core.type_of(proxy)


def ref(obj: object) -> object:
    """Have an object cross by reference that would go by value.

    Pass what this returns as an argument, or return it: the other side gets a Proxy.

    Crosses: by reference. Threads: any.

    Args:
        obj: Any object, for instance a tuple, a Decimal or a member of an Enum.

    Example:
        >>> interpreter.call(show_type, atoll.ref((1, 2)))
    """
    return _core.mark(obj, False)


def restrict(obj: object, names: Iterable[str]) -> object:
    """Narrow an object, at its source, to some of its attributes and methods.

    Whoever gets it in another interpreter can use the named attributes and nothing else: no other
    attribute, no special method that is not named, not its class, no assignment. When it comes home
    it is the narrowed object again.

    An attribute that can be called can only be called. A result that is the object itself is the
    narrowed one; functions among the results can only be called, generators, coroutines and
    iterators only run, views of dicts only read. What the arguments, causes and contexts of an
    exception refer to can only be held. Any other object that an allowed name gives out is given
    whole, and in Python a whole object leads to all of its interpreter: return values, or narrow
    what is returned.

    Crosses: by reference. Threads: any.

    Args:
        obj: The object.
        names: Attributes that may be read; special methods (`"__len__"`) too.

    Raises:
        TypeError: If `names` is a single string or holds anything but strings.

    Example:
        >>> interpreter.call(produce, atoll.restrict(queue, ["put"]))
    """
    if isinstance(names, str):
        raise TypeError("names must be an iterable of str, not one str")
    allowed = frozenset(names)
    for name in allowed:
        if not isinstance(name, str):
            raise TypeError(f"names must be str, not {type(name).__name__}")
    return _core.restrict(obj, allowed)


# ---- what may be done with the results of a restricted object ----


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


_CALL = _names("__call__")
_RUN = _names(
    "__iter__ __next__ __length_hint__ __await__ __aiter__ __anext__ "
    "send throw close asend athrow aclose"
)
_READ = _names(
    "__len__ __iter__ __reversed__ __contains__ __eq__ __ne__ __lt__ __le__ __gt__ __ge__ "
    "__and__ __or__ __sub__ __xor__ __rand__ __ror__ __rsub__ __rxor__ isdisjoint"
)
# As in `types`, whose import takes a new interpreter time.
_CALLABLES = frozenset(
    map(
        type,
        (
            lambda: None,
            _core.restrict,
            [].__len__,  # a method wrapper
            list.__len__,
            str.join,
            dict.__dict__["fromkeys"],
            restrict.__get__(0),  # a bound method
        ),
    )
)
_frozen = _core.frozendict()
_VIEWS = frozenset(
    map(
        type,
        (
            *({}.keys(), {}.values(), {}.items()),
            *(_frozen.keys(), _frozen.values(), _frozen.items()),
        ),
    )
)
_IMMUTABLE_TYPE = 1 << 8  # Py_TPFLAGS_IMMUTABLETYPE: a class of C code
_RUN_BY = ("__next__", "__anext__", "__await__")
_MODULES_OF_ITERATORS = ("builtins", "itertools", "_collections", "atoll")


def narrowed_names(result: object) -> frozenset[str] | None:
    """Say what may be used of a result of a restricted object; called by the core.

    Generators (by their frames), iterators (by what they say to pickle), bound methods, functions
    (by their globals) and views of dicts would lead from what was allowed to all the rest.

    Returns:
        The names, or None: the result goes as it is.
    """
    cls = type(result)
    if cls in _CALLABLES:
        return _CALL
    if cls in _VIEWS:
        return _READ
    is_of_c = cls.__flags__ & _IMMUTABLE_TYPE and cls.__module__ in _MODULES_OF_ITERATORS
    return _RUN if is_of_c and any(name in cls.__dict__ for name in _RUN_BY) else None
