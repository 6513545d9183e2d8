"""The standard library and NumPy take Proxies, and what is got through one acts in its owner."""

from __future__ import annotations

import codecs
import collections
import contextlib
import copy
import csv
import dataclasses
import decimal
import functools
import heapq
import importlib
import inspect
import json
import pydoc
import sys
import typing
from typing import Any
from unittest import mock

import pytest
import workloads

import atoll

# ---- what is got through a Proxy acts in its owner ----


def test_settings_of_a_module_are_those_of_its_owner(interpreter: atoll.Interpreter) -> None:
    """C functions that a module has from another one change the owner's settings, not ours."""
    interpreter.import_module("decimal").getcontext().prec = 5
    assert decimal.getcontext().prec != 5
    assert interpreter.eval("__import__('decimal').getcontext().prec") == 5
    interpreter.import_module("csv").register_dialect("theirs", delimiter="|")
    assert "theirs" not in csv.list_dialects()
    assert "theirs" in interpreter.import_module("csv").list_dialects()
    interpreter.import_module("codecs").register_error("theirs", lambda error: ("?", error.end))
    with pytest.raises(LookupError):
        codecs.lookup_error("theirs")


@pytest.mark.parametrize(
    "function",
    ["decimal.getcontext", "csv.register_dialect", "sqlite3.connect", "codecs.lookup_error",
     "heapq.heappush", "bisect.insort", "open", "random.seed", "warnings.warn"],
)  # fmt: skip
def test_functions_that_stay_in_their_interpreter(there: Any, function: str) -> None:
    """A C function of a module that may have a state goes by reference."""
    module, _, name = function.rpartition(".")
    expression = f"__import__({module!r}).{name}" if module else name
    assert atoll.is_proxy(there.evaluate(expression))


def test_functions_of_the_owner_take_its_objects(there: Any) -> None:
    """What wants a real list is called in the list's interpreter."""
    numbers = there.evaluate("[3, 1, 2]")
    there.evaluate("__import__('heapq')").heapify(numbers)
    assert list(numbers) == [1, 3, 2]


# ---- sentinels and aliases ----

SENTINELS = ["dataclasses.MISSING", "dataclasses._FIELD", "dataclasses.KW_ONLY", "inspect.Parameter.empty",
             "typing.ClassVar", "typing.Self", "unittest.mock.DEFAULT"]  # fmt: skip
ALIASES = [
    "list[int]",
    "dict[str, list[int]]",
    "int | str",
    "int | None",
    "tuple[int, ...]",
    "list['x']",
]


@pytest.mark.parametrize("name", SENTINELS)
def test_sentinel(there: Any, name: str) -> None:
    """What the standard library has for comparison with `is` is the same thing everywhere."""
    module, _, attributes = name.partition(".")
    if name.startswith("unittest"):
        module, attributes = "unittest.mock", "DEFAULT"
    code = f"__import__('functools').reduce(getattr, {attributes.split('.')!r}, __import__({module!r}, fromlist=['x']))"
    value = workloads.evaluate(code)
    assert there.evaluate(code) is value
    assert there.evaluate(f"lambda value: value is {code}")(value)


@pytest.mark.parametrize("expression", ["__import__('random')._inst", "__import__('logging').root"])
def test_what_has_a_state_is_no_sentinel(there: Any, expression: str) -> None:
    """An object of a module that holds something stays where it is."""
    assert atoll.is_proxy(there.evaluate(expression))


@pytest.mark.parametrize("expression", ALIASES)
def test_alias(there: Any, expression: str) -> None:
    """Aliases and unions of builtin types go by value."""
    value = there.evaluate(expression)
    assert not atoll.is_proxy(value)
    assert value == workloads.evaluate(expression)
    assert there.evaluate(f"lambda value: value == {expression}")(value)


def test_alias_of_a_remote_class(there: Any) -> None:
    """The parts of an alias cross as they do by themselves."""
    alias = there.evaluate("list[Pair]")
    assert alias.__origin__ is list
    assert alias.__args__[0] is there.Pair


# ---- dataclasses, functools, inspect, mock, copy ----

POINT = """
import dataclasses
@dataclasses.dataclass
class Point:
    x: int
    items: list = dataclasses.field(default_factory=list)
"""


@pytest.fixture
def point(interpreter: atoll.Interpreter) -> Any:
    interpreter.exec(POINT)
    return interpreter.eval("Point(5, [1, 2])")


def test_dataclass(point: Any) -> None:
    """The functions of dataclasses see the fields of a Proxy."""
    assert [each.name for each in dataclasses.fields(point)] == ["x", "items"]
    assert dataclasses.asdict(point) == {"x": 5, "items": [1, 2]}
    assert dataclasses.astuple(point) == (5, [1, 2])
    replaced = dataclasses.replace(point, x=6)
    assert (replaced.x, list(replaced.items)) == (6, [1, 2])


CONTAINERS = """
import collections, dataclasses
class Items(list): pass
@dataclasses.dataclass
class Point:
    x: int = 1
    items: list = dataclasses.field(default_factory=lambda: [1, [2]])
def field(make): return dataclasses.field(default_factory=make)
@dataclasses.dataclass
class Nested:
    points: list = field(lambda: [Point(), [Point(2)], {"k": Point(3)}, (Point(4), [5])])
    by_name: dict = field(lambda: {"a": [Point()], (1, 2): {"z": Point()}})
    ordered: dict = field(lambda: collections.OrderedDict(b=Point(), a=1))
    default: dict = field(lambda: collections.defaultdict(list, a=[Point()]))
    own: list = field(lambda: Items([Point()]))
    queue: object = field(lambda: collections.deque([[1]]))
    numbers: set = field(lambda: {1, 2})
"""


def kinds(value: Any) -> Any:
    """The types of a value and of what is in it."""
    items = value.items() if isinstance(value, dict) else value
    inner = list(map(kinds, items)) if isinstance(value, (dict, list, tuple)) else []
    return type(value).__name__, inner


@pytest.mark.parametrize(
    ("function", "options"),
    [
        (dataclasses.asdict, {}),
        (dataclasses.asdict, {"dict_factory": collections.OrderedDict}),
        (dataclasses.astuple, {}),
    ],
)
def test_dataclass_with_containers(
    interpreter: atoll.Interpreter, function: Any, options: Any
) -> None:
    """What is in the lists and dicts of a dataclass is converted as well, and all is made here."""
    interpreter.exec(CONTAINERS)
    namespace: dict[str, Any] = {}
    exec(CONTAINERS, namespace)
    found, expected = (
        function(each, **options) for each in (interpreter.eval("Nested()"), namespace["Nested"]())
    )
    assert repr(found) == repr(expected)
    if function is dataclasses.asdict:
        assert kinds(found) == kinds(expected)


@pytest.mark.parametrize("future", ["", "from __future__ import annotations"])
@pytest.mark.parametrize("slots", ["", "__slots__ = 'x', 'y'"])
def test_annotations_of_a_class(interpreter: atoll.Interpreter, future: str, slots: str) -> None:
    """They are those of the class, not of what it inherits; texts are evaluated here."""
    interpreter.exec(
        f"{future}\nclass Base:\n    {slots}\n    x: int\n    y: 'list[str]'\n"
        "class Derived(Base):\n    __slots__ = ()\n    z: bytes"
    )
    base, derived = interpreter.eval("Base"), interpreter.eval("Derived")
    assert typing.get_type_hints(base) == {"x": int, "y": list[str]}
    assert typing.get_type_hints(derived) == {"x": int, "y": list[str], "z": bytes}
    assert list(inspect.get_annotations(derived)) == ["z"]


TEXTS = """
from __future__ import annotations
import decimal
from typing import Optional
class Name: pass
class Holder:
    class Inner: pass
    name: Name
    inner: list["Inner"]
    number: decimal.Decimal | None
    def method(self, name: Optional[Name]) -> Holder: ...
def function(name: Name, names: list["Name"], *more: int) -> Name | None: ...
def generic[T](value: T) -> list[T]: ...
def wrong(name: Nowhere): ...
count: Name
"""


@pytest.fixture
def texts(interpreter: atoll.Interpreter) -> Any:
    """A module whose annotations are texts, and that is none here."""
    interpreter.exec(
        "import sys, types\n"
        "sys.modules['texts'] = texts = types.ModuleType('texts')\n"
        f"exec({TEXTS!r}, vars(texts))"
    )
    return interpreter.eval("texts")


def test_annotations_that_are_texts(texts: Any) -> None:
    """Their names mean what they mean where the annotated function, class or module is."""
    hints = typing.get_type_hints
    assert hints(texts.function) == {
        "name": texts.Name,
        "names": list[texts.Name],
        "more": int,
        "return": typing.Optional[texts.Name],
    }
    assert hints(texts.Holder) == {
        "name": texts.Name,
        "inner": list[texts.Holder.Inner],
        "number": texts.decimal.Decimal | None,
    }
    assert hints(texts.Holder.method)["return"] is texts.Holder
    assert hints(texts.Holder().method)["name"] == typing.Optional[texts.Name]
    assert hints(texts)["count"] is texts.Name
    assert hints(functools.wraps(texts.function)(lambda: 0))["name"] is texts.Name
    value = hints(texts.generic)["value"]
    assert (value.__name__, hints(texts.generic)["return"]) == ("T", list[value])
    with pytest.raises(NameError, match="Nowhere"):
        hints(texts.wrong)


def test_signature_with_texts_evaluated(texts: Any) -> None:
    """inspect finds the names as well, and shows the texts if it is not to evaluate them."""
    signature = inspect.signature(texts.function, eval_str=True)
    assert signature.parameters["name"].annotation is texts.Name
    assert inspect.get_annotations(texts.Holder, eval_str=True)["name"] is texts.Name
    assert inspect.get_annotations(texts.Holder)["name"] == "Name"
    assert inspect.get_annotations(texts, eval_str=True) == {"count": texts.Name}
    assert atoll.is_proxy(texts.function.__globals__)


@pytest.mark.skipif(sys.version_info < (3, 14), reason="annotations are evaluated at once")
def test_annotations_as_they_are_written(interpreter: atoll.Interpreter) -> None:
    """annotationlib and pydoc have the texts of annotations that are evaluated later."""
    annotationlib: Any = importlib.import_module("annotationlib")
    interpreter.exec("def f(x: int, y: Absent) -> list[str]: ...\nclass C:\n    x: Absent")
    function, cls = interpreter.eval("f"), interpreter.eval("C")
    for obj, texts in (
        (function, {"x": "int", "y": "Absent", "return": "list[str]"}),
        (cls, {"x": "Absent"}),
    ):
        found = annotationlib.get_annotations(obj, format=annotationlib.Format.STRING)
        assert found == texts
        assert type(found) is dict
    found = annotationlib.get_annotations(function, format=annotationlib.Format.FORWARDREF)
    assert (found["x"], found["y"].__forward_arg__) == (int, "Absent")
    assert "(x: int, y: Absent) -> list[str]" in pydoc.plain(pydoc.render_doc(function))
    with pytest.raises(NameError):
        annotationlib.get_annotations(function)


@pytest.mark.parametrize("of", ["Manager", "Derived", "io.StringIO"])
def test_exit_stack(interpreter: atoll.Interpreter, of: str) -> None:
    """An ExitStack enters context managers whose class inherits the methods."""
    interpreter.exec(
        "import io\nclass Manager:\n    def __enter__(self): return self\n"
        "    def __exit__(self, *error): self.closed = True\nclass Derived(Manager): pass"
    )
    with contextlib.ExitStack() as stack:
        manager = stack.enter_context(interpreter.eval(f"{of}()"))
    assert manager.closed


def test_exit_stack_refuses(there: Any) -> None:
    """An ExitStack takes no object that is no context manager."""
    with contextlib.ExitStack() as stack, pytest.raises((TypeError, AttributeError)):
        stack.enter_context(there.evaluate("[1]"))


@pytest.fixture
def function(interpreter: atoll.Interpreter) -> Any:
    interpreter.exec("def f(x: int, *, y: str = 'y') -> int:\n    'Doc.'\n    return x + 1")
    return interpreter.eval("f")


def test_wraps(function: Any) -> None:
    """A local wrapper takes over what a remote function is."""

    @functools.wraps(function)
    def wrapper(x: Any) -> Any:
        return function(x)

    assert (wrapper(1), wrapper.__name__, wrapper.__doc__) == (2, "f", "Doc.")
    assert wrapper.__annotations__ == {"x": int, "y": str, "return": int}
    assert str(inspect.signature(wrapper)) == "(x: int, *, y: str = 'y') -> int"


def test_remote_decorator(interpreter: atoll.Interpreter) -> None:
    """A decorator of another interpreter wraps a function of this one."""
    interpreter.exec(
        "import functools\n"
        "def decorate(g):\n"
        "    @functools.wraps(g)\n"
        "    def wrapper(*args): return g(*args)\n"
        "    return wrapper"
    )

    def local(x: int) -> int:
        return x

    decorated = interpreter.eval("decorate")(local)
    assert (decorated(5), decorated.__name__) == (5, "local")


def test_functions_of_functions(function: Any) -> None:
    """Functions about functions take remote ones."""
    assert typing.get_type_hints(function) == {"x": int, "y": str, "return": int}
    assert functools.singledispatch(function)(1) == 2
    assert inspect.getfullargspec(function).kwonlydefaults == {"y": "y"}
    assert mock.create_autospec(function)(1, y="a") is not None
    with pytest.raises(TypeError):
        mock.create_autospec(function)()


def test_copy_is_shallow_and_there(there: Any) -> None:
    """copy.copy() of a Proxy copies the original where it is, and what is in it is the same."""
    original = there.evaluate("[[1], 2]")
    copied = copy.copy(original)
    assert atoll.is_proxy(copied)
    assert copied is not original
    assert copied[0] is original[0]


# ---- messages ----


@pytest.mark.parametrize(
    ("expression", "use", "message"),
    [
        ("[1]", lambda p: heapq.heappush(p, 0), "proxy of list"),
        ("Counter()", lambda p: 1 @ p, "proxy of workloads.Counter"),
    ],
)
def test_messages_say_that_it_is_a_proxy(
    there: Any, expression: str, use: Any, message: str
) -> None:
    """Where CPython wants another type, it says that it was given a Proxy."""
    with pytest.raises(TypeError, match=message):
        use(there.evaluate(expression))


def test_json_with_a_default(there: Any) -> None:
    """`default=atoll.copy` lets json write what holds Proxies."""
    assert json.dumps([there.evaluate("{'a': [1]}")], default=atoll.copy) == '[{"a": [1]}]'


# ---- NumPy ----

UFUNCS = """np.sqrt(p) np.add(p,1) np.add.reduce(p) p+local local+p local-p local*p -p p==local
np.maximum(p,local) np.multiply.outer(p,p) np.add.accumulate(p)""".split()
FUNCTIONS = """np.mean(p) np.concatenate([p,local]) np.stack((p,p)) np.where(p>1,p,0) np.dot(p,local)
np.sort(p) np.unique(p) np.allclose(p,local) np.zeros_like(p) np.linalg.norm(p) np.einsum('i,i',p,p)
np.interp(2,p,p) np.asarray(p) np.array(p)""".split()


@pytest.mark.parametrize("expression", UFUNCS + FUNCTIONS)
def test_numpy(there: Any, expression: str) -> None:
    """NumPy's functions take arrays of both interpreters, mixed."""
    np = pytest.importorskip("numpy")
    make = "__import__('numpy').array([3.0, 1.0, 2.0])"
    local, proxy = workloads.evaluate(make), there.evaluate(make)
    names = {"np": np, "local": np.array([1.0, 1.0, 2.0])}
    expected = eval(expression, names | {"p": local})
    np.testing.assert_array_equal(
        np.asarray(eval(expression, names | {"p": proxy})), np.asarray(expected)
    )


def test_numpy_writes_through(there: Any) -> None:
    """`out=` and functions that fill an array write to the owner's memory."""
    np = pytest.importorskip("numpy")
    proxy = there.evaluate("__import__('numpy').zeros(3)")
    assert np.add(np.ones(3), 1, out=proxy) is proxy
    assert proxy.tolist() == [2, 2, 2]
    np.copyto(proxy, 5)
    np.add.at(proxy, [0], 1)
    assert proxy.tolist() == [6, 5, 5]


@pytest.mark.parametrize("dtype", ["object", "datetime64[s]"])
def test_numpy_without_a_view(there: Any, dtype: str) -> None:
    """Arrays whose memory cannot be seen are copied; writing to the copy is an error."""
    np = pytest.importorskip("numpy")
    proxy = there.evaluate(f"__import__('numpy').array([1, 2], dtype={dtype!r})")
    assert np.concatenate([proxy, proxy]).tolist() == proxy.tolist() * 2
    with pytest.raises(ValueError, match="read-only"):
        np.copyto(proxy, proxy[0])
