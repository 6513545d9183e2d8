"""What is asked of a Proxy itself, and how an object is told to cross by reference.

A Proxy has no attribute of its own, so that nothing of the original is hidden: these are functions.
"""

from __future__ import annotations

from . import _core

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from ._interpreter import Interpreter


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


def owner(proxy: object) -> Interpreter:
    """Return the interpreter of the original.

    Crosses: nothing. Threads: any. Works for closed interpreters too.

    Args:
        proxy: A Proxy.

    Raises:
        TypeError: If it is not a Proxy.
    """
    return _core.owner(proxy)


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
    it is the narrowed object again. An attribute that can be called can only be called.

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
