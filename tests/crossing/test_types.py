"""Types of the core stay what they are, whatever is done to them."""

from __future__ import annotations

import gc
from typing import Any

import pytest

import atoll
from atoll import _core

CLASS_SETTER: Any = object.__dict__["__class__"]
inside: Any = type.__dict__  # what these answer, no metaclass can change
IMMUTABLE = 1 << 8  # Py_TPFLAGS_IMMUTABLETYPE


def objects(interpreter: atoll.Interpreter) -> list[Any]:
    """Proxies of each kind, and what belongs to them."""
    made = ["[]", "{}", "bytearray(3)", "lambda: 1", "type('C', (), {})()", "type('C', (), {})"]
    proxies = [interpreter.eval(source) for source in made]
    return [*proxies, proxies[0].append, atoll.ref([]), atoll.restrict([], []), interpreter]


def test_types_of_the_core_are_immutable(interpreter: atoll.Interpreter) -> None:
    """No attribute of a type that is written in C can be set, the hidden ones included."""
    kept = objects(interpreter)
    types = [each for each in vars(_core).values() if isinstance(each, type)]
    hidden = [type(each) for each in (*kept, *gc.get_objects())]
    for each in {*types, *hidden}:
        if inside["__module__"].__get__(each) == "atoll._core":
            assert inside["__flags__"].__get__(each) & IMMUTABLE, each
            with pytest.raises(TypeError):
                type.__setattr__(each, "__len__", lambda self: 3)


def test_proxies_cannot_become_something_else(interpreter: atoll.Interpreter) -> None:
    """`object`'s setter of `__class__` refuses a Proxy, whatever the other class is."""
    derived = type("Derived", (atoll.Proxy,), {"__slots__": ()})
    proxy = interpreter.eval("[1]")
    for other in (derived, atoll.Proxy, type(interpreter.eval("{}")), type(interpreter.eval("[]"))):
        if other is not type(proxy):
            with pytest.raises(TypeError):
                CLASS_SETTER.__set__(proxy, other)
    assert proxy[0] == 1


def test_remote_classes_cannot_get_another_metaclass(interpreter: atoll.Interpreter) -> None:
    """Nor can the class of a Proxy become an ordinary class."""
    remote = interpreter.eval("type('C', (), {'n': 3})")
    meta = type("Meta", (_core.RemoteClass,), {})
    for other in (type, meta):
        with pytest.raises(TypeError):
            CLASS_SETTER.__set__(remote, other)
    assert remote.n == 3


def test_nothing_is_an_instance_of_a_class_derived_from_proxy() -> None:
    """A class may derive from Proxy, but has no instances."""
    derived = type("Derived", (atoll.Proxy,), {"__new__": lambda cls: object.__new__(cls)})
    for make in (derived, lambda: object.__new__(derived), lambda: type.__call__(derived)):
        with pytest.raises(TypeError):
            make()


def test_instances_of_own_subclasses_may_change_their_class() -> None:
    """Between classes that Python code derived from Buffer, `__class__` can be set as always."""

    class One(atoll.Buffer): ...

    class Other(atoll.Buffer): ...

    buffer = One(8)
    buffer.__class__ = Other
    assert (type(buffer), len(buffer)) == (Other, 8)
    with pytest.raises(TypeError):
        buffer.__class__ = _core.BufferHandle  # type: ignore[assignment]
