"""restrict(): the holder of such a Proxy can reach the named attributes and nothing else."""

from __future__ import annotations

import io
import pickle
from fractions import Fraction
from typing import Any

import pytest
import workloads
from naming import label

import atoll


def test_named_method_works(there: Any) -> None:
    """A named method can be called, and works on the whole object."""
    counter = workloads.Counter(1)
    view = atoll.restrict(counter, ["add"])
    assert there.call(there.evaluate("lambda c: c.add(2)"), view) == 3
    assert counter.n == 3


@pytest.mark.parametrize(
    "use",
    ["v.n", "v.add_many(1)", "v.__class__", "v.__dict__", "v.__init__", "setattr(v, 'n', 1)",
     "setattr(v, 'add', 1)", "delattr(v, 'n')", "v.add.__self__", "v.add.__func__",
     "v.add.__call__.__self__", "v.__getattribute__('n')", "v.__reduce_ex__(2)[1].n", "vars(v)",
     "object.__getattribute__(v, 'n')", "type(v).n", "type(v).add.__get__", "v.__doc__",
     "__import__('copy').copy(v).n", "__import__('atoll').copy(v).n",
     "__import__('atoll').type_of(v)", "__import__('pickle').dumps(v)", "type(v).__dict__['n']"],
)  # fmt: skip
def test_nothing_else_is_reached(there: Any, use: str) -> None:
    """What was not named raises, whatever way it is asked for."""
    counter = workloads.Counter(1)
    view = atoll.restrict(counter, ["add"])
    with pytest.raises((AttributeError, TypeError, KeyError, pickle.PicklingError)):
        there.call(there.evaluate(f"lambda v: {use}"), view)
    assert vars(counter) == {"n": 1}


@pytest.mark.parametrize(
    "use", ["v()", "len(v)", "v[0]", "v + v", "iter(v)", "1 in v", "+v", "with_(v)"]
)
def test_no_special_method(there: Any, use: str) -> None:
    """Special methods that were not named do not exist."""
    view = atoll.restrict(
        workloads.evaluate("type('L', (list,), {'__call__': lambda s: 1})()"), ["pop"]
    )
    with pytest.raises((TypeError, AttributeError)):
        there.call(there.evaluate(f"lambda v: {use.replace('with_(v)', 'v.__enter__()')}"), view)


def test_named_special_methods(there: Any) -> None:
    """Special methods that are named work by their syntax."""
    view = atoll.restrict([1, 2], ["__len__", "__getitem__"])
    assert there.call(len, view) == 2
    assert there.call(there.evaluate("lambda v: (v[1], hasattr(v, 'append'))"), view) == (2, False)
    called = atoll.restrict(lambda x: x + 1, ["__call__"])
    assert there.call(there.call, called, 4) == 5


def test_method_can_only_be_called(there: Any) -> None:
    """A named method may be kept and passed on, and be called."""
    counter = workloads.Counter(1)
    add = there.call(there.evaluate("lambda v: v.add"), atoll.restrict(counter, ["add"]))
    assert add(1) == 2
    kept = there.Slotted(atoll.restrict(counter, ["add"]))
    assert there.call(there.evaluate("lambda s: s.value.add(1)"), kept) == 3


def test_comes_home_narrowed(there: Any) -> None:
    """When it comes home it is the narrowed object, not the whole one."""
    counter = workloads.Counter(1)
    view = atoll.restrict(counter, ["add"])
    back = there.identity(view)
    assert back is view
    assert back is not counter
    assert back.add(1) == 2
    with pytest.raises(AttributeError, match="'n' is not allowed"):
        _ = back.n
    with pytest.raises(AttributeError, match="cannot be changed"):
        back.n = 1


def test_both_views_at_once(there: Any) -> None:
    """The whole object and a narrowed view of it are told apart there."""
    counter = workloads.Counter(1)
    result = there.call(
        there.evaluate("lambda c, v: (c is v, c.n, hasattr(v, 'n'))"),
        counter, atoll.restrict(counter, ["add"]),
    )  # fmt: skip
    assert result == (False, 1, False)


def test_result_of_another_interpreter(interpreter: atoll.Interpreter) -> None:
    """An interpreter may hand out narrowed objects."""
    interpreter.exec("import atoll\nimport queue\nq = queue.Queue()")
    put = interpreter.eval("atoll.restrict(q, ['put', 'qsize'])")
    put.put(3)
    assert put.qsize() == 1
    with pytest.raises(AttributeError, match="this proxy is restricted: 'get' is not allowed"):
        put.get()
    assert not hasattr(put, "queue")
    assert "get" not in repr(put)


def test_dir_and_repr_tell_nothing(there: Any) -> None:
    """repr() of a narrowed object does not show what it holds."""
    view = atoll.restrict(["secret"], ["append"])
    assert "secret" not in there.call(repr, view)
    assert "secret" not in there.call(str, view)


@pytest.mark.parametrize("names", ["add", 3, [1], [b"add"], None])
def test_names_must_be_str(names: Any) -> None:
    """Names that are no strings, or one bare string, are a TypeError."""
    with pytest.raises(TypeError):
        atoll.restrict([], names)


class Machine:
    """Its methods hand it out, or run later."""

    def __init__(self) -> None:
        self.log: list[str] = []

    def itself(self) -> Any:
        return self

    def count(self) -> Any:
        for number in range(3):
            try:
                yield number
            except LookupError as error:
                self.log.append(repr(error))

    async def later(self) -> Any:
        return tuple(self.log)

    async def __aenter__(self) -> Any:
        return self

    async def __aexit__(self, *exception: object) -> None:
        self.log.append("left")

    def keys(self) -> Any:
        return {"a": self, "b": self}.keys()

    def fail(self) -> None:
        raise LocalError(self, self.log)


class LocalError(Exception):
    """Unlike this one, what a test module defines cannot be imported elsewhere."""


def test_result_that_is_the_object(there: Any) -> None:
    """A method that returns its object returns what its caller has."""
    view = atoll.restrict(Machine(), ["itself"])
    assert there.call(there.evaluate("lambda v: v.itself().itself() is v"), view)
    assert view.itself() is view


def test_generators_can_be_run(there: Any) -> None:
    """A generator that an allowed method returns can be run, thrown into and closed."""
    machine = Machine()
    source = """lambda v: (list(v.count()), (c := v.count()).send(None), c.throw(KeyError('k')),
                           c.close(), list(c))"""
    view = atoll.restrict(machine, ["count"])
    assert there.call(there.evaluate(source), view) == ([0, 1, 2], 0, 1, None, [])
    assert machine.log == ["KeyError('k')"]


def test_coroutines_can_be_awaited(interpreter: atoll.Interpreter) -> None:
    """Allowed async methods and async context managers work."""
    interpreter.exec("""
async def use(v):
    async with v as entered:
        return entered is v, await v.later()
def run(v):
    import asyncio
    return asyncio.run(use(v))
""")
    machine = Machine()
    view = atoll.restrict(machine, ["later", "__aenter__", "__aexit__"])
    assert interpreter.call(interpreter.eval("run"), view) == (True, ())
    assert machine.log == ["left"]


def test_what_a_result_allows_is_named(there: Any) -> None:
    """Of a result that is no value, what was named for it can be used, and nothing else."""
    view = atoll.restrict(Machine(), {"keys": ["__len__", "__iter__", "__contains__"]})
    source = "lambda v: (len(v.keys()), sorted(v.keys()), 'a' in v.keys())"
    assert there.call(there.evaluate(source), view) == (2, ["a", "b"], True)
    with pytest.raises(AttributeError):
        there.call(there.evaluate("lambda v: v.keys().mapping"), view)


def test_exception_is_of_the_nearest_builtin_type(there: Any) -> None:
    """An exception of an allowed method is of a builtin type, and a text is all that it says."""
    machine = Machine()
    with pytest.raises(Exception, match="Machine") as caught:
        there.call(there.evaluate("lambda v: v.fail()"), atoll.restrict(machine, ["fail"]))
    assert type(caught.value) is Exception
    assert caught.value.args == (str(LocalError(machine, machine.log)),)


def test_narrowing_twice(there: Any) -> None:
    """Of a narrowed object only less can be allowed."""
    narrow = atoll.restrict([1, 2], ["__len__", "pop"])
    again = atoll.restrict(narrow, ["__len__", "append"])
    assert there.call(len, again) == 2
    for name in ("pop", "append"):
        with pytest.raises(AttributeError):
            there.call(getattr, again, name)


def test_class(there: Any) -> None:
    """A narrowed class is an object like any other, and no class for who holds it."""
    view = atoll.restrict(Machine, ["__call__", "__name__"])
    assert there.call(there.evaluate("lambda v: (isinstance(v, type), v.__name__)"), view) == (
        False,
        "Machine",
    )
    assert type(there.call(there.evaluate("lambda v: v()"), view)) is Machine


def test_abstract_classes(there: Any) -> None:
    """A narrowed list is no sequence; what it has are the protocols that were named."""
    view = atoll.restrict([1], ["__len__", "__iter__"])
    source = """lambda v: [issubclass(type(v), getattr(__import__('collections.abc').abc, name))
                           for name in ('Sequence', 'MutableSequence', 'Sized', 'Iterable')]"""
    assert there.call(there.evaluate(source), view) == [False, False, True, True]


# ---- what passes, in both directions ----


class Vault:
    """Its methods give out, take and pass on what the holder is not to have."""

    def __init__(self) -> None:
        self.secret = [object()]
        self.given: list[Any] = []

    def give(self, what: str = "secret") -> Any:
        return getattr(self, what)

    def is_secret(self, it: object) -> bool:
        return it is self.secret

    def take(self, it: Any) -> Any:
        self.given.append(it)
        return it

    def is_taken(self, it: object) -> bool:
        return any(each is it for each in self.given)

    def call(self, function: Any) -> Any:
        return function(self.secret, (1, self.secret), self, key={"a": self.secret})

    def append_to(self, it: Any) -> bool:
        it.append(self.secret)
        return it[-1] is self.secret

    def sort(self, key: Any) -> Any:
        return tuple(sorted([[3], [1], [2]], key=key))

    def generate(self) -> Any:
        got = yield self.secret
        while True:
            got = yield 1, self.secret, got

    def catch(self, function: Any) -> Any:
        try:
            function()
        except BaseException as error:
            return type(error).__module__, type(error).__name__, error.args

    def raising(self, error: str) -> None:
        raise {
            "key": KeyError("k"),
            "file": FileNotFoundError(2, "gone", "f"),
            "group": ExceptionGroup("both", [ValueError(self)]),
            "decode": UnicodeDecodeError("ascii", b"x", 0, 1, "why"),
            "closed": atoll.InterpreterClosedError("it"),
            "silent": Silent(),
        }[error]

    def read(self, it: Any) -> bytes:
        return bytes(memoryview(it))

    def length(self, it: Any) -> int:
        return len(it)


class Silent(ValueError):
    def __str__(self) -> str:
        raise LookupError


VAULT = [name for name in vars(Vault) if not name.startswith("_")]


@pytest.fixture
def hold(there: Any) -> Any:
    """A function: have the holder evaluate an expression of `v`, a restricted Vault."""

    def hold(expression: str, names: Any = VAULT, vault: Vault | None = None) -> Any:
        view = atoll.restrict(vault or Vault(), names)
        return there.call(there.evaluate(f"lambda v: {expression}"), view)

    return hold


def test_token_can_only_be_handed_back(hold: Any) -> None:
    """What is no value is a token, one for each object; its owner gets the object back."""
    assert hold("(v.give() is v.give(), v.is_secret(v.give()), v.is_secret((1,)))") == (
        True, True, False)  # fmt: skip
    assert hold("type(v.give()).__name__") == "Token"


@pytest.mark.parametrize(
    "use",
    ["t.append", "t.__class__", "t()", "len(t)", "t[0]", "iter(t)", "t.x.__setattr__", "hash(t, 1)",
     "__import__('atoll').copy(t)", "__import__('atoll').owner(t)", "memoryview(t)", "t + [1]",
     "__import__('atoll').restrict(t, ['append'])", "__import__('pickle').dumps(t)"],
)  # fmt: skip
def test_token_can_do_nothing(hold: Any, use: str) -> None:
    """Nothing can be asked of a token."""
    with pytest.raises((AttributeError, TypeError)):
        hold(f"[{use} for t in [v.give()]]")


def test_token_comes_home_as_the_object(there: Any) -> None:
    """By whatever way a token comes home, it is the object there."""
    vault = Vault()
    token = there.call(there.evaluate("lambda v: v.give()"), atoll.restrict(vault, ["give"]))
    assert token is vault.secret


@pytest.mark.parametrize(
    "argument",
    ["[1]", "{1: 2}", "__import__('fractions').Fraction(1, 2)", "__import__('decimal').Decimal(1)",
     "__import__('pathlib').Path('a')", "ValueError(1)", "len", "lambda: 1",
     "__import__('sys')", "__import__('atoll').Queue()", "(1, [2], frozenset([len]))"],
)  # fmt: skip
def test_argument_is_a_reference(hold: Any, argument: str) -> None:
    """An argument that is no immutable builtin is itself again when it comes back."""
    vault = Vault()
    assert hold(f"[v.take(a) == a for a in [{argument}]][0]", vault=vault)
    given = vault.given[0]
    assert atoll.is_proxy(given[1] if type(given) is tuple else given)


def test_argument_keeps_its_identity(hold: Any) -> None:
    """The same argument, passed twice, is the same Proxy to its owner."""
    assert hold("[(v.take(a), v.is_taken(a), v.is_taken([1])) for a in [[1]]][0][1:]") == (
        True, False)  # fmt: skip


def test_argument_that_says_it_is_a_value(hold: Any) -> None:
    """Nothing that an argument says of itself has its owner unpickle it."""
    vault = Vault()
    hold(
        "v.take(type('Fraction', (), {'__module__': 'fractions', '__reduce_ex__':"
        " lambda self, protocol: (eval, ('1/0',))})())",
        vault=vault,
    )
    assert atoll.is_proxy(vault.given[0])
    for refused in (atoll.copy, atoll.owner, pickle.dumps):
        with pytest.raises(AttributeError):
            refused(vault.given[0])


def test_argument_can_be_used(hold: Any) -> None:
    """The owner can do with an argument whatever its type can do."""
    vault = Vault()
    hold("v.take([3, 1, 2])", vault=vault)
    given = vault.given[0]
    given.append(5)
    given[0] = 4
    assert (sorted(given), isinstance(given, list), len(given)) == ([1, 2, 4, 5], True, 4)
    assert (given.pop(), list(given)) == (5, [4, 1, 2])
    assert hold("v.read(bytearray(b'abc'))") == b"abc"


def test_callback_gets_tokens(hold: Any) -> None:
    """What the owner passes to a function of its holder is narrowed as results are."""
    got = hold(
        "(got := [], v.call(lambda *a, **k: got.append((a, k))),"
        " [type(got[0][0][0]).__name__, got[0][0][1][0], got[0][0][1][1] is got[0][0][0],"
        "  v.is_secret(got[0][0][0]), type(got[0][1]['key']).__name__])[2]"
    )
    assert list(got) == ["Token", 1, True, True, "Token"]
    assert hold("[type(t).__name__ for t in v.sort(key=lambda t: 0)][0]") == "Token"
    assert hold("[(v.append_to(a), type(a[0]).__name__) for a in [[]]][0]") == (True, "Token")


def test_callback_raises(hold: Any) -> None:
    """An exception of the holder's reaches the owner as a builtin one, with its text."""
    bad = "type('Bad', (LookupError,), {'__module__': 'os'})"
    assert hold(f"v.catch(lambda: (_ for _ in ()).throw({bad}('why', v)))")[:2] == (
        "builtins", "LookupError")  # fmt: skip


@pytest.mark.parametrize(
    ("error", "caught", "text"),
    [("key", KeyError, "'k'"), ("file", FileNotFoundError, "[Errno 2] gone: 'f'"),
     ("group", Exception, "both (1 sub-exception)"), ("silent", ValueError, "Silent"),
     ("decode", UnicodeError, "'ascii' codec can't decode byte 0x78 in position 0: why"),
     ("closed", atoll.InterpreterClosedError, "it")],
)  # fmt: skip
def test_exceptions(hold: Any, error: str, caught: type[Exception], text: str) -> None:
    """An exception of the owner's is of the nearest type that both sides have, and says what it said."""
    with pytest.raises(caught) as info:
        hold(f"v.raising({error!r})")
    assert type(info.value) is caught
    assert str(info.value) == text


def test_generator_yields_tokens(hold: Any) -> None:
    """What a generator yields, is sent and returns is narrowed like results."""
    assert hold("[(v.is_secret(next(g)), v.is_secret(g.send([7])[1]), g.send(8)[2])"
                " for g in [v.generate()]][0]") == (True, True, 8)  # fmt: skip


def test_own_restricted_object_stays_narrow(hold: Any) -> None:
    """A view that the holder made is as narrow for the owner."""
    source = "__import__('atoll').restrict([1, 2], ['__len__'])"
    assert hold(f"v.length({source})") == 2
    with pytest.raises(AttributeError, match="'append' is not allowed"):
        hold(f"v.append_to({source})")
    assert hold(f"[v.take(own) is own for own in [{source}]][0]")


def test_copy_of_an_argument_is_refused(hold: Any) -> None:
    """Nothing that a holder has pickled is passed to the owner."""
    with pytest.raises(TypeError, match="'list' cannot be copied"):
        hold("v.take(__import__('atoll').copy([1]))")
    assert hold("v.take(__import__('atoll').ref((1, 2)))") == (1, 2)


def test_failure_near_the_recursion_limit(interpreter: atoll.Interpreter) -> None:
    """Where the stack ends there is an error, not more than was allowed."""
    interpreter.exec("""
def dive(v, kinds):
    try:
        dive(v, kinds)
    except RecursionError:
        pass
    try:
        kinds.add(type(v.give()).__name__)
    except RecursionError:
        pass
    return kinds
""")
    view = atoll.restrict(Vault(), ["give"])
    assert set(interpreter.eval("dive")(view, interpreter.eval("set()"))) == {"Token"}


# ---- what else the owner lets through ----


class Store:
    def __init__(self, rows: Any = ()) -> None:
        self.file = io.StringIO("abc")
        self.rows = rows

    def open(self) -> Any:
        return self.file

    def pair(self) -> Any:
        return 1, self.file

    def each(self) -> Any:
        yield self.file

    async def soon(self) -> Any:
        return self.file

    def copied(self) -> Any:
        return self.rows

    def is_file(self, it: object) -> bool:
        return it is self.file


@pytest.mark.parametrize(
    "expression",
    ["v.open()", "v.pair()[1]", "next(v.each())", "v.file", "[*v.each()][0]"],
)
def test_result_is_narrowed_to_names(hold: Any, expression: str) -> None:
    """A result, and what is in it or comes of running it, allows what was named for it."""
    names = dict.fromkeys(["open", "pair", "each", "file"], ["read"]) | {"is_file": None}
    assert hold(
        f"[(f.read(), hasattr(f, 'getvalue'), v.is_file(f)) for f in [{expression}]][0]",
        names, Store(),
    ) == ("abc", False, True)  # fmt: skip


def test_result_of_a_coroutine_is_narrowed(interpreter: atoll.Interpreter) -> None:
    """What an async method returns allows what was named for it."""
    interpreter.exec("""
async def soon(v):
    return (await v.soon()).read()
def read(v):
    try:
        soon(v).send(None)
    except StopIteration as returned:
        return returned.value
""")
    view = atoll.restrict(Store(), {"soon": ["read"]})
    assert interpreter.call(interpreter.eval("read"), view) == "abc"


def test_names_of_names(hold: Any) -> None:
    """What is said of a result may be a mapping again."""
    store = Store(Store([[1]]))
    names = {"copied": {"copied": atoll.copy, "open": {"read": True}}}
    assert hold("(v.copied().open().read(), type(v.copied().copied()).__name__)", names, store) == (
        "abc", "list")  # fmt: skip
    with pytest.raises(AttributeError):
        hold("v.copied().open().close", names, store)


@pytest.mark.parametrize(
    "rows",
    ["[]", "[1, 'a', b'b', 1.5, None, (2, [3])]", "{'a': {1, 2}, (1, 2): {'b': [frozenset([3])]}}",
     "bytearray(b'abc')", "atoll.frozendict({'a': [1]})", "[[]] * 3"],
)  # fmt: skip
def test_result_is_copied(interpreter: atoll.Interpreter, rows: str) -> None:
    """A result that consists of builtin types is copied where that was named."""
    value = workloads.evaluate(rows)
    interpreter.exec("def look(v):\n  got = v.copied()\n  return str(type(got)), repr(got)")
    view = atoll.restrict(Store(value), {"copied": atoll.copy})
    assert interpreter.eval("look")(view) == (str(type(value)), repr(value))


@pytest.mark.parametrize(
    "wrong", [object(), Store(), len, Store, iter([]).__reduce__, io], ids=label
)
def test_copies_consist_of_builtin_types(hold: Any, wrong: Any) -> None:
    """Anything else in a result to be copied is an error that names its type."""
    for rows in (wrong, [wrong], {"a": (1, [wrong])}):
        with pytest.raises(TypeError, match=type(wrong).__name__):
            hold("v.copied()", {"copied": atoll.copy}, Store(rows))


def test_endless_copy(hold: Any) -> None:
    """A result that contains itself, or is far too large, is an error."""
    rows: list[Any] = []
    rows.append(rows)
    with pytest.raises(RecursionError):
        hold("v.copied()", {"copied": atoll.copy}, Store(rows))
    rows = [0]
    for _ in range(60):
        rows = [rows, rows]
    with pytest.raises(ValueError, match="too large"):
        hold("v.copied()", {"copied": atoll.copy}, Store(rows))


@pytest.mark.parametrize("name", ["typo", "__len__", "__call__", "append_", "__missing__"])
def test_names_must_exist(name: str) -> None:
    """A name that the object does not have is an AttributeError that names it."""
    with pytest.raises(AttributeError, match=name):
        atoll.restrict(Store(), ["open", name])
    with pytest.raises(AttributeError, match=name):
        atoll.restrict(Store(), {name: ["x"]})


def test_names_that_can_be_got(there: Any) -> None:
    """An attribute counts as there if it can be got, or is a property; special methods do not."""

    class Any_:
        def __getattr__(self, name: str) -> Any:
            return name

        @property
        def failing(self) -> Any:
            raise RuntimeError

    view = atoll.restrict(Any_(), ["anything", "failing", "__repr__"])
    assert there.call(getattr, view, "anything") == "anything"
    with pytest.raises(AttributeError):
        atoll.restrict(Any_(), ["__len__"])
    instance = Store()
    instance.__len__ = lambda: 1  # type: ignore[attr-defined]
    with pytest.raises(AttributeError):
        atoll.restrict(instance, ["__len__"])


@pytest.mark.parametrize("rule", [3, "read", [1], {1: None}, len, {"a": 3}])
def test_rules_are_checked(rule: Any) -> None:
    """What is said of a result is names, a mapping, atoll.copy, True or None."""
    with pytest.raises(TypeError):
        atoll.restrict(Store(), {"open": rule})


def test_narrowing_rules_twice(hold: Any) -> None:
    """Narrowing what is narrowed never allows more of results."""
    wide = atoll.restrict(Store([1]), {"open": ["read", "close"], "copied": None, "pair": ["read"]})
    view = atoll.restrict(wide, {"open": ["read"], "copied": atoll.copy, "pair": None})
    from atoll import _core

    assert _core.allowed(view) == {"open": {"read": None}, "copied": None, "pair": None}


# ---- value types ----


def test_result_of_a_value_type(there: Any) -> None:
    """The object itself is its view also if its class goes by value."""
    point = workloads.Point(1, 2)
    view = atoll.restrict(point, ["__eq__"])
    assert not hasattr(there.call(there.evaluate("lambda v: v"), view), "x")
    vault = Vault()
    vault.secret = point  # type: ignore[assignment]
    names = there.call(there.evaluate("lambda v: type(v.give()).__name__"),
                       atoll.restrict(vault, ["give"]))  # fmt: skip
    assert names == "Token"


def test_value_types_are_known_by_the_class(there: Any) -> None:
    """A class that only says it is a value type, itself or by its metaclass, is none."""

    class Meta(type):
        def __getattribute__(cls, name: str) -> Any:
            said = {"__module__": "fractions", "__qualname__": "Fraction", "__name__": "Fraction"}
            return said[name] if name in said else type.__getattribute__(cls, name)

        def __eq__(cls, other: object) -> bool:
            return True

        def __hash__(cls) -> int:
            return hash(Fraction)

    class ByMeta(metaclass=Meta):
        def __reduce_ex__(self, protocol: Any) -> Any:
            raise AssertionError

    class Says(ByMeta):
        pass

    Says.__module__, Says.__qualname__ = "workloads", "Point"
    for impostor in (ByMeta(), Says()):
        assert there.is_foreign(impostor)
    assert not there.is_foreign(Fraction(1, 2))
    assert not there.is_foreign(workloads.Point(1, 2))


# ---- attributes, deadlines ----


class Panel:
    def __init__(self) -> None:
        self.view = atoll.restrict([1], ["__len__"])
        self.function = len
        self.callback: Any = None

    def set(self, callback: Any) -> None:
        self.callback = callback

    def spin(self) -> None:
        while True:
            pass


def test_attributes(hold: Any) -> None:
    """Of attributes, views and the holder's own are what they are; others can only be called."""
    names = ["view", "function", "callback", "set"]
    assert hold("(len(v.view), v.function('abc'))", names, Panel()) == (1, 3)
    assert hold("[v.set(f) or v.callback is f for f in [lambda: 1]]", names, Panel())[0]


def test_timeout_of_a_holder(interpreter: atoll.Interpreter) -> None:
    """A holder's timeout ends what it calls, and is a TimeoutError to it."""
    interpreter.exec("""
import atoll
def run(v):
    try:
        with atoll.timeout(0.01):
            v.spin()
    except TimeoutError as error:
        return type(error) is TimeoutError
""")
    assert interpreter.eval("run")(atoll.restrict(Panel(), ["spin"]))


def test_names_of_a_subclass_of_str() -> None:
    """A str that says it equals an allowed name is not that name."""

    class Lying(str):
        def __eq__(self, other: object) -> bool:
            return True

        def __hash__(self) -> int:
            return hash("set")

    panel = Panel()
    with pytest.raises(AttributeError, match="'function' is not allowed"):
        getattr(atoll.restrict(panel, ["set"]), Lying("function"))
    view = atoll.restrict(panel, [Lying("set")])
    with pytest.raises(AttributeError):
        _ = view.function
    assert view.set(1) is None
