"""What people do with objects: expressions of `x`, for test_differences.py."""

from __future__ import annotations

import asyncio
import bisect
import collections
import contextlib
import copy
import csv
import dataclasses
import enum
import functools
import heapq
import inspect
import io
import itertools
import json
import math
import operator
import os
import pickle
import pprint
import pydoc
import random
import re
import reprlib
import statistics
import string
import struct
import types
import typing
import weakref
from typing import Any
from unittest import mock

import subjects

try:
    import numpy as np
except ImportError:
    np = None  # type: ignore[assignment]


def caught(function: Any, *args: Any) -> Any:
    """What a call returns, or the name of what it raises."""
    try:
        return function(*args)
    except Exception as error:
        return f"raised {type(error).__name__}"


def done(x: Any, *calls: Any) -> Any:
    """The object, after calls that change it."""
    for call in calls:
        call(x)
    return x


def run(awaitable: Any) -> Any:
    async def main() -> Any:
        return await awaitable

    return asyncio.run(main())


async def collected(x: Any) -> list[Any]:
    return [each async for each in x]


async def entered(x: Any) -> Any:
    async with x as inner:
        return list(inner.log)


def within(x: Any, error: Any = None) -> Any:
    with x as inner:
        if error is not None:
            raise error
        return inner


def matched(x: Any) -> Any:
    match x:
        case []:
            return "empty"
        case [first, *rest]:
            return "sequence", first, rest
        case {"a": a, **more}:
            return "mapping", a, more
        case subjects.Plain(n=n, name=name):
            return "plain", n, name
        case subjects.Point(a, b):
            return "point", a, b
        case subjects.Colour.RED:
            return "red"
        case str():
            return "str"
        case int() | float():
            return "number"
        case Exception():
            return "exception"
        case _:
            return "other"


# Which CPython puts into a class when somebody asks for them.
LATE = {
    "__slotnames__",
    "__annotations__",
    "__annotations_cache__",
    "__annotate_func__",
    "__annotate__",
}


def names(x: Any) -> list[str]:
    """What `dir` says."""
    return sorted(set(dir(x)) - LATE)


def members(x: Any) -> list[str]:
    """What `inspect` finds."""
    return sorted({name for name, _ in inspect.getmembers(x)} - LATE)


def wrapped(x: Any) -> Any:
    @functools.wraps(x)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        return x(*args, **kwargs)

    return (
        wrapper.__name__,
        wrapper.__doc__,
        wrapper.__module__,
        wrapper.__qualname__,
        wrapper.__annotations__,
        sorted(wrapper.__dict__),
        str(inspect.signature(wrapper)),
    )


def dispatched(x: Any) -> Any:
    @functools.singledispatch
    def of(value: Any) -> str:
        return "any"

    for cls in (int, str, list, dict, collections.abc.Sequence, collections.abc.Mapping):
        of.register(cls, lambda value, cls=cls: cls.__name__)
    of.register(subjects.Plain, lambda value: "Plain")
    of.register(subjects.Point, lambda value: "Point")
    return of(x)


def pretty(x: Any) -> str:
    return pprint.pformat(x, width=40)


def in_dict(x: Any) -> Any:
    return {x: 1}[x]


def assigned(x: Any, name: str, value: Any) -> Any:
    setattr(x, name, value)
    return getattr(x, name)


def deleted(x: Any, name: str) -> Any:
    delattr(x, name)
    return hasattr(x, name)


def augmented(x: Any, name: str, other: Any) -> Any:
    return getattr(operator, name)(x, other)


def specced(x: Any) -> Any:
    made = mock.Mock(spec=x)
    return isinstance(made, x.__class__), hasattr(made, "there_is_no_such_name")


def csv_of(x: Any) -> str:
    file = io.StringIO()
    csv.writer(file).writerow(x)
    return file.getvalue()


NAMES = {name: value for name, value in globals().items() if not name.startswith("__")}

# Of every kind.
GENERAL = """
repr(x); str(x); f"{x!r:>5}"; format(x); "{}".format(x); "%s" % (x,)
bool(x); not x; callable(x); hash(x) == hash(x); id(x) == id(x)
type(x).__name__; x.__class__.__name__; x.__class__.__module__; type(x).__mro__[-1] is object
isinstance(x, object); isinstance(x, type); isinstance(x, (int, str)); isinstance(x, x.__class__)
isinstance(x, type(x)); type(x) is type(x); issubclass(type(x), object)
isinstance(x, subjects.Plain); isinstance(x, subjects.HasArea); isinstance(x, Exception)
[n for n in dir(collections.abc) if n[0].isupper() and isinstance(x, getattr(collections.abc, n))]
isinstance(x, (list, dict, set, tuple, bytearray)); isinstance(x, (types.FunctionType, types.MethodType))
isinstance(x, (types.GeneratorType, types.CoroutineType, types.ModuleType, types.BuiltinFunctionType))
names(x); hasattr(x, '__len__')
hasattr(x, 'nope'); getattr(x, 'nope_', 5); caught(lambda: x.__doc__); hasattr(x, '__iter__')
x == x; x != x; x is x; x == None; x in [x]; [x].index(x); [x, 1].count(x); x == object()
caught(in_dict, x); (x,) == (x,); {'k': x}['k'] is x; caught(lambda: len({x, x})); copy.copy(x) is x
caught(lambda: repr(pickle.loads(pickle.dumps(x))))
repr(copy.copy(x)); repr(copy.deepcopy(x))
pretty(x); pretty([x])
inspect.isfunction(x); inspect.ismethod(x); inspect.isclass(x); inspect.ismodule(x); inspect.isbuiltin(x)
inspect.isroutine(x); inspect.iscoroutinefunction(x); inspect.isgeneratorfunction(x); inspect.iscoroutine(x)
inspect.isasyncgenfunction(x); inspect.isgenerator(x); inspect.isawaitable(x); inspect.isasyncgen(x)
inspect.isabstract(x); inspect.isdatadescriptor(x); inspect.ismethoddescriptor(x); inspect.iscode(x)
asyncio.iscoroutine(x); asyncio.isfuture(x); inspect.getdoc(x); caught(lambda: str(inspect.signature(x)))
inspect.unwrap(x) is x; caught(lambda: inspect.getmodule(x).__name__)
caught(lambda: inspect.getfile(x))
dataclasses.is_dataclass(x); caught(lambda: [f.name for f in dataclasses.fields(x)])
matched(x); dispatched(x); operator.truth(x); operator.is_(x, x); operator.not_(x)
caught(len, x); caught(iter, x) is None; caught(operator.length_hint, x); list(contextlib.nullcontext([x]).enter_result) == [x]
caught(operator.index, x); caught(float, x); caught(int, x); caught(os.fspath, x)
x and 1; x or 1; (lambda *a: len(a))(x); functools.partial(isinstance, x)(type(x))
issubclass(type(x), collections.abc.Hashable); typing.cast(int, x) is x; [y for y in [x]][0] is x; functools.reduce(lambda a, b: a, [x, x]) is x
"""

ITERABLE = """
list(x); tuple(x); sorted(x, key=str); [*x]; max(x, key=str); min(x, key=str); len(list(x)); list(enumerate(x)); list(zip(x, x))
any(x); all(x); list(map(str, x)); list(filter(None, x)); set(map(str, x)); ",".join(map(str, x))
list(itertools.chain(x, [1])); list(itertools.islice(x, 2)); list(itertools.tee(x)[1]); list(itertools.batched(x, 2))
list(itertools.pairwise(x)); list(itertools.product(x, repeat=2)); list(itertools.repeat(x, 2)) == [x, x]; [(k, list(g)) for k, g in itertools.groupby(x)]
dict.fromkeys(map(str, x)); collections.Counter(map(str, x)); collections.deque(x); next(iter(x)); (lambda a, *b: (a, b))(*x)
functools.reduce(lambda a, b: (a, b), x); list(itertools.accumulate(x, lambda a, b: b)); random.Random(1).sample(list(x), 1); list(itertools.cycle(x).__next__() for _ in range(4))
heapq.nsmallest(2, x, key=str); list(itertools.zip_longest(x, [1])); list(itertools.starmap(lambda *a: a, zip(x))); list(itertools.compress(x, [1, 0, 1])); (lambda a, b, *c: b)(*x)
operator.countOf(x, 1); csv_of(x); [1, 2].extend(x); done([0], lambda l: l.extend(x)); done([0], lambda l: l.__setitem__(slice(0, 1), x)); list(reversed(list(x)))
"""
ITERABLES = """stack old_sequence missing strings text list nested_list dict set frozenset tuple bytearray deque
ordered_dict default_dict counter chain_map user_list user_dict user_string array memoryview dict_keys dict_items
dict_values mapping_proxy list_iterator map zip enumerate reversed count string_io bytes_io generator registry
named_tuple typed_tuple meta enum flag_member numpy_array numpy_matrix""".split()

SEQUENCE = """
x[0]; x[-1]; x[:2]; x[::-1]; x[1:]; len(x); caught(lambda: x[99]); x.index(x[1]); x.count(x[0]); x[0] in x; 99 in x
list(reversed(x)); operator.getitem(x, 1); operator.itemgetter(0, 1)(x); operator.indexOf(x, x[1]); random.Random(1).choice(x)
caught(lambda: x + x); caught(lambda: x * 2); caught(lambda: 2 * x); caught(lambda: x + [1]); caught(lambda: [1] + x); caught(lambda: x == list(x)); caught(lambda: list(x) == x)
caught(lambda: x < x); caught(lambda: x + 1); operator.contains(x, 1); caught(lambda: x["a"]); caught(lambda: x[0:2:1]); random.Random(2).sample(x, 2)
"""
SEQUENCES = "stack list strings tuple bytearray deque user_list array named_tuple".split()

MUTABLE_SEQUENCE = """
done(x, lambda x: x.append(5)); done(x, lambda x: x.extend([5])); done(x, lambda x: x.insert(0, 5)); x.pop(); done(x, lambda x: x.reverse())
done(x, lambda x: operator.setitem(x, 0, 5)); done(x, lambda x: operator.delitem(x, 0)); done(x, lambda x: x.remove(x[0])); caught(lambda: done(x, lambda x: x.clear()))
augmented(x, "iadd", [4]); caught(lambda: augmented(x, "imul", 2)); caught(lambda: x.remove(99)); done(x, lambda x: random.Random(1).shuffle(x)); done(x, lambda x: x.extend(x))
caught(lambda: done(x, lambda x: x.__setitem__(slice(0, 1), [7, 8]))); caught(lambda: done(x, lambda x: x.sort(key=str))); caught(lambda: bisect.bisect(x, 2)); caught(lambda: heapq.heapify(x))
"""
MUTABLE_SEQUENCES = "stack list deque user_list array".split()

MAPPING = """
x["a"]; caught(lambda: x["zz"]); x.get("a"); x.get("zz", 5); "a" in x; len(x); list(x); list(x.keys()); list(x.values()); list(x.items())
dict(x); {**x}; dict(x, z=1); x == dict(x); dict(x) == x; x.keys() == {"a", "b"}; sorted(x.items()); (lambda **k: sorted(k.items()))(**x)
"%(a)s" % x; "{a}".format(**x); "{a}".format_map(x); "{0[a]}".format(x); string.Template("$a").substitute(x); operator.itemgetter("a")(x); collections.ChainMap({}, x)["a"]
caught(lambda: x | {"c": 3}); caught(lambda: {"c": 3} | x); done({}, lambda d: d.update(x)); x.keys() & {"a"}; {"a"} & x.keys(); x.keys() - {"a"}; list(reversed(list(x.items())))
isinstance(x, collections.abc.Mapping); caught(lambda: next(iter(x.values()))); max(x, key=x.get); collections.OrderedDict(x); collections.Counter(dict(x)); types.MappingProxyType(x)["a"]
"""
MAPPINGS = "registry dict ordered_dict counter chain_map user_dict mapping_proxy default_dict missing".split()

MUTABLE_MAPPING = """
done(x, lambda x: operator.setitem(x, "c", 3)); done(x, lambda x: x.update(c=3)); done(x, lambda x: x.update({"c": 3})); x.pop("a"); caught(lambda: x.pop("zz")); x.pop("zz", 1)
x.setdefault("a", 5); x.setdefault("c", 5); done(x, lambda x: x.clear()); done(x, lambda x: operator.delitem(x, "a")); x.popitem(); caught(lambda: augmented(x, "ior", {"d": 1}))
x.copy() if hasattr(x, "copy") else None; done(x, lambda x: x.update([("q", 1)])); done(x, lambda x: x.update(x))
"""
MUTABLE_MAPPINGS = (
    "registry dict ordered_dict counter chain_map user_dict default_dict missing".split()
)

CALLABLE = """
caught(x); caught(x, 1); caught(x, 1, 2); x.__name__; x.__qualname__; x.__module__; x.__doc__; str(inspect.signature(x)); wrapped(x)
caught(functools.partial(x, 1)); functools.partial(x, 1).func is x; inspect.getdoc(x); inspect.getsource(x); caught(functools.lru_cache(x), 1); list(inspect.signature(x).parameters)
[str(p.kind) for p in inspect.signature(x).parameters.values()]; [p.default is p.empty for p in inspect.signature(x).parameters.values()]; inspect.signature(x).return_annotation
caught(inspect.signature(x).bind, 1); typing.get_type_hints(x); inspect.getfullargspec(x).args; inspect.unwrap(x).__name__; caught(lambda: x(**{"a": 1})); caught(mock.create_autospec(x), 1) is None
caught(lambda: list(map(x, [1]))); type(functools.partial(x)).__name__; functools.update_wrapper(functools.partial(x), x).__name__; inspect.ismethod(types.MethodType(x, 1)); inspect.iscoroutinefunction(x)
type("C", (), {"f": x}).f is x; caught(functools.singledispatch(x), 1); caught(contextlib.contextmanager(x), 1) is None; caught(type("C", (), {"f": staticmethod(x)}).f, 1); caught(type("C", (), {"f": x})().f)
getattr(x, "__defaults__", None); getattr(x, "__kwdefaults__", None); getattr(getattr(x, "__code__", None), "co_varnames", None); getattr(x, "__annotations__", None); caught(property(x).__get__, 1)
caught(functools.cached_property(x).func, 1); caught(functools.partialmethod(x).__get__(1)); x.__type_params__ if hasattr(x, "__type_params__") else None; inspect.getcallargs(x, 1)
"""
CALLABLES = """function lambda decorated closure method class_method static_method lru_cached single_dispatch generator_function
coroutine_function async_generator_function""".split()

CLASS = """
x.__name__; x.__qualname__; x.__module__; x.__doc__; x.__bases__; [c.__name__ for c in x.__mro__]; inspect.isclass(x); sorted(set(vars(x)) - LATE); members(x)
issubclass(x, object); issubclass(x, x); isinstance(x, type); type(x).__name__; type("Sub", (x,), {}).__name__ if False else 1; inspect.getmro(x)[0] is x; str(inspect.signature(x)); typing.get_type_hints(x)
x.__dict__["__module__"]; caught(x).__class__.__name__; caught(lambda: x(1)).__class__.__name__; inspect.getsource(x)[:5]; list[x].__origin__; (x | None).__class__.__name__; typing.Optional[x].__class__.__name__; {x: 1}[x]
inspect.getannotations(x) if hasattr(inspect, "getannotations") else 1; inspect.classify_class_attrs(x)[0].__class__.__name__; x == x; x in {x}; isinstance(caught(x), x); inspect.getmodule(x).__name__; repr(x)
specced(x); mock.create_autospec(x).__class__.__name__; x.__subclasses__().__class__.__name__; x.__class__ is type(x); isinstance(x, collections.abc.Callable); type(x).mro(x)[0] is x; typing.get_origin(list[x]); isinstance(5, x)
"""
CLASSES = "plain_class abstract_class dataclass_class enum meta with_meta named_tuple_class".split()

DATACLASS = """
[f.name for f in dataclasses.fields(x)]; [f.type for f in dataclasses.fields(x)]; dataclasses.is_dataclass(x); dataclasses.is_dataclass(type(x)); [f.name for f in dataclasses.fields(type(x))]
dataclasses.asdict(x); dataclasses.astuple(x); dataclasses.replace(x); dataclasses.replace(x, **{dataclasses.fields(x)[0].name: 5}); dataclasses.replace(x) == x; x == copy.copy(x); x == copy.deepcopy(x)
dataclasses.asdict(x, dict_factory=collections.OrderedDict); x.__dataclass_fields__.keys(); [f.default is dataclasses.MISSING for f in dataclasses.fields(x)]; pretty(x); [f.metadata.get("unit") for f in dataclasses.fields(x)]
caught(lambda: dataclasses.replace(x, nope=1)); [f.default_factory is dataclasses.MISSING for f in dataclasses.fields(x)]; [f.repr for f in dataclasses.fields(x)]; json.dumps(dataclasses.asdict(x)); caught(lambda: assigned(x, dataclasses.fields(x)[0].name, 7))
dataclasses.asdict(subjects.Point(x)); typing.get_type_hints(type(x)); list(inspect.signature(type(x)).parameters); x.__match_args__; [f.kw_only for f in dataclasses.fields(x)]; repr(dataclasses.fields(x)[0])[:20]
"""
DATACLASSES = "dataclass dataclass_frozen dataclass_ordered dataclass_nested".split()

NUMBER = """
x + 1; 1 + x; x - 1; 10 - x; x * 2; 2 * x; x / 2; 14 / x; x // 2; 15 // x; x % 3; 10 % x; x ** 2; 2 ** x; divmod(x, 2); divmod(20, x); -x; +x; abs(x)
x == 7; 7 == x; x != 7; x < 8; 8 > x; x <= 7; x > 6; x >= 7; int(x); float(x); complex(x); round(x); round(x, 1); math.floor(x); math.ceil(x); math.trunc(x)
x + x; x * x; x == x; x + 1.5; 1.5 * x; sum([x, x]); sum([x], 1); max(x, 3); min(3, x); sorted([x, 3, 9]); bool(x); f"{x:>4}"; math.sqrt(x); math.isclose(x, 7)
augmented(x, "iadd", 2); augmented(x, "imul", 2); augmented(x, "isub", 2); pow(x, 2); statistics.mean([x, x]); hash(x) == hash(7); {7: 1}.get(x); math.prod([x, 2]); math.fsum([x, 1])
caught(lambda: x + "a"); caught(lambda: "a" + x); caught(lambda: x + None); caught(lambda: x < "a"); caught(lambda: [1, 2] * x); caught(lambda: "ab" * x); x == "7"; 7 in [x]; x in [7]
"""
NUMBERS = "number whole real".split()

INTEGER = """
x & 3; 3 & x; x | 8; 8 | x; x ^ 5; x << 1; 1 << x; x >> 1; ~x; operator.index(x); range(20)[x]; "abcdefghijk"[x]; list(range(x)); hex(x); bin(x); oct(x)
struct.pack("i", x); chr(x + 60); bytes(x); [0] * 9 == [0] * x; math.gcd(x, 14); math.factorial(x); list(range(10))[:x]; "%d" % x; x.__index__(); int.__add__(3, int(x)); list(itertools.repeat(1, x))
"""

TEXTUAL = """
x + "!"; "!" + x; x.upper(); x[0]; x[2:5]; len(x); "some" in x; x.split(); x.replace("s", "z"); x == "some text"; "some text" == x; x < "z"; x * 2; f"{x}"; "%s" % x; "{}".format(x)
x.startswith("some"); x.encode(); hash(x) == hash("some text"); {"some text": 1}.get(x); sorted(x)[:2]; x.find("t"); x.title(); list(x)[:2]; caught(lambda: ",".join([x])); caught(lambda: re.match("some", x) is not None); str(x); x in ["some text"]
caught(lambda: "some" in x); caught(lambda: int(x)); caught(lambda: "a some text".endswith(x)); caught(lambda: "some text!".startswith(x)); caught(lambda: os.path.join("/", x)); caught(lambda: getattr(subjects, x)); caught(lambda: x in "some text b"); caught(typing.get_type_hints, type(x))
"""

SPECIFIC: dict[str, str] = {
    "object": "weakref.ref(x)() is x; type(x) == x.__class__; inspect.getattr_static(x, '__doc__').__class__.__name__",
    "plain": """
specced(x); members(x); sorted(vars(x)); weakref.ref(x)() is x; type(pydoc.render_doc(x)).__name__; mock.create_autospec(x).__class__.__name__; reprlib.repr(x); type(x) == x.__class__
x.n; x.add(); x.add(more=2); x.double; assigned(x, "double", 8); assigned(x, "new", 1); deleted(x, "name"); x.me() is x; x.make(5); x.plus(1, 2); x.kind; type(x).kind; x.items is x.items; vars(x)
caught(lambda: x.add(1, 2, 3)); caught(lambda: x.nope); x.__dict__; sorted(x.__dict__); x.add.__name__; x.add.__self__ is x; x.add.__func__.__name__; x.add == x.add; inspect.ismethod(x.add); str(inspect.signature(x.add)); x.add.__doc__
isinstance(x, subjects.Plain); isinstance(x, subjects.Child); type(x) is subjects.Plain or type(x).__name__; getattr(x, "n"); operator.attrgetter("n", "name")(x); operator.methodcaller("add", 5)(x); {**vars(x)}; x.__module__; x.__class__(7)
subjects.Plain.add(x, 3); subjects.Plain.double.fget(x); mock.Mock(spec=x).add is None; mock.patch.object(x, "n", 5).__enter__(); copy.copy(x).items is x.items; copy.deepcopy(x).items is x.items; functools.partial(x.add, 4)(); contextlib.suppress(KeyError).__class__.__name__
inspect.getattr_static(x, "double").__class__.__name__; inspect.getattr_static(x, "n"); type(x).__init__.__name__; object.__getattribute__(x, "n"); caught(lambda: object.__setattr__(x, "n", 9)); x.__repr__(); x.__eq__(x); x.__sizeof__() > 0; x.__reduce_ex__(2)[0].__name__
""",
    "child": "x.add(); isinstance(x, subjects.Plain); issubclass(type(x), subjects.Plain); x.kind; super(subjects.Child, x).add(1); [c.__name__ for c in type(x).__mro__][:2]; type(x).__base__.__name__; type(x).__bases__[0].__name__",
    "slotted": "x.a; assigned(x, 'b', 5); caught(lambda: x.b); caught(lambda: assigned(x, 'c', 1)); x == subjects.Slotted(1); subjects.Slotted(1) == x; x != subjects.Slotted(2); hash(x); x in {subjects.Slotted(1)}; x.__slots__; copy.copy(x) == x; caught(vars, x); copy.copy(x).a",
    "described": "x.size; assigned(x, 'size', 5); caught(lambda: assigned(x, 'size', -1)); x.costly; x.costly is x.costly; type(x).size.name; vars(x); inspect.isdatadescriptor(type(x).__dict__['size']); done(x, lambda x: x.costly).__dict__",
    "meta": "x.registry[0]; len(x.registry) > 0; x.__name__; isinstance(subjects.WithMeta, x)",
    "with_meta": "pickle.loads(pickle.dumps(x)).__name__; len(x); list(x); x[5]; 1 in x; 2 in x; x.shout; type(x).__name__; x().__class__.__name__; isinstance(x, subjects.Meta); isinstance(x(), subjects.WithMeta); bool(x)",
    "with_meta_instance": "type(x).shout; len(type(x)); isinstance(x, subjects.WithMeta); caught(len, x)",
    "dynamic": "x.a; x.b_c; hasattr(x, 'anything'); hasattr(x, '_private'); getattr(x, '_p', 3); assigned(x, 'a', 3); caught(lambda: x._q); x.__class__.__name__",
    "recording": "assigned(x, 'a', 1) and x.seen; caught(lambda: deleted(x, 'b')) and x.seen; dir(x); x.seen",
    "square": "x.area(); isinstance(x, subjects.Base); isinstance(x, subjects.HasArea); issubclass(type(x), subjects.Base); caught(type(x).__bases__[0])",
    "generic": "x.get(); type(x)[int].__class__.__name__; typing.get_origin(type(x)[int]).__name__; type(x).__parameters__.__class__.__name__",
    "abstract_class": "caught(x); x.__abstractmethods__; inspect.isabstract(x); issubclass(subjects.Square, x); isinstance(subjects.Square(), x); x.register.__name__",
    "plain_class": "x(5); x(n=2).n; x.make(3); x.plus(1, 2); x.kind; x.add(x(1), 5); isinstance(x(1), x); isinstance(subjects.Plain(), x); issubclass(subjects.Child, x); x is type(x(1)); x.double.__class__.__name__; x.__init__.__name__; str(inspect.signature(x.add)); str(inspect.signature(x.make)); x == subjects.Plain; caught(lambda: x(1, 2)); subjects.Child.mro()[1] == x; x.add.__qualname__; x.__dict__['make'].__class__.__name__",
    "dataclass": "x.x; x.tags; x == subjects.Point(1); subjects.Point(1) == x; x != subjects.Point(2); assigned(x, 'x', 5); dataclasses.asdict(x)['tags'] is x.tags; x.tags.append('t') or x.tags; caught(hash, x); caught(lambda: x < x)",
    "dataclass_frozen": "x == subjects.Frozen(); subjects.Frozen() == x; hash(x) == hash(subjects.Frozen()); caught(lambda: assigned(x, 'a', 2)); {x: 1}[subjects.Frozen()]; x in {subjects.Frozen()}; x.a",
    "dataclass_ordered": "x < subjects.Ordered(rank=2); subjects.Ordered(rank=0) < x; sorted([x, subjects.Ordered(rank=0)]); max(x, subjects.Ordered(rank=5)); x == subjects.Ordered(); x.__slots__; caught(vars, x)",
    "dataclass_class": "x(1); x(1) == x(1); [f.name for f in dataclasses.fields(x)]; x.__match_args__; isinstance(subjects.Point(1), x); x.y; caught(lambda: x()); dataclasses.fields(x)[2].default_factory is list; x.__dataclass_params__.frozen; dataclasses.is_dataclass(x); x.__annotations__; str(inspect.signature(x))",
    "field": "x.name; x.default; x.default_factory is dataclasses.MISSING; x.type; x.init; x.compare; x.kw_only; x.metadata; x._field_type is dataclasses._FIELD",
    "enum": "x.RED; x(1); x['RED']; list(x); len(x); x.RED is x.RED; x.RED.name; [e.value for e in x]; x.__members__; subjects.Colour.RED in x; caught(lambda: x(9)); x.RED == subjects.Colour.RED; isinstance(subjects.Colour.RED, x); x.RED in x; {e.name: e.value for e in x}; reversed(x).__class__.__name__; 1 in x",
    "enum_member": "x.name; x.value; x is subjects.Colour.RED; x == subjects.Colour.RED; hash(x) == hash(subjects.Colour.RED); x in subjects.Colour; type(x) is subjects.Colour; x.GREEN if hasattr(x, 'GREEN') else None",
    "flag_member": "x | subjects.Mode.READ; x & subjects.Mode.READ; subjects.Mode.READ in x; ~x; x.value; list(x); x == subjects.Mode(3)",
    "int_enum_member": "x + 1; x == 1; x < subjects.Level.HIGH; [5, 6][x]; f'{x}'; json.dumps(x); x.name; x is subjects.Level.LOW",
    "named_tuple": "x.a; x.b; x._asdict(); x._replace(a=5); x._fields; x == (1, 2); (1, 2) == x; x == subjects.Pair(1); hash(x) == hash((1, 2)); {(1, 2): 3}[x]; (lambda a, b: a)(*x); x + (3,); (0,) + x; x < (2,); isinstance(x, tuple); isinstance(x, subjects.Pair); sorted([x, (0, 1)]); json.dumps(x)",
    "typed_tuple": "x.a; x._asdict(); x == (1, 'x'); x == subjects.Typed(1); isinstance(x, subjects.Typed); x[0]; type(x).__annotations__; x._field_defaults; isinstance(x, tuple)",
    "named_tuple_class": "x(1); x._fields; x._make([1, 2]); x(1, 2).b; x.a.__class__.__name__; isinstance(subjects.Pair(1), x); issubclass(x, tuple); x._field_defaults",
    "number": "x.n; assigned(x, 'n', 3); x == subjects.Number(7); subjects.Number(7) == x; x < subjects.Number(8); subjects.Number(6) < x; x + subjects.Number(1); subjects.Number(1) + x; sorted([subjects.Number(9), x]); hash(x); sum([subjects.Number(1), x], subjects.Number(0)); type(x).__lt__.__name__; caught(lambda: x @ x); x in {subjects.Number(7)}",
    "whole": "isinstance(x, int); x == 6; type(x) is subjects.Whole or 1; x.bit_length(); x.real; x.numerator; int(x).__class__.__name__; json.dumps(x); x.to_bytes(2, 'big'); random.Random(x).random(); x is x",
    "real": "isinstance(x, float); x.is_integer(); x.as_integer_ratio(); json.dumps(x); math.sin(x); x.hex(); math.isnan(x)",
    "stack": "x.list; x.pop(0); x == subjects.Stack(3, 1, 2); x.__class__.__name__; isinstance(x, collections.abc.Sequence); issubclass(type(x), collections.abc.MutableSequence); sorted(x)",
    "registry": "x.dict; x == subjects.Registry(a=1, b=2); isinstance(x, collections.abc.MutableMapping); x == {'a': 1, 'b': 2}; {'a': 1, 'b': 2} == x; x.items(); list(x.items()); ('a', 1) in x.items(); len(x.values())",
    "old_sequence": "x[0]; list(x); caught(lambda: x[5]); 10 in x; 99 in x; caught(len, x); iter(x).__class__.__name__",
    "missing": "x['hello']; x.get('q'); x['a']; 'q' in x",
    "strings": "x.extra; isinstance(x, list); sorted(x); ','.join(x); x + ['c']; ['c'] + x; x == ['b', 'a']; ['b', 'a'] == x; x.sort() or x; x < ['c']; json.dumps(x)",
    "manager": "within(x).log; done(x, within).log; caught(within, x, KeyError(1)); done(x, lambda x: caught(within, x, KeyError(1))).log; caught(within, x, ValueError(2)); run(entered(x)); contextlib.ExitStack().enter_context(x) is x; done(x, lambda x: contextlib.closing(x).__exit__(None, None, None)).log; isinstance(x, contextlib.AbstractContextManager); isinstance(x, contextlib.AbstractAsyncContextManager); contextlib.nullcontext(x).enter_result is x",
    "context_manager": "within(x); caught(within, x, KeyError(1)); x.__class__.__name__; contextlib.ExitStack().enter_context(x); caught(lambda: x(lambda: 5)()); isinstance(x, contextlib.ContextDecorator)",
    "exit_stack": "within(x) is x; x.enter_context(contextlib.nullcontext(5)); x.callback(print) is print; done(x, lambda x: x.close()).__class__.__name__; within(done(x, lambda x: x.enter_context(subjects.managed()))).__class__.__name__",
    "awaited": "run(x); isinstance(x, collections.abc.Awaitable); inspect.isawaitable(x); hasattr(x, '__await__')",
    "callee": "x(); x(1, 2, a=3); callable(x); list(map(x, [1, 2])); functools.partial(x, 1)(2); x(*[1], **{'k': 2}); str(inspect.signature(x)); isinstance(x, collections.abc.Callable)",
    "failure": "isinstance(x, ValueError); x.args; x.code; str(x); isinstance(x, subjects.Failure); caught(lambda: within(contextlib.nullcontext(), x)); x.__traceback__.__class__.__name__; x.__cause__; x.with_traceback(None).__class__.__name__; type(x).__name__; x.__class__ is subjects.Failure or 1",
    "path_like": "os.fspath(x); os.path.join(x, 'a'); os.path.exists(x); open(x / 'a') if False else 1; isinstance(x, os.PathLike); str(__import__('pathlib').Path(x))",
    "function": "type(pydoc.render_doc(x)).__name__; mock.create_autospec(x)(1).__class__.__name__; x(1); x(1, 'y', 3, c=2.0, d=4); caught(x); x.__defaults__; x.__kwdefaults__; x.__code__.co_name; x.__code__.co_argcount; x.__closure__; x.__globals__['__name__']; assigned(x, 'mark', 1) and deleted(x, 'mark'); inspect.getfullargspec(x).kwonlyargs; inspect.signature(x).parameters['b'].default; isinstance(x, types.FunctionType); x.__get__(1)().__class__.__name__; inspect.getcallargs(x, 1)['b']; x.__dict__; types.MethodType(x, 1)()[0]; inspect.signature(x).bind(1).arguments; inspect.getclosurevars(x).nonlocals; type(x).__name__; inspect.get_annotations(x); x == subjects.function; pickle.dumps(x) == pickle.dumps(subjects.function)",
    "lambda": "x(1); x(1, y=5); x.__name__; inspect.signature(x).parameters['y'].default; sorted([3, 1], key=lambda n: x(n)); list(map(x, [1, 2])); sorted([(2,), (1,)], key=x); functools.reduce(lambda a, b: x(a, b), [1, 2, 3]); max([1, 3, 2], key=x); list(filter(x, [0, 1]))",
    "decorated": "x(1); x.__wrapped__.__name__; inspect.unwrap(x).__name__; x.__wrapped__ is inspect.unwrap(x)",
    "closure": "(x(), x(), x(5)); x.__closure__[0].cell_contents; x.__code__.co_freevars; inspect.getclosurevars(x).nonlocals; x.__closure__.__class__.__name__",
    "partial": "x(); x(b='z'); x.func.__name__; x.args; x.keywords; callable(x); isinstance(x, functools.partial); functools.partial(x, 'q')(); str(inspect.signature(x)); x.func is x.func",
    "method": "x(); x(5); x.__self__.n; x.__func__.__name__; isinstance(x, types.MethodType); inspect.ismethod(x); str(inspect.signature(x)); x.__name__",
    "class_method": "x(3); x.__self__.__name__; inspect.ismethod(x); x.__func__.__name__",
    "builtin_method": "x(5); x.__self__; x.__name__; isinstance(x, types.BuiltinFunctionType); list(map(x, [1]))",
    "method_descriptor": "x('abc'); x.__name__; list(map(x, 'ab')); x.__objclass__; inspect.ismethoddescriptor(x); sorted(['b', 'A'], key=x); x.__get__('a')()",
    "lru_cached": "x(3); x.cache_info()._fields; x.__wrapped__(4); x.cache_parameters(); x.cache_clear(); x.__name__",
    "single_dispatch": "x(1); x('a'); x.dispatch(int)(1); sorted(x.registry, key=str)[0].__name__; x.__name__",
    "generator_function": "list(x()); list(x(5)); next(x()); inspect.isgeneratorfunction(x); inspect.isgenerator(x()); list(itertools.islice(x(10), 2)); contextlib.contextmanager(x)(1).__enter__()",
    "coroutine_function": "run(x()); run(x(7)); inspect.iscoroutinefunction(x); run(asyncio.wait_for(x(), 5)); run(asyncio.gather(x(), x(6))) if False else 1; asyncio.run(x(3))",
    "async_generator_function": "run(collected(x())); inspect.isasyncgenfunction(x); run(anext(x())); run(collected(x(1)))",
    "generator": "next(x); list(x); done(x, next, next).__next__(); caught(lambda: done(x, list).__next__()); x.close(); caught(x.throw, ValueError(1)); x.gi_frame.__class__.__name__; x.gi_code.co_name; inspect.getgeneratorstate(x); caught(x.send, 5); sum(x); dict(zip('abc', x)); isinstance(x, collections.abc.Generator); isinstance(x, types.GeneratorType); iter(x) is x; next(x, None); list(itertools.chain(x, x)); x.__name__; [*x, *x]; max(x); (lambda: (yield from x))().__next__()",
    "echo": "next(x); done(x, next).send(5); done(x, next).throw(KeyError); caught(lambda: done(x, next).send('stop')); done(x, next).close(); caught(done(x, next).throw, ValueError(3)); caught(lambda: done(x, next).throw(TypeError, 'text'))[0]",
    "coroutine": "run(x); x.close(); x.cr_code.co_name; isinstance(x, collections.abc.Coroutine); caught(x.send, None); asyncio.run(x); inspect.getcoroutinestate(x); run(asyncio.wait_for(x, 5)); asyncio.iscoroutine(x); caught(x.throw, KeyError(1)); x.__name__; (lambda: (yield from x.__await__()))().__class__.__name__",
    "async_generator": "run(collected(x)); run(anext(x)); run(x.__anext__()); run(x.asend(None)); run(x.aclose()); isinstance(x, collections.abc.AsyncGenerator); x.ag_code.co_name; run(collected(contextlib.aclosing(x).thing)); isinstance(x, collections.abc.AsyncIterator); aiter(x) is x; x.__name__",
    "list": "specced(x); reprlib.repr(x); weakref.ref(x)() is x; type(x) == x.__class__; type(x)((1, 2)); x.sort() or x; sorted(x); sum(x); x == [3, 1, 2]; [3, 1, 2] == x; x < [4]; [4] > x; [0] + x; x + [0]; x * 2; max(x); ','.join(map(str, x)); heapq.nlargest(1, x); math.prod(x); statistics.median(x); x.copy(); x[:] is x; bytes(x); set(x); random.Random(1).choices(x, k=2); sum([x, x], []); [1, 2].__add__(x); (0, *x); tuple(x) + (1,); x.__add__([1]); caught(lambda: struct.pack('3b', *x)); caught(lambda: '%s %s %s' % tuple(x)); [[1]].__contains__(x); x in [[3, 1, 2]]; [[3, 1, 2]].index(x); sorted([x, [0]]); list(zip(*[x, x])); json.dumps(x); x.__iadd__([1]) is x; operator.iconcat(x, [1]); operator.concat([1], x); operator.concat(x, x); done([5], lambda l: l.extend(x)); caught(lambda: ''.join(x)); isinstance(x, list); type(x) is list or 1; next(reversed(x)); copy.copy(x) == x; copy.deepcopy(x) == x",
    "nested_list": "x[0][1]; x[1]['a'][0]; x == [[1, 2], {'a': [3]}]; copy.copy(x)[0] is x[0]; copy.deepcopy(x); copy.deepcopy(x)[0] is x[0]; [y for y in x]; x[0] in x; [1, 2] in x; x.index([1, 2]); json.dumps(x); list(itertools.chain.from_iterable(x)); sum(len(y) for y in x); pretty(x)",
    "dict": "caught(lambda: bisect.bisect(x, 1)); x == {'a': 1, 'b': 2}; {'a': 1, 'b': 2} == x; x | {'c': 3}; x.items(); json.dumps(x); [*x.items()]; x.keys() == {'a', 'b'}; x.fromkeys('ab'); {**x, 'c': 3}; isinstance(x, dict); dict(**x); exec('', x); eval('a', x); eval('a', {}, x); {'a': x}['a']['a']; x.keys() | {'a'}; ('a', 1) in x.items(); list(x | x); next(iter(x)); sorted(x, key=x.get); x.copy() is x; {1: 2}.__or__(x); caught(lambda: type('C', (), x)); caught(lambda: types.SimpleNamespace(**x)); copy.copy(x) == x; [] == x; operator.or_({'z': 1}, x); operator.ior({'z': 1}, x)",
    "set": "x & {1}; {1} & x; operator.or_(x, {9}); operator.or_({9}, x); x - {1}; {1, 9} - x; x ^ {1}; x <= {1, 2, 3, 4}; {1} <= x; x == {1, 2, 3}; {1, 2, 3} == x; 1 in x; x.union([5]); x.isdisjoint({9}); done(x, lambda x: x.add(5)); done(x, lambda x: x.discard(1)); {1, 2}.issubset(x); {1, 2}.union(x); {0}.symmetric_difference(x); done({1}, lambda s: s.update(x)); augmented(x, 'ior', {7}); augmented({7}, 'ior', x); frozenset(x); frozenset({1}) & x; x & frozenset({1}); x.copy(); isinstance(x, set); sorted(x); len(x | x); {x.pop()} <= {1, 2, 3}; frozenset(x) == x; x == frozenset(x)",
    "bytearray": "x + b'd'; b'd' + x; bytes(x); x == b'abc'; b'abc' == x; x.decode(); memoryview(x)[0]; x.upper(); b'b' in x; x.hex(); int.from_bytes(x, 'big'); struct.unpack('3b', x); re.match(b'a', x) is not None; x.find(b'c'); b'abcabc'.count(x); b','.join([x, x]); io.BytesIO(x).read(); b''.join([b'x', x]); x * 2; x < b'b'; augmented(x, 'iadd', b'z'); __import__('zlib').crc32(x); __import__('base64').b64encode(x); __import__('hashlib').sha1(x).hexdigest()[:4]; b'xabc'.endswith(x); bytearray(b'z') + x; isinstance(x, bytearray); memoryview(x).tobytes(); x.startswith(b'a'); done(x, lambda x: x.extend(b'zz')); str(x, 'ascii'); b'abc'.replace(x, b'q')",
    "deque": "x.appendleft(1) or x; x.popleft(); x.rotate(1) or x; x.maxlen; x == collections.deque([3, 1, 2]); collections.deque([3, 1, 2]) == x; x + collections.deque([1]); collections.deque([1]) + x; sorted(x); isinstance(x, collections.deque); x.copy(); done(x, lambda x: x.extendleft([7])); list(x)[-1]",
    "ordered_dict": "x.move_to_end('a') or x; x == collections.OrderedDict(a=1, b=2); collections.OrderedDict(a=1, b=2) == x; x == {'a': 1, 'b': 2}; {'a': 1, 'b': 2} == x; list(reversed(x)); isinstance(x, dict); isinstance(x, collections.OrderedDict)",
    "default_dict": "x['new']; x['a'].append(5) or x; x.default_factory; 'q' in x; x == {'a': [1]}; isinstance(x, collections.defaultdict)",
    "counter": "x.most_common(1); x['z']; x + collections.Counter('a'); collections.Counter('a') + x; x - collections.Counter('a'); x & collections.Counter('a'); sorted(x.elements()); x.total(); x.update('a') or x; x == collections.Counter('aab'); collections.Counter('aab') == x; x.subtract('a') or x; isinstance(x, collections.Counter)",
    "chain_map": "x.maps; x.new_child({'c': 1}); x.parents; x['b']; isinstance(x, collections.ChainMap)",
    "user_list": "x.data; x + [1]; [1] + x; x == [3, 1, 2]; x.sort() or x; isinstance(x, collections.UserList); x == collections.UserList([3, 1, 2])",
    "user_dict": "x.data; x['a']; x == {'a': 1, 'b': 2}; {'a': 1, 'b': 2} == x; isinstance(x, collections.UserDict)",
    "user_string": "x.data; x + '!'; '!' + x; x == 'some text'; x.upper(); len(x); str(x); hash(x) == hash('some text')",
    "array": "x.typecode; x.tolist(); x.tobytes(); x == array_of(3, 1, 2); x + x; memoryview(x).tolist(); x.itemsize; struct.unpack('3i', x); bytes(x)[:1]; sum(x); isinstance(x, array_of().__class__); list(x); array_of(3, 1, 2) == x; array_of(1) + x; np is None or np.asarray(x).sum()",
    "memoryview": "x.tobytes(); x[0]; x.nbytes; x.readonly; bytes(x); x == b'abc'; x.tolist(); len(x); list(x); x[1:].tobytes(); x.format; b'abc' == x; isinstance(x, memoryview); x.release()",
    "dict_keys": "x & {'a'}; {'a'} & x; operator.or_(x, {'c'}); x - {'a'}; x == {'a', 'b'}; {'a', 'b'} == x; 'a' in x; x.isdisjoint({'z'}); x <= {'a', 'b', 'c'}; isinstance(x, collections.abc.KeysView); sorted(x); len(x); x.mapping; {'a'} < x; set(x)",
    "dict_items": "('a', 1) in x; sorted(x); x & {('a', 1)}; dict(x); isinstance(x, collections.abc.ItemsView); x == {('a', 1), ('b', 2)}; len(x)",
    "dict_values": "sum(x); 1 in x; max(x); isinstance(x, collections.abc.ValuesView); sorted(x); len(x)",
    "mapping_proxy": "caught(lambda: bisect.bisect(x, 1)); {'z': 1} | x; {**x, 'z': 1}; x['a']; operator.or_(x, {'c': 3}); caught(lambda: operator.setitem(x, 'a', 1)); x == {'a': 1, 'b': 2}; x.copy(); {'a': 1, 'b': 2} == x",
    "namespace": "x.a; x.b; assigned(x, 'c', 3); vars(x); x == types.SimpleNamespace(a=1, b=[2]); deleted(x, 'a'); types.SimpleNamespace(a=1, b=[2]) == x; copy.replace(x, a=5)",
    "module": "type(pydoc.render_doc(x)).__name__; x.ascii_letters; x.Template('$a').substitute(a=1); x.__name__; x.__file__; x.capwords('a b'); inspect.ismodule(x); hasattr(x, 'nope'); vars(x)['digits']; x.Formatter().format('{}', 1); isinstance(x, types.ModuleType); x is string or 1; caught(lambda: x.nope); x.__spec__.name; x.Template.delimiter",
    "string_io": "x.read(); x.readline(); list(x); x.getvalue(); x.write('z'); x.seek(0); csv_of([1]); list(csv.reader(x)); [line.strip() for line in x]; within(x).__class__.__name__; print('hi', file=x) or x.getvalue(); isinstance(x, io.TextIOBase); json.load(done(x, lambda x: (x.seek(0), x.truncate(), x.write('[1]'), x.seek(0)))); x.closed; x.close(); caught(lambda: done(x, lambda x: x.close()).read()); isinstance(x, io.IOBase); contextlib.redirect_stdout(x).__enter__().__class__.__name__ if False else 1; x.readable(); next(x); x.tell(); x.writelines(['a']); json.dump([1], x) or x.getvalue()",
    "bytes_io": "x.read(); x.getvalue(); x.getbuffer().nbytes; list(x); x.readinto(bytearray(2)); pickle.dump(1, x) or len(x.getvalue()); io.TextIOWrapper(x).read(); x.write(b'q'); isinstance(x, io.BufferedIOBase); x.read1(2); __import__('shutil').copyfileobj(x, io.BytesIO()); io.BufferedReader(x).read()",
    "match": "caught(lambda: list(x)); caught(lambda: 'a' in x); caught(lambda: (lambda a, *b: b)(*x)); caught(operator.countOf, x, 'a'); x.group(); x.group('first'); x.groups(); x.groupdict(); x.span(); x[0]; x['first']; x.start(); x.re.pattern; x.expand(r'\\1'); x.string; x.lastindex; isinstance(x, re.Match)",
    "fraction": "x + 1; 1 + x; x == Fraction_of(1, 3); float(x); x.numerator; x * 3; x < 1; round(x, 2); hash(x) == hash(Fraction_of(1, 3))",
    "random": "x.random(); x.randint(1, 5); x.choice([1, 2, 3]); x.shuffle([1, 2]); done([1, 2, 3], x.shuffle); x.sample(range(9), 2); isinstance(x, random.Random); x.getstate()[0]",
    "lock": "x.acquire(); x.locked(); within(x); caught(x.release); x.acquire(blocking=False); x.__class__.__name__",
    "event": "x.is_set(); x.set(); x.wait(0); done(x, lambda x: x.set()).wait()",
    "logger": "x.name; x.level; x.isEnabledFor(10); x.getChild('c').name; x.debug('a'); x.parent.name; x.handlers",
    "weakref": "x().n; x() is x(); isinstance(x, weakref.ref); x == x",
    "property": "x.fget.__name__; x.__get__(subjects.Plain(3)); isinstance(x, property); x.fset is None; x.__doc__",
    "alias": "x.__origin__; x.__args__; typing.get_args(x); typing.get_origin(x); x == list[int]; x(); repr(x); isinstance(x, types.GenericAlias); hash(x) == hash(list[int]); list[int] == x",
    "union": "typing.get_args(x); isinstance(1, x); x == operator.or_(int, str); issubclass(int, x); isinstance(2.0, x); operator.or_(x, None).__class__.__name__; typing.get_origin(x)",
    "type_var": "x.__name__; x.__bound__; list[x].__parameters__.__class__.__name__; isinstance(x, typing.TypeVar)",
    "signature": "str(x); list(x.parameters); x.parameters['b'].default; x.return_annotation; x.bind(1).arguments; x.parameters['a'].default is inspect.Parameter.empty; x == inspect.signature(subjects.function); x.replace(return_annotation=int).__class__.__name__; isinstance(x, inspect.Signature); caught(x.bind)",
    "parameter": "x.name; x.kind; x.default is inspect.Parameter.empty; x.annotation; x.kind is inspect.Parameter.POSITIONAL_OR_KEYWORD; x.empty is inspect.Parameter.empty; str(x)",
    "code": "x.co_name; x.co_varnames; x.co_argcount; inspect.iscode(x); x.co_filename; list(x.co_lines())[0].__class__.__name__; x.replace(co_name='z').co_name",
    "template": "x.substitute(a=1, b=2); x.safe_substitute(a=1); x.get_identifiers(); x.template; caught(x.substitute)",
    "text": "x.strip(); isinstance(x, str); json.dumps(x)",
    "numpy_array": "x.sum(); x.mean(); x.shape; x.dtype; x[0]; x[1:3]; x + 1; 1 + x; x + x; x * 2.0; -x; x > 2; x[x > 2]; np.mean(x); np.sum(x); np.concatenate([x, np.ones(2)]); np.ones(6) + x; x + np.ones(6); isinstance(x, np.ndarray); np.asarray(x); np.array(x); np.sqrt(x); np.dot(x, x); x @ x; np.add(x, 1); np.maximum(x, 2); np.where(x > 2, x, 0); np.stack([x, x]); x.tolist(); list(x)[0]; len(x); x.reshape(2, 3); np.reshape(x, (2, 3)); np.allclose(x, x); np.array_equal(x, np.arange(6.0)); x.astype(int); np.save(io.BytesIO(), x); x == np.arange(6.0); np.arange(6.0) == x; (x == np.arange(6.0)).all(); float(x[1]); x.T; np.ones(6) * x; np.ones(6) - x; augmented(x, 'iadd', 1); augmented(np.ones(6), 'iadd', x); np.linalg.norm(x); np.sort(x); np.argmax(x); np.add.reduce(x); np.full_like(x, 2); np.zeros_like(x); np.isnan(x).any(); np.vstack([x, x]).shape; np.copyto(x, 1); done(x, lambda x: operator.setitem(x, 0, 9)); x.copy(); memoryview(x).nbytes; np.ravel(x); np.percentile(x, 50); x.max(); np.unique(x); np.shape(x); np.size(x); np.ndim(x); np.add(np.ones(6), 1, out=x); np.split(x, 2); np.random.default_rng(1).choice(x); np.interp(2, x, x); np.arange(6)[x.astype(int)]; round(x[1]); x[np.array([0, 1])]",
    "numpy_matrix": "x @ x.T; np.matmul(x, x.T); x.sum(axis=0); np.sum(x, axis=1); x[0]; x[:, 1]; x[0, 1]; np.transpose(x); x.T.shape; np.vstack([x, np.ones(3)]); np.hstack([x, x]); np.eye(2) @ x; x * np.ones(3); np.linalg.inv(x[:, :2]); np.einsum('ij->i', x); np.mean(x, axis=0); x.reshape(-1); x.flatten(); np.asarray(x).shape; x.nbytes; np.apply_along_axis(sum, 0, x); np.broadcast_to(np.ones(3), x.shape).shape; np.outer(x[0], x[0])",
}  # fmt: skip

SPECIFIC |= {
    "array": SPECIFIC["array"].replace("array_of", "__import__('uses').array_of"),
    "fraction": SPECIFIC["fraction"].replace("Fraction_of", "__import__('fractions').Fraction"),
}


def array_of(*items: int) -> Any:
    import array

    return array.array("i", items)


def _split(text: str) -> list[str]:
    return [each.strip() for line in text.strip().splitlines() for each in line.split(";")]


def of_kind(kind: str) -> list[str]:
    """The expressions to try with a kind."""
    groups = [
        (ITERABLE, ITERABLES),
        (SEQUENCE, SEQUENCES),
        (MUTABLE_SEQUENCE, MUTABLE_SEQUENCES),
        (MAPPING, MAPPINGS),
        (MUTABLE_MAPPING, MUTABLE_MAPPINGS),
        (CALLABLE, CALLABLES),
        (CLASS, CLASSES),
        (DATACLASS, DATACLASSES),
        (NUMBER, NUMBERS),
        (INTEGER, ["whole"]),
        (TEXTUAL, ["text", "user_string"]),
    ]
    texts = [GENERAL, SPECIFIC.get(kind, ""), *(text for text, kinds in groups if kind in kinds)]
    return list(dict.fromkeys(each for text in texts for each in _split(text) if each))
