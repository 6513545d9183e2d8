"""Twins: a class that two interpreters have is one class to isinstance, issubclass and match."""

from __future__ import annotations

import abc
import collections
import collections.abc
import functools
import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import pytest
import workloads

import atoll
from atoll._transfer.twins import local_twin

DEFINED = """
import abc, collections, enum, workloads
class Plain: pass
class Abstract(abc.ABC): pass
class MyList(list): pass
class MyDict(collections.OrderedDict): pass
class MySet(set): pass
class MyError(ValueError): pass
class MyCounter(workloads.Counter): pass
class MySlots(workloads.Slotted): pass
class Builtin(workloads.Slotted): __module__ = "builtins"
class Liar(workloads.Counter): pass
Liar.__module__, Liar.__qualname__ = "workloads", "Bag"
"""


@pytest.fixture(scope="module")
def defined(shared_interpreter: atoll.Interpreter) -> Any:
    shared_interpreter.exec(DEFINED)
    return shared_interpreter.eval


SUBCLASSES = [
    ("MyList()", list), ("MyDict()", dict), ("MyDict()", collections.OrderedDict), ("MySet()", set),
    ("MyCounter()", workloads.Counter),
    ("MySlots(1)", workloads.Slotted), ("Builtin(1)", workloads.Slotted), ("collections.OrderedDict()", dict),
    ("collections.defaultdict(int)", dict), ("collections.Counter()", dict),
    ("collections.deque()", collections.deque), ("workloads.Counter()", workloads.Counter),
    ("collections.Counter()", collections.abc.Mapping), ("MyList()", collections.abc.Sequence),
    ("collections.ChainMap()", collections.abc.MutableMapping), ("MyCounter()", object),
    ("Plain()", object), ("Plain()", atoll.Proxy),
]  # fmt: skip


@pytest.mark.parametrize(("expression", "kind"), SUBCLASSES)
def test_instance(defined: Any, expression: str, kind: type) -> None:
    """A Proxy is an instance of the twins of its class and of its bases, the class a subclass."""
    proxy = defined(expression)
    assert isinstance(proxy, kind)
    if kind is not atoll.Proxy and atoll.is_proxy(proxy):
        assert issubclass(atoll.type_of(proxy), kind)


@pytest.mark.parametrize(
    ("expression", "kind"),
    [("MyList()", dict), ("MyList()", workloads.Counter), ("Plain()", workloads.Counter),
     ("MyCounter()", workloads.Bag),
     ("MyList()", collections.abc.Mapping), ("Liar()", workloads.Bag)],
)  # fmt: skip
def test_no_instance(defined: Any, expression: str, kind: type) -> None:
    """It is none of other classes, nor of one whose name its class merely claims."""
    proxy = defined(expression)
    assert not isinstance(proxy, kind)
    assert not issubclass(atoll.type_of(proxy), kind)


@pytest.mark.parametrize(("expression", "kind"), SUBCLASSES)
def test_c_code_is_not_deceived(defined: Any, expression: str, kind: type) -> None:
    """What C code sees of a Proxy's own type is no subclass of a type with fields."""
    if kind.__basicsize__ != object.__basicsize__ and kind is not atoll.Proxy:
        bases = type.__dict__["__mro__"].__get__(type(defined(expression)))
        assert not any(kind is base for base in bases)
    with pytest.raises(TypeError):
        set.add(defined("MySet()"), 1)  # type: ignore[misc]
    with pytest.raises(TypeError):
        workloads.Slotted.__dict__["value"].__get__(defined("MySlots(1)"))


def test_class_attribute_is_the_twin(there: Any) -> None:
    """`p.__class__` is the class here; type_of(p) the one there, by Proxy."""
    counter = there.Counter()
    assert counter.__class__ is workloads.Counter
    assert atoll.type_of(counter) is there.Counter
    assert there.WithMeta.__class__ is workloads.Meta


def test_class_attribute_without_a_twin(defined: Any) -> None:
    """Without a twin `p.__class__` is what stands for the class there, always the same."""
    for name in ("Plain", "MyList", "MyCounter"):
        assert (
            defined(f"{name}()").__class__ is defined(name) is atoll.type_of(defined(f"{name}()"))
        )
        assert isinstance(defined(f"{name}()"), defined(name))


def test_a_class_there_knows_what_is_here(there: Any, defined: Any) -> None:
    """A remote class takes objects and classes of this interpreter by its twin."""
    assert isinstance(workloads.Counter(), there.Counter)
    assert issubclass(workloads.SubPoint, there.Point)
    assert not isinstance(workloads.Bag(), there.Counter)
    assert not isinstance(workloads.Bag(), defined("Plain"))
    assert not issubclass(int, defined("Plain"))
    assert isinstance(defined("MyCounter()"), there.Counter)
    with pytest.raises(TypeError):
        issubclass(5, there.Counter)  # type: ignore[arg-type]


def test_it_holds_there_as_well(there: Any) -> None:
    """An object of ours is there an instance of the class there."""
    assert there.evaluate("lambda x: isinstance(x, Counter)")(workloads.Counter())
    assert there.evaluate("lambda x: x.__class__ is Counter")(workloads.Counter())
    assert there.evaluate("lambda k: issubclass(k, Counter)")(workloads.Counter)


def test_match(there: Any, defined: Any) -> None:
    """Class patterns of `match` take proxies."""
    match there.SubPoint(1, 2):
        case workloads.Point(x, y):
            assert (x, y) == (1, 2)
        case _:
            raise AssertionError
    match defined("MyDict()"):
        case list():
            raise AssertionError
        case dict():
            pass
        case _:
            raise AssertionError


def test_singledispatch(there: Any, defined: Any) -> None:
    """functools.singledispatch finds what is for the twin, or for the nearest base."""

    @functools.singledispatch
    def kind(value: object) -> str:
        return "object"

    for each in (workloads.Counter, list, collections.OrderedDict, collections.abc.Mapping):
        kind.register(each, lambda value, each=each: each.__name__)
    asked = ["MyCounter()", "MyList()", "MyDict()", "collections.Counter()", "Plain()", "MySet()"]
    assert [kind(defined(each)) for each in asked] == [
        "Counter", "list", "OrderedDict", "Mapping", "object", "object"
    ]  # fmt: skip
    assert kind(there.Counter()) == "Counter"


@runtime_checkable
class Adds(Protocol):
    def add(self, k: int) -> int: ...


class Marked(abc.ABC):  # noqa: B024
    @classmethod
    def __subclasshook__(cls, other: type) -> bool:
        return hasattr(other, "add_many")


def test_protocols_and_abcs(there: Any, defined: Any) -> None:
    """Protocols and ABCs with a hook see what the remote class has."""
    assert isinstance(there.Counter(), Adds)
    assert isinstance(defined("MyCounter()"), Adds)
    assert not isinstance(defined("Plain()"), Adds)
    assert isinstance(defined("MyCounter()"), Marked)
    assert not isinstance(defined("MyList()"), Marked)


@pytest.mark.parametrize("name", ["Plain", "MyDict", "MyCounter", "Abstract"])
def test_registered_with_an_abc(interpreter: atoll.Interpreter, name: str) -> None:
    """A remote class may be registered with an ABC: that is asked about all classes then."""

    class Mine: ...

    interpreter.exec(DEFINED)
    kind = interpreter.eval(name)
    collections.abc.MutableSequence.register(kind)
    assert isinstance(interpreter.eval(f"{name}()"), collections.abc.MutableSequence)
    assert not isinstance(Mine(), collections.abc.MutableSequence)
    assert interpreter.call(workloads.is_foreign, Mine())
    interpreter.close()
    assert not isinstance(type("Other", (), {})(), collections.abc.Sequence)


# ---- modules come and go ----


@pytest.fixture
def module(tmp_path: Path, interpreter: atoll.Interpreter) -> Iterator[str]:
    """The name of a module that is loaded there, and can be here."""
    (tmp_path / "twinned.py").write_text(
        "class Plain: pass\nclass Listed(list): pass\nclass Outer:\n    class Inner: pass\n"
    )
    sys.path.insert(0, str(tmp_path))
    interpreter.exec(f"import sys; sys.path.insert(0, {str(tmp_path)!r}); import twinned")
    yield "twinned"
    sys.path.remove(str(tmp_path))
    sys.modules.pop("twinned", None)


@pytest.mark.parametrize("name", ["Plain", "Listed", "Outer.Inner"])
def test_loaded_later(interpreter: atoll.Interpreter, module: str, name: str) -> None:
    """A class has a twin as soon as its module is loaded here; none is loaded for it."""
    kind, proxy = interpreter.eval(f"twinned.{name}"), interpreter.eval(f"twinned.{name}()")
    assert local_twin(kind) is local_twin(proxy) is None
    assert proxy.__class__ is kind
    assert module not in sys.modules
    loaded: Any = importlib.import_module(module)
    twin = functools.reduce(getattr, name.split("."), loaded)
    assert issubclass(kind, twin)
    assert isinstance(proxy, twin)
    assert proxy.__class__ is local_twin(kind) is twin


@pytest.mark.parametrize("name", ["Plain", "Listed"])
def test_reloaded_or_removed(interpreter: atoll.Interpreter, module: str, name: str) -> None:
    """After a reload the twin is the new class; without its module there is none."""
    kind, proxy = interpreter.eval(f"twinned.{name}"), interpreter.eval(f"twinned.{name}()")
    loaded = importlib.import_module(module)
    old = getattr(loaded, name)
    assert local_twin(kind) is old
    new = getattr(importlib.reload(loaded), name)
    assert old is not new
    assert issubclass(kind, new)
    assert not issubclass(kind, old)
    assert local_twin(proxy) is new
    del sys.modules[module]
    assert not issubclass(kind, new)
    assert local_twin(proxy) is None


def test_reloaded_there(interpreter: atoll.Interpreter, module: str) -> None:
    """The class that another took the place of, there, has no twin any more."""
    kind, proxy = interpreter.eval("twinned.Plain"), interpreter.eval("twinned.Plain()")
    loaded: Any = importlib.import_module(module)
    assert local_twin(kind) is loaded.Plain
    interpreter.exec("import importlib; importlib.reload(twinned)")
    assert local_twin(kind) is local_twin(proxy) is None
    assert local_twin(interpreter.eval("twinned.Plain")) is loaded.Plain


def test_another_module_of_that_name(
    interpreter: atoll.Interpreter, module: str, tmp_path: Path
) -> None:
    """Modules of one name, but from different files, have no twins."""
    other = tmp_path / "other"
    other.mkdir()
    (other / "twinned.py").write_text("class Plain: pass\n")
    sys.path.insert(0, str(other))
    try:
        loaded: Any = importlib.import_module(module)
    finally:
        sys.path.remove(str(other))
    assert local_twin(interpreter.eval("twinned.Plain")) is None
    assert not isinstance(interpreter.eval("twinned.Plain()"), loaded.Plain)


def test_restricted_objects_have_no_class(there: Any) -> None:
    """A restricted object is an instance of nothing but Proxy, and has no twin."""
    narrow = there.evaluate("atoll.restrict(Counter(), ['add'])")
    assert not isinstance(narrow, workloads.Counter)
    assert local_twin(narrow) is None


def test_third_interpreter(defined: Any) -> None:
    """A class of one other interpreter takes objects of a third, if both have the class."""
    with atoll.Interpreter() as third:
        third.exec("import workloads")
        assert isinstance(defined("MyCounter()"), third.eval("workloads.Counter"))
        assert not isinstance(defined("Plain()"), third.eval("workloads.Counter"))
