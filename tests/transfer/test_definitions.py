"""Classes and globals of `__main__`: brought once to an interpreter, not set back by what comes."""

from __future__ import annotations

import sys
import threading
import weakref
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

import atoll

Define = Callable[[str], Any]


@pytest.fixture
def main(monkeypatch: pytest.MonkeyPatch) -> Define:
    """A function that runs source in a `__main__` of the test's own, and returns its names."""
    module = ModuleType("__main__")
    monkeypatch.setitem(sys.modules, "__main__", module)

    def define(source: str) -> Any:
        exec("import atoll, dataclasses, enum, functools, sqlite3, typing\n" + source, vars(module))
        return SimpleNamespace(**vars(module))

    return define


@pytest.fixture(scope="module")
def pool() -> Iterator[atoll.InterpreterPoolExecutor]:
    with atoll.InterpreterPoolExecutor(1) as pool:
        pool.submit(int).result()  # now it has its worker
        yield pool


def run(pool: Any, function: Any, *args: Any) -> Any:
    return pool.submit(function, *args).result()


K = """
class K:
    total = 0
    seen = []
    def limit(self): return LIMIT
LIMIT = 1
"""

WAYS = {
    "result": "def way(use): return pool.submit(use).result()",
    "map": "def way(use): return list(pool.map(lambda _: use(), [0]))[0]",
    "pickle": "import pickle\ndef way(use): return pickle.loads(pickle.dumps(there.call(use)))",
    "copy": "def way(use): return atoll.copy(there.call(use))",
    "queue": """def way(use):
    queue = atoll.Queue()
    there.call(lambda q: q.put(atoll.copy(use())), queue)
    return queue.get()""",
    "closure": "def way(use): return pool.submit(lambda: (lambda made=use(): made)).result()()",
    "error": """class Error(Exception): pass
def fail(use): raise Error(use())
def way(use):
    try: pool.submit(fail, use).result()
    except Error as error: return error.args[0]""",
    "class": "def way(use): return pool.submit(lambda: type(use())).result()()",
}


def test_instances_end(pool: Any, main: Define) -> None:
    """An instance that came by value is freed with its last reference, without a collection."""
    names = main("class A: pass\ndef make(): return A()")
    made = run(pool, names.make)
    assert type(made) is names.A
    reference = weakref.ref(made)
    del made
    assert reference() is None


@pytest.mark.parametrize("way", WAYS)
def test_home_is_not_changed(pool: Any, there: Any, main: Define, way: str) -> None:
    """Whatever brings an instance home, its class there is the one that there was, and untouched."""
    names = main(K + "def work():\n    K.total = 9; K.seen.append(1)\n    return K()\n" + WAYS[way])
    names.way.__globals__.update(pool=pool, there=atoll.owner(there))
    limit = names.K.limit
    back = names.way(names.work)
    assert type(back) is names.K
    assert (names.K.limit is limit, names.K.total, names.K.seen) == (True, 0, [])


def test_home_is_not_set_back(pool: Any, main: Define) -> None:
    """A result under way does not bring back what the class was when the call was made."""
    names = main("class Job:\n    done = 0\ndef work(job): return job\n")
    futures = [pool.submit(names.work, names.Job()) for _ in range(3)]
    for future in futures:
        names.Job.done += 1
        assert type(future.result()) is names.Job
    assert names.Job.done == 3


def test_state_stays_there(pool: Any, main: Define) -> None:
    """What is done to a class there stays, also while more of its instances come."""
    names = main(
        "class Job:\n    done = 0\n"
        "def work(job):\n    Job.done += 1\n    return type(job) is Job, Job.done\n"
    )
    assert [run(pool, names.work, names.Job()) for _ in range(3)] == [
        (True, 1),
        (True, 2),
        (True, 3),
    ]
    names.Job.done = 50
    assert run(pool, names.work, names.Job()) == (True, 4)
    assert names.Job.done == 50


def test_state_that_cannot_be_pickled(pool: Any, main: Define) -> None:
    """A class need not travel home; nor again to where it is."""
    names = main("""
class Db:
    conn = None
class Row:
    db = Db
    def __init__(self, value): self.value = value
def task(n):
    Db.conn = Db.conn or sqlite3.connect(":memory:")
    return Row(Db.conn.execute("select ?", (n,)).fetchone()[0])
""")
    assert run(pool, names.task, 3).value == 3
    names.Db.conn = sys.stdin
    assert run(pool, names.task, 4).value == 4


@pytest.mark.parametrize(
    ("source", "expression"),
    [
        ("@dataclasses.dataclass(slots=True)\nclass C:\n    x: int", "C(1)"),
        ("@dataclasses.dataclass(slots=True, frozen=True)\nclass C:\n    x: int", "C(1)"),
        ("@dataclasses.dataclass\nclass B:\n    x: int\nclass C(B): pass", "C(1)"),
        ("class C:\n    __slots__ = ('x', '__y', '__weakref__')\n    def __init__(s): s.x = s.__y = 1\n"
         "    def __eq__(s, o): return s.x == o.x and s.__y == o.__y\n    __hash__ = None", "C()"),
        ("class C(typing.NamedTuple):\n    a: int\n    b: str = 'b'", "C(1)"),
        ("class C(typing.Generic[typing.TypeVar('T')]):\n    def __eq__(s, o): return type(s) is type(o)",
         "C()"),
        ("class C(enum.Enum):\n    A = 1", "C.A"),
        ("class C(enum.Flag):\n    A = 1\n    B = 2", "C.A | C.B"),
        ("class O:\n    class C(list): pass\nC = O.C", "O.C([1])"),
    ],
)  # fmt: skip
def test_kinds_of_classes(pool: Any, main: Define, source: str, expression: str) -> None:
    """Classes with slots, named tuples, enums... are there what they are here, and come home."""
    names = main(
        f"{source}\ndef made(): return {expression}\n"
        "def there(it): return it == made(), type(it) is C, hasattr(it, '__dict__'), C.__qualname__, it\n"
    )
    mine = names.made()
    *told, back = run(pool, names.there, mine)
    assert told == [True, True, hasattr(mine, "__dict__"), names.C.__qualname__]
    assert back == mine
    assert type(back) is names.C


def test_definition_that_fails(pool: Any, main: Define, monkeypatch: pytest.MonkeyPatch) -> None:
    """A class that cannot be defined there, yet, is not left there half defined."""
    missing = ModuleType("missing_there")
    exec("def function(): return 5", vars(missing))
    monkeypatch.setitem(sys.modules, "missing_there", missing)
    names = main(
        "import missing_there\n"
        "class K:\n    z = 1\n    f = staticmethod(missing_there.function)\n    def g(self): return K.f()\n"
        "def supply():\n    import sys, types\n"
        "    module = sys.modules['missing_there'] = types.ModuleType('missing_there')\n"
        "    exec('def function(): return 5', vars(module))\n"
        "def work(k): return k.g(), K.z\n"
    )
    for _ in range(2):
        with pytest.raises(ModuleNotFoundError):
            run(pool, names.work, names.K())
    run(pool, names.supply)
    assert run(pool, names.work, names.K()) == (5, 1)


class Rendezvous:
    """Two threads: one imports a module, the other defines a class that needs this module."""

    def __init__(self, folder: Path) -> None:
        self.importing, self.defining = threading.Event(), threading.Event()
        self.copied: Any = None
        (folder / "waits_for_a_class.py").write_text("import sys\nsys.rendezvous.imported()\n")

    def imported(self) -> None:
        """Called by the module."""
        self.importing.set()
        self.defining.wait()
        self.copied = atoll.copy(self.needed)

    def needs_module(self) -> None:
        """Called by the definition of the class."""
        self.defining.set()
        import_module("waits_for_a_class")

    def meet(self, needing: Any, needed: Any) -> Any:
        """Copy an object of the class that needs the module; the module copies another one."""
        self.needed = needed
        thread = threading.Thread(target=import_module, args=("waits_for_a_class",))
        thread.start()
        self.importing.wait()
        copied = atoll.copy(needing)
        thread.join()
        return copied


@pytest.mark.parametrize("needed", ["Other", "Needing"])
def test_definition_during_an_import(
    interpreter: atoll.Interpreter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, needed: str
) -> None:
    """A class is defined though the thread that defines one waits for this thread's import."""
    rendezvous = Rendezvous(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "rendezvous", rendezvous, raising=False)
    interpreter.exec(
        "class Meeting:\n"
        "    def __reduce__(self):\n"
        "        return eval, (\"__import__('sys').rendezvous.needs_module()\",)\n"
        "class Needing:\n    a = 1\n    meeting = Meeting()\n    z = 2\n"
        "class Other:\n    a, z = 1, 2\n"
    )
    copied = rendezvous.meet(interpreter.eval("Needing()"), interpreter.eval(f"{needed}()"))
    del sys.modules["waits_for_a_class"]
    for each in copied, rendezvous.copied:
        assert (each.a, each.z) == (1, 2)
    assert (type(copied) is type(rendezvous.copied)) == (needed == "Needing")


def test_third_interpreter(pool: Any, interpreter: atoll.Interpreter, main: Define) -> None:
    """From where a class came to, it goes on as it came; all of its interpreters take it for one."""
    names = main(
        "class A:\n    n = 0\n    def b(self): return B()\n"
        "class B:\n    def a(self): return A()\n"
        "def send(q):\n    A.n = open('/dev/null')\n    q.put(atoll.copy([A(), A().b()]))\n"
        "def take(q):\n    a, b = q.get()\n    return type(a) is A, type(b) is B, type(b.a()) is A, A.n\n"
    )
    queue: Any = atoll.Queue()
    run(pool, names.send, queue)
    assert interpreter.call(names.take, queue) == (True, True, True, 0)


def test_definition_of_a_class_that_is_gone(
    pool: Any, interpreter: atoll.Interpreter, main: Define
) -> None:
    """What a class needed when it came is there where it goes on to, though it is gone here."""
    names = main(
        "def outer():\n    class B: pass\n    class A:\n        b = B\n    return A\n"
        "def keep(cls):\n    import gc\n    keep.cls = cls\n    del cls.b\n    gc.collect()\n"
        "def send(q): q.put(atoll.copy(keep.cls()))\n"
    )
    queue: Any = atoll.Queue()
    cls = names.outer()
    run(pool, names.keep, cls)
    run(pool, names.send, queue)
    assert interpreter.call(lambda q: type(q.get()).b.__name__, queue) == "B"


def test_definitions_end_with_their_classes(pool: Any, main: Define) -> None:
    """Of a local class that is gone nothing is left in an interpreter where it has been."""
    names = main(
        "def outer():\n    class A: pass\n    return A\n"
        "def count():\n    import gc\n    from atoll._transfer import defining\n"
        "    gc.collect()\n    return len(defining.received)\n"
    )
    before = run(pool, names.count)
    for _ in range(3):
        run(pool, repr, names.outer()())
    assert run(pool, names.count) == before


def test_twins(interpreter: atoll.Interpreter, main: Define) -> None:
    """A class that went by value and the one that it was made from are twins, both ways."""
    names = main(
        "class Base: pass\nclass C(Base): pass\nclass Other: pass\ndef made(): return C()\n"
    )
    proxy = interpreter.call(names.made)
    assert (isinstance(proxy, names.C), isinstance(proxy, names.Base)) == (True, True)
    assert (isinstance(proxy, names.Other), proxy.__class__) == (False, names.C)
    assert issubclass(atoll.type_of(proxy), names.Base)
    check = main(
        "def check(c): return isinstance(c, C), c.__class__ is C, isinstance(c, Other)"
    ).check
    assert interpreter.call(check, names.C()) == (True, True, False)


def test_twin_of_a_class_that_comes_later(interpreter: atoll.Interpreter) -> None:
    """A class there gets a twin here when an instance of it was copied."""
    interpreter.exec("class C: pass\nclass L(list): pass")
    for name in ("C", "L"):
        proxy = interpreter.eval(f"{name}()")
        assert proxy.__class__ is interpreter.eval(name)
        kind = type(atoll.copy(proxy))
        assert isinstance(proxy, kind)
        assert issubclass(interpreter.eval(name), kind)


def test_classes_that_are_equal(pool: Any, main: Define) -> None:
    """A class is not taken for another one whose metaclass says that they are equal."""
    source = """
class Meta(type):
    def __eq__(cls, other): return isinstance(other, Meta)
    def __hash__(cls): return 1
class K(metaclass=Meta):
    def use(self): return 1
class L(K):
    def use(self): return 2
def work(): return K(), L(), K().use(), L().use()
"""
    names = main(source)
    one, other, *used = run(pool, names.work)
    assert used == [1, 2]
    assert (type(one) is names.K, type(other) is names.L) == (True, True)


def test_enum_members(interpreter: atoll.Interpreter, main: Define) -> None:
    """Members of an Enum of `__main__` are the members, wherever they cross to."""
    names = main(
        "class Color(enum.Enum):\n    R = 1\n    G = 2\n"
        "def check(c): return c is Color.R, {Color.R: 1}.get(c), atoll.is_proxy(c), (Color.G, c)\n"
    )
    told = interpreter.call(names.check, names.Color.R)
    assert told[:3] == (True, 1, False)
    assert told[3][0] is names.Color.G
    assert told[3][1] is names.Color.R


ENUMS = {
    "attributes": (
        "class C(enum.Enum):\n    A = 1, 2\n    B = 3, 4\n    def __init__(s, x, y): s.sum = x + y",
        "C.A.sum, C((3, 4)) is C.B",
    ),
    "attributes of a base": (
        "class B(enum.Enum):\n    def __init__(s, x, y): s.sum = x + y\nclass C(B): A = 1, 2",
        "C.A.sum, '__init__' in vars(C)",
    ),
    "own __new__": (
        "class C(int, enum.Enum):\n    def __new__(cls, a, b):\n"
        "        o = int.__new__(cls, a * 10); o._value_ = a; o.b = b; return o\n"
        "    A = 1, 2\n    B = 2, 3",
        "C.A + 0, C.B.b, C(2) is C.B, C._use_args_",
    ),
    "bytes": (
        "class C(bytes, enum.Enum):\n    def __new__(cls, a):\n"
        "        o = bytes.__new__(cls, [a]); o._value_ = a; return o\n    A = 7",
        "bytes.hex(C.A), C(7) is C.A",
    ),
    "tuples": ("class C(tuple, enum.Enum):\n    A = 1, 2", "C.A[1], C((1, 2)) is C.A"),
    "dataclass": (
        "@dataclasses.dataclass\nclass D:\n    x: int\n    y: int\nclass C(D, enum.Enum):\n    A = 1, 2",
        "C.A.y, C.A",
    ),
    "aliases": ("class C(enum.Enum):\n    A = B = 1", "C.B is C.A, C['B'], list(C.__members__)"),
    "combinations": (
        "class C(enum.Flag):\n    A = 1\n    B = 2\n    AB = 3\n    NONE = 0",
        "C.AB, C(3).name, C['AB'], C(0).name, list(C), list(C.__members__)",
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", ENUMS)
def test_enums_are_what_they_are_here(
    pool: Any, interpreter: atoll.Interpreter, main: Define, kind: str
) -> None:
    """An Enum of `__main__` has there what its members have here, and all of their names."""
    source, expression = ENUMS[kind]
    names = main(
        f"{source}\ndef seen(): return repr(({expression}))\n"
        "def check(c): return c is C.A, atoll.is_proxy(c)\n"
    )
    assert run(pool, names.seen) == names.seen()
    assert interpreter.call(names.check, names.C.A) == (True, False)


NAMED = {
    "new type": ("UserId = typing.NewType('UserId', int)", "UserId", "UserId.__supertype__"),
    "alias": ("type Alias = list[int]", "Alias", "Alias.__value__"),
    "alias in itself": (
        "type Json = dict[str, Json] | int", "Json", "Json.__value__.__args__[0].__args__[1] is Json"
    ),
    "generic alias": ("type Of[T] = list[T]", "Of[int]", "len(Of.__type_params__)"),
    "parameters": ("P = typing.ParamSpec('P')", "typing.Callable[P, int]", "P.__name__"),
    "many types": ("Ts = typing.TypeVarTuple('Ts')", "tuple[*Ts]", "Ts.__name__"),
}  # fmt: skip


@pytest.mark.parametrize("kind", NAMED)
def test_names_of_types(pool: Any, interpreter: atoll.Interpreter, main: Define, kind: str) -> None:
    """Functions and classes of `__main__` may be annotated with what typing gives a name to."""
    source, annotation, expression = NAMED[kind]
    names = main(
        f"{source}\ndef seen(x: {annotation} = 0): return repr((seen.__annotations__, {expression}))\n"
        f"@dataclasses.dataclass(frozen=True)\nclass D:\n    x: {annotation}\n"
        "def check(d): return atoll.is_proxy(d)\n"
    )
    assert run(pool, names.seen) == names.seen()
    assert not interpreter.call(names.check, names.D(1))


# ---- globals ----


def test_globals_are_shared(pool: Any, main: Define) -> None:
    """Functions of `__main__` have the same globals there, and what one sets another sees."""
    names = main("""
table, log, count = None, [], 0
def init(n):
    global table
    table = {1: n}
def task(i): return table[i]
def note(x):
    log.append(x)
    return len(log)
def step():
    global count, unknown
    count += 1
    unknown = count
    return unknown
def same(f): return f.__globals__ is step.__globals__ is (lambda: 0).__globals__
""")
    run(pool, names.init, 30)
    assert run(pool, names.task, 1) == 30
    assert [run(pool, names.note, 1) for _ in range(2)] == [1, 2]
    assert [run(pool, names.step) for _ in range(2)] == [1, 2]
    assert run(pool, names.same, names.task)
    assert (names.table, names.log, names.count) == (None, [], 0)


def test_global_bound_anew(pool: Any, main: Define) -> None:
    """What is bound anew here is bound anew there: numbers, functions, classes."""
    main(
        "n = 1\ndef helper(): return n\nclass C:\n    x = 1\ndef work(): return helper(), n, C.x\n"
    )
    assert run(pool, main("").work) == (1, 1, 1)
    main("n = 2\ndef helper(): return -n\nclass C:\n    x = 3\n")
    assert run(pool, main("").work) == (-2, 2, 3)
    source = "futures = [pool.submit(lambda: i) for i in range(3)]"
    main("").work.__globals__["pool"] = pool
    assert [each.result() for each in main(source).futures] == [0, 1, 2]


def test_global_deleted(pool: Any, main: Define) -> None:
    """A global that is deleted at home is gone there, also for what it had hidden; and comes back."""
    names = main(
        "def use(): return max(1, 2)\ndef bind(): global max; max = lambda *_: 'there'\n"
        "def max(*_): return 'mine'\n"
    )
    namespace = names.use.__globals__
    assert run(pool, names.use) == "mine"
    hidden = namespace.pop("max")
    assert [run(pool, names.use) for _ in range(2)] == [2, 2]
    run(pool, names.bind)
    assert run(pool, names.use) == "there"
    namespace["max"] = hidden
    assert run(pool, names.use) == "mine"


def test_functions_come_home(pool: Any, main: Define) -> None:
    """A global function that comes home is itself, and no other brings globals home."""
    names = main(
        "n = 1\ndef f(): return n\ndef work():\n    global n\n    n = 5\n    return f, lambda: n\n"
    )
    same, other = run(pool, names.work)
    assert same is names.f
    assert (other(), names.f()) == (1, 1)


def test_global_functions_are_the_same_again(pool: Any, main: Define) -> None:
    """A global function that comes again is the one that there is, with what its defaults hold."""
    names = main("""
known = {}
def work(seen=[]):
    seen.append(1)
    return len(seen)
def register(): known[work] = True
def find(function): return known.get(function), function is work
""")
    assert [run(pool, names.work) for _ in range(3)] == [1, 2, 3]
    run(pool, names.register)
    assert run(pool, names.find, names.work) == (True, True)
    main("def work(): return 'anew'")
    assert run(pool, main("").work) == "anew"


def test_functions_that_need_each_other(pool: Any, main: Define) -> None:
    """They are whole, whichever comes first, and again."""
    names = main("""
def even(n, yes="even", *, no="odd"): return odd(n - 1) if n else (yes, no)
def odd(n, yes="odd"): return even(n - 1) if n else yes
even.rank = 1
def rank(): return even.rank
""")
    for _ in range(2):
        assert run(pool, names.even, 2) == ("even", "odd")
        assert (run(pool, names.odd, 2), run(pool, names.even, 1)) == ("odd", "odd")
        assert run(pool, names.rank) == 1


MISSING = """
MISSING, store = object(), {}
class Kind:
    def __bool__(self): return False
class Slotted:
    __slots__ = ()
KIND, SLOTTED = Kind(), Slotted()
class Holder:
    missing = MISSING
    def ask(self, x=MISSING, *, kind=KIND): return (x is self.missing is MISSING, kind is KIND)
def ask(x=MISSING, kind=KIND, *, slotted=SLOTTED):
    return (x is MISSING, kind is KIND, slotted is SLOTTED)
def put(value, store=store): store[1] = value
def get(): return store[1]
"""


def test_sentinels_are_the_same_again(pool: Any, main: Define) -> None:
    """A default that is a global is that global, whenever the function comes, and whichever."""
    names = main(MISSING)
    for _ in range(2):
        assert run(pool, names.ask) == (True, True, True)
        assert run(pool, names.Holder().ask) == (True, True)
        assert run(pool, main("other = lambda: (ask(), Holder().ask())").other) == (
            (True, True, True),
            (True, True),
        )
    assert run(pool, names.ask, names.MISSING, names.KIND) == (True, True, True)
    assert run(pool, names.ask, object())[0] is False
    assert run(pool, main("back = lambda: [MISSING]").back)[0] is names.MISSING
    run(pool, names.put, 5)
    assert run(pool, names.get) == 5


SINGLETON = """
class Only:
    one = None
    def __new__(cls):
        cls.one = cls.one or super().__new__(cls)
        return cls.one
    def __reduce__(self): return "ONLY"
ONLY = Only()
ONLY.count = 1
def step():
    ONLY.count += 1
    return ONLY.count
def ask(x, *, kept=[ONLY]): return (x is ONLY, kept[0] is ONLY, x.count)
"""


def test_what_is_pickled_by_its_name(pool: Any, main: Define) -> None:
    """A global whose `__reduce__` gives its name comes once, and is the one that there is."""
    names = main(SINGLETON)
    assert run(pool, names.ask, names.ONLY) == (True, True, 1)
    assert [run(pool, names.step) for _ in range(2)] == [2, 3]
    assert run(pool, names.ask, names.ONLY) == (True, True, 3)
    assert run(pool, main("back = lambda: [ONLY]").back)[0] is names.ONLY
    assert names.ONLY.count == 1


def test_globals_in_classes(pool: Any, main: Define) -> None:
    """What is a global and an attribute of a class is both there, whichever comes first."""
    names = main("""
class Settings: pass
SETTINGS, table = Settings(), {}
SETTINGS.level = 1
class Service:
    settings, table = SETTINGS, table
    def put(self, value): self.table[1] = value
def ask(): return Service.settings is SETTINGS, SETTINGS.level, table.get(1)
""")
    run(pool, names.Service().put, 5)
    assert run(pool, names.ask) == (True, 1, 5)


def test_constants_of_a_class(pool: Any, main: Define) -> None:
    """Instances of a class in that very class have what its methods give them."""
    names = main("""
import abc
class Value(abc.ABC):
    @abc.abstractmethod
    def value(self): ...
class Money(Value):
    def __init__(self, cents): self.cents = cents
    def value(self): return self.cents
    def __getstate__(self): return [self.cents]
    def __setstate__(self, state): self.cents = state[0]
class Euro(Money):
    def __reduce__(self): return Euro.of, (self.cents,)
    @classmethod
    def of(cls, cents): return cls(cents)
Money.ZERO, Euro.ONE = Money(0), Euro(100)
class Key:
    kinds = {}
    def __init__(self, name): self.name = name
    def __eq__(self, other): return self.name == other.name
    def __hash__(self): return hash(self.name)
    def __init_subclass__(cls): Key.kinds[cls.__name__] = cls
class Special(Key): pass
Key.known = {Key("a"): 1}
def ask():
    found = Key.known[Key("a")], Key.kinds["Special"] is Special
    return Money.ZERO.cents, Euro.ONE.cents, type(Euro.ONE) is Euro, *found
""")
    assert run(pool, names.ask) == (0, 100, True, 1, True)


WEAK = """
import weakref
class Node:
    known = weakref.WeakValueDictionary()
    def __new__(cls, name):
        node = cls.known[name] = cls.known.get(name) or super().__new__(cls)
        return node
class Symbol(Node):
    known = weakref.WeakValueDictionary()
    def __init__(self, name): self.name = name
    def __getnewargs__(self): return (self.name,)
owners = weakref.WeakKeyDictionary()
kept, symbol = Node("kept"), Symbol("s")
owners[kept] = "main"
def work(): return Node("kept") is kept, owners[kept], len(Node.known), Symbol("s") is symbol
"""


def test_dicts_of_weak_references(pool: Any, main: Define) -> None:
    """They come with what else has come, as globals or in a class."""
    names = main(WEAK)
    for _ in range(2):
        assert run(pool, names.work) == (True, "main", 1, True)
    again, kept = run(pool, lambda nodes: (dict(nodes), list(nodes.values())), names.Node.known)
    assert list(again) == ["kept"] and [type(each) for each in kept] == [names.Node]


MIXED = """
from datetime import date, datetime, timedelta
from decimal import Decimal
@dataclasses.dataclass(slots=True)
class Sizes:
    mass: float
    radius: float = 1.0
class Planet(Sizes, enum.Enum):
    EARTH = 5.9, 6.3
    MARS = 0.6
class Day(date, enum.Enum): FIRST = 2024, 1, 1
class Moment(datetime, enum.Enum): NOON = 2024, 1, 1, 12
class Span(timedelta, enum.Enum): WEEK = 7
class Price(Decimal, enum.Enum): LOW = "1.50"
class Sums(frozenset, enum.Enum): ONE = [1, 2]
MEMBERS = [Planet.EARTH, Planet.MARS, Day.FIRST, Moment.NOON, Span.WEEK, Price.LOW, Sums.ONE]
def ask(member):
    cls = type(member)
    found = [repr(member.value), isinstance(member, cls.__mro__[1]), cls[member.name] is member]
    return found, getattr(member, "mass", None), cls.__mro__[1].__hash__ and cls(member.value) is member
"""


def test_enums_of_other_types(pool: Any, main: Define) -> None:
    """Members have what their types in C hold, and what is in slots."""
    names = main(MIXED)
    for member in names.MEMBERS:
        assert run(pool, names.ask, member) == names.ask(member)
        assert run(pool, lambda each: each, member) is member


@pytest.mark.skipif(sys.version_info < (3, 15), reason="sentinel() is new in 3.15")
def test_sentinel_of_the_language(pool: Any, main: Define) -> None:
    """What `sentinel()` makes in `__main__` is a global there, too, and itself at home."""
    names = main("""
MISSING = sentinel("MISSING", repr="<missing>")
def ask(x=MISSING): return x is MISSING, repr(x), x.__module__
""")
    for _ in range(2):
        assert run(pool, names.ask) == (True, "<missing>", "__main__")
    assert run(pool, names.ask, names.MISSING)[0]
    assert run(pool, lambda each: [each], names.MISSING)[0] is names.MISSING


def test_data_is_not_what_it_was(pool: Any, main: Define) -> None:
    """An argument that is a global, too, comes as it is at home, and changes no global there."""
    names = main("""
class Job: pass
job = Job()
def work(job):
    job.n = getattr(job, 'n', 0) + 1
    return job.n
def look(): return vars(job)
""")
    assert [run(pool, names.work, names.job) for _ in range(2)] == [1, 1]
    assert run(pool, names.look) == {}


CACHED = """
log = []
@functools.lru_cache(maxsize=None)
def fib(n):
    log.append(n)
    return n if n < 2 else fib(n - 1) + fib(n - 2)
@functools.cache
def plain(n):
    log.append(n)
    return n
def use(n): return fib(n) + plain(n), len(log)
"""


def test_cached_functions(pool: Any, main: Define) -> None:
    """Functions with a cache go by value; there is one cache in an interpreter."""
    names = main(CACHED)
    assert [run(pool, names.fib, 10) for _ in range(2)] == [55, 55]
    assert run(pool, names.plain, 10) == 10
    assert run(pool, names.use, 10) == (65, 12)
    assert run(pool, main("def get(): return fib").get) is names.fib
    assert names.fib.cache_info().currsize == 0


def test_singledispatch(pool: Any, interpreter: atoll.Interpreter, main: Define) -> None:
    """Functions of functools.singledispatch go by value, and see the twin's class in a Proxy."""
    names = main("""
class K:
    @functools.singledispatchmethod
    def method(self, x): return "object"
    @method.register
    def _(self, x: int): return "int"
@functools.singledispatch
def kind(x): return "object"
@kind.register
def _(x: int): return "int"
@kind.register
def _(x: list): return [*map(kind, x)]
@kind.register
def _(x: K): return "K", x.method(1), x.method("")
def use(x): return kind(x)
def get(): return kind
""")
    assert run(pool, names.kind, [1, "a"]) == ["int", "object"]
    assert run(pool, names.use, names.K()) == ("K", "int", "object")
    assert run(pool, names.get) is names.kind
    assert interpreter.call(names.kind, names.K()) == ("K", "int", "object")
    assert len(names.kind.registry) == 4


def test_cells_are_shared(pool: Any, main: Define) -> None:
    """Functions that share variables share them there."""
    names = main("""
def outer():
    total = 0
    def add(k):
        nonlocal total
        total += k
    def run():
        add(5); add(6)
        return total
    return run
def pair():
    n = 0
    def inc():
        nonlocal n
        n += 1
    return inc, lambda: n
inc, get = pair()
def use():
    inc(); inc()
    return get()
""")
    assert run(pool, names.outer()) == 11
    assert run(pool, names.use) == 2
    assert names.get() == 0
