"""CPython's own suites of what lives in another interpreter: which, and how they get at it.

A test module gets remote classes and modules in place of its own, or its tests get what the same
test has made for itself, in `setUp`, in the other interpreter; or its generators and coroutines are
made there.
"""

from __future__ import annotations

import contextlib
import fnmatch
import unittest
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from unittest import mock

import functions_elsewhere
from stdlib_suites import load

import atoll


@dataclass(frozen=True)
class Suite:
    """Tests of one module of CPython's test package."""

    module: str
    classes: str = "*"  # patterns of the names of TestCases
    # Names in that module, or Class.name, and what they are in the owner: module or module:name.
    remote: dict[str, str] = field(default_factory=dict)
    made_there: bool = False  # what setUp makes
    functions_there: bool = False  # those that make generators and coroutines
    # Why tests are left out: patterns of "Class.test".
    without: dict[str, str] = field(default_factory=dict)

    def run(self, owner: atoll.Interpreter) -> dict[str, str]:
        """Run the tests; returns those that fail, each with the last lines of its traceback."""
        module = load(self.module)
        with contextlib.ExitStack() as stack:
            if self.functions_there:
                module = stack.enter_context(functions_elsewhere.loaded(self.module, owner))
            for name, source in self.remote.items():
                stack.enter_context(_replaced(module, name, _get(owner, source)))
            tests = unittest.TestSuite(self._selected(module))
            if self.made_there:
                for case in {type(each) for each in tests}:
                    stack.enter_context(_made_there(owner, module, case))
            result = unittest.TestResult()
            tests.run(result)
        assert result.testsRun
        return {_name(each): text[-800:] for each, text in result.failures + result.errors}

    def _selected(self, module: Any) -> Iterator[unittest.TestCase]:
        left_out = [each for names in self.without.values() for each in names.split()]
        for test in _flat(unittest.defaultTestLoader.loadTestsFromModule(module)):
            if _matches(type(test).__name__, self.classes.split()) and not _matches(
                _name(test), left_out
            ):
                yield test


def _flat(tests: Any) -> Iterator[Any]:
    for each in tests:
        if isinstance(each, unittest.TestSuite):
            yield from _flat(each)
        else:
            yield each


def _name(test: Any) -> str:
    test = getattr(test, "test_case", test)  # of a subtest
    return ".".join(test.id().split(".")[-2:])


def _matches(name: str, patterns: list[str]) -> bool:
    return any(fnmatch.fnmatchcase(name, each) for each in patterns)


def _get(owner: atoll.Interpreter, source: str) -> Any:
    module, _, name = source.partition(":")
    found = owner.import_module(module)
    return getattr(found, name) if name else found


def _replaced(module: Any, name: str, value: Any) -> contextlib.AbstractContextManager[Any]:
    other, _, name = name.rpartition(":")
    holder, _, attribute = name.rpartition(".")
    target = load(other) if other else module
    return mock.patch.object(getattr(target, holder) if holder else target, attribute, value)


def _made_there(
    owner: atoll.Interpreter, module: Any, case: type[unittest.TestCase]
) -> contextlib.AbstractContextManager[Any]:
    """Give the tests what setUp makes in the owner."""
    if case.setUp is unittest.TestCase.setUp:
        return contextlib.nullcontext()

    def set_up(self: Any) -> None:
        there = getattr(owner.import_module(module.__name__), case.__name__)(self._testMethodName)
        there.setUp()
        self.addCleanup(there.doCleanups)
        for name, value in list(there.__dict__.items()):
            if not name.startswith("_"):
                setattr(self, name, value)

    return mock.patch.object(case, "setUp", set_up)


def _all(module: str, names: str) -> dict[str, str]:
    return {name: f"{module}:{name}" for name in names.split()}


_DECIMAL = (
    "ExplicitConstructionTest ImplicitConstructionTest FormatTest ArithmeticOperatorsTest "
    "UsabilityTest PythonAPItests ContextWithStatement SpecialContexts"
)
_CONTEXTS = (
    "contextmanager closing nullcontext ExitStack redirect_stdout suppress ContextDecorator "
    "AbstractContextManager"
)
_ASYNC_CONTEXTS = (
    "asynccontextmanager AbstractAsyncContextManager AsyncExitStack nullcontext aclosing"
)
_COLLECTIONS = "Counter ChainMap OrderedDict UserDict UserList UserString namedtuple deque"
_MEMORY = {
    f"C{kind}Test.{attribute}": f"io:{name}"
    for kind in ("BytesIO", "StringIO")
    for attribute, name in (
        ("ioclass", kind),
        ("UnsupportedOperation", "UnsupportedOperation"),
    )
}

# Reasons.
_SLOW = "It takes long."
_TYPE = "It asks for type(x), and that of a Proxy says it is one; or compares a remote class with one of ours."
_VALUE = "What cannot change goes by value: it is equal, but another object each time."
_SUPER = "A method of a class that is made elsewhere cannot use super()."
_NATIVE = "C code wants an object of that very type, or a method of one as a function."
_SIZE = "It looks at the size of the object, or at its references: those of a Proxy."
_PICKLE = "A Proxy is pickled by value in its owner, and told apart by that."
_COLLECT = "A cycle through two interpreters is found by atoll.gc.collect()."
_ELSEWHERE = "Warnings, limits, locales and codecs of another interpreter are not ours."
_CONTEXT = "A Decimal that comes by value computes here, in our context."
_CALLER = "A function that looks at its caller finds none of its own interpreter."
_TRACEBACK = "An exception that crossed has the remote traceback, as its cause or in its own."
_HANDLED = (
    "What is handled here is nothing that the owner is handling: sys.exception() is None there."
)
_STOP = "A StopIteration that crosses has no context, which CPython fails on in `yield from`."
_MESSAGE = "The message says that it is of a Proxy."
_AWAITED = "Only where it lives can a generator be awaited: that of types.coroutine() is of no type of its own."
_EXCEPTION = "An exception crosses as one, of its type without other special methods; its __new__ is not asked."
_CLASS_BODY = (
    "A class body, in the function that is made elsewhere, looks for names past our finder."
)
_FREED = "It waits for the end of an object, which comes when its owner is next entered."

SUITES = [
    Suite(
        "test_deque",
        remote={"deque": "collections:deque"},
        without={
            _SLOW: "*.test_big_* *.test_long_steadystate_* *.test_gc_doesnt_blowup *.test_index",
            _COLLECT: "*.test_container_iterator",
            _VALUE: "*.test_copy",
            _TYPE: "*.test_iterator_pickle",
            _SIZE: "*.test_sizeof",
            _NATIVE: "TestSubclassWithKwargs.*",
        },
    ),
    Suite(
        "test_collections",
        "TestUser* TestChainMap TestNamedTuple TestCounter",
        _all("collections", _COLLECTIONS),
        without={
            _SLOW: "TestNamedTuple.test_odd_sizes",
            _CALLER: "TestNamedTuple.test_factory",
            _VALUE: "TestNamedTuple.test_field_doc_reuse",
            _SUPER: "TestChainMap.test_union_operators",
            _NATIVE: "TestCounter.test_helper_function",
        },
    ),
    Suite(
        "test_defaultdict",
        remote={"defaultdict": "collections:defaultdict"},
        without={_TYPE: "*.test_copy *.test_union"},
    ),
    Suite(
        "test_array",
        "ByteTest DoubleTest UnsignedLongTest UnicodeTest MiscTest",
        remote={"array": "array"},
        without={
            _SLOW: "*.test_free_after_iterating",
            _TYPE: "*.test_iterator_pickle *.test_array_type_importable *.test_disallow_instantiation",
            _PICKLE: "*.test_reduce_ex",
            _SIZE: "*.test_sizeof*",
            _NATIVE: "*.test_tofrombytes *.test_fromlist",
            _ELSEWHERE: "*.test_typecode_u_deprecation",
        },
    ),
    Suite(
        "test_set",
        "TestSet Test*Ops* TestSetOfSets TestMutate TestSubset* TestOnlySets* TestCopying*",
        made_there=True,
        without={
            _SLOW: "*.test_free_after_iterating *.test_hash_effectiveness",
            _VALUE: "TestCopying*.test_copy",
            _TYPE: "TestSet.test_copy TestSet.test_difference TestSet.test_intersection TestSet.test_symmetric_difference TestSet.test_union",
            _PICKLE: "TestSet.test_pickling",
            _NATIVE: "TestSet.test_remove TestSet.test_remove_keyerror_set",
        },
    ),
    Suite(
        "test_bytes",
        "ByteArrayTest BytearrayPEP3137Test",
        {"ByteArrayTest.type2test": "builtins:bytearray"},
        without={_SLOW: "*.test_free_after_iterating"},
    ),
    Suite(
        "test_bisect",
        "*C",
        {f"Test{kind}C.module": "bisect" for kind in ("Bisect", "Insort", "ErrorHandling")},
    ),
    Suite(
        "test_fractions",
        remote={"F": "fractions:Fraction"},
        without={_NATIVE: "*.testBoolGuarateesBoolReturn", _ELSEWHERE: "*.test_limit_int"},
    ),
    Suite("test_csv", remote={"csv": "csv"}, without={_ELSEWHERE: "*.test_deprecated__version__"}),
    Suite(
        "test_statistics",
        "TestMean TestMedian* TestMode TestPVariance TestVariance TestStdev TestQuantiles",
        {"statistics": "statistics"},
        without={_TYPE: "*.test_types*"},
    ),
    Suite(
        "test_contextlib",
        remote=_all("contextlib", _CONTEXTS),
        without={
            _SLOW: "*.test_excessive_nesting",
            _TRACEBACK: "*.test_contextmanager_traceback *.test_dont_reraise_RuntimeError "
            "TestExitStack.test_exit_exception_explicit_none_context",
            _SUPER: "TestAbstractContextManager.*",
            _COLLECT: "*.test_nokeepref",
        },
    ),
    Suite(
        "test_contextlib_async",
        remote=_all("contextlib", _ASYNC_CONTEXTS),
        without={
            _TRACEBACK: "*.test_contextmanager_traceback",
            _SUPER: "TestAbstractAsyncContextManager.*",
        },
    ),
    Suite(
        "test_decimal",
        " ".join(f"C{each}" for each in _DECIMAL.split()),
        {f"C{each}.decimal": "decimal" for each in _DECIMAL.split()},
        without={
            _SLOW: "*.test_as_integer_ratio",
            _TYPE: "*.test_explicit_from_float *.test_from_number* *.test_explicit_context_create_from_float *.test_from_float "
            "*.test_decimal_from_float_argument_type *.test_subclassing *.test_decimal_fraction_comparison",
            _VALUE: "*.test_hash_method_nan",
            _CONTEXT: "*.test_implicit_from_int *.test_none_args *.test_nan_comparisons "
            "*.test_explicit_context_create_decimal *.test_explicit_from_string *.test_tonum_methods",
            _NATIVE: "*.test_explicit_from_list *.test_n_format *.test_create_decimal_from_float "
            "*.test_named_parameters *.test_quantize",
            _ELSEWHERE: "*.test_deprecated_N_format",
        },
    ),
    Suite(
        "test_enum",
        "TestPlainEnumClass TestPlainFlagClass TestIntFlagClass TestMixedStrClass",
        made_there=True,
        without={_TYPE: "*.test_gnv_is_static"},
    ),
    Suite(
        "test_dataclasses",
        "TestCase TestReplace TestFieldNoAnnotation TestHash TestKeywordArgs TestMakeDataclass",
        _all("dataclasses", "fields asdict astuple replace is_dataclass"),
        without={
            _TYPE: "*.test_helper_asdict *.test_helper_asdict_builtin_containers "
            "*.test_helper_asdict_factory *.test_helper_asdict_namedtuple",
        },
    ),
    Suite(
        "test_memoryio",
        "CBytesIOTest CStringIOTest",
        _MEMORY,
        without={
            _SIZE: "*.test_cow_* *.test_sizeof",
            _PICKLE: "*.test_pickling",
            _NATIVE: "*.test_setstate *.test_write_str_subclass",
        },
    ),
    Suite(
        "test_sqlite3.test_dbapi",
        "*ConnectionTests CursorTests BlobTests ConstructorTests ExtensionTests Closed* SqliteOnConflictTests",
        {"sqlite": "sqlite3"},
        without={
            _NATIVE: "*.test_blob_sequence_not_supported *.test_connection_reinit "
            "*.test_execute_dict_mapping* Uninitialised*.*",
            _ELSEWHERE: "*.test_connect_positional_arguments *.test_connection_resource_warning *.test_execute_named_param_and_sequence",
        },
    ),
    Suite(
        "test_sqlite3.test_factory",
        remote={"sqlite": "sqlite3", "test_sqlite3.util:sqlite3": "sqlite3"},
        without={
            _TYPE: "TextFactoryTestsWithEmbeddedZeroBytes.test_bytearray",
            _SUPER: "ConnectionFactoryTests.*",
            _NATIVE: "CursorFactoryTests.* RowFactoryTestsBackwardsCompat.*",
        },
    ),
    Suite("test_sqlite3.test_transactions", remote={"sqlite": "sqlite3"}),
    Suite("test_sqlite3.test_hooks", remote={"sqlite": "sqlite3"}),
    Suite(
        "test_generators",
        functions_there=True,
        without={
            _FREED: "FinalizationTest.* *.test_close_releases_frame_locals __test__.weakref __test__.refleaks",
            _HANDLED: "*.test_except_gen_except *.test_except_next *.test_except_throw_exception_context",
            _EXCEPTION: "*.test_except_throw_bad_exception",
            _NATIVE: "SignalAndYieldFromTest.*",
            _ELSEWHERE: "__test__.coroutine",
        },
    ),
    Suite(
        "test_yield_from",
        functions_there=True,
        without={
            _STOP: "*.test_close_and_throw_raise_stop_iteration",
            _TRACEBACK: "*.test_delegator_is_visible_to_debugger",
        },
    ),
    Suite(
        "test_coroutines",
        functions_there=True,
        without={
            _SLOW: "*.test_func_9 UnawaitedWarningDuringShutdownTest.*",
            _MESSAGE: "*.test_await_8 *.test_func_4 *.test_func_5",
            _ELSEWHERE: "*.test_bpo_45813_* *.test_fatal_coro_warning OriginTrackingTest.* CAPITest.*",
            _CLASS_BODY: "*.test_await_9",
            _EXCEPTION: "*.test_for_stop_iteration",
            _AWAITED: "*.test_func_10 *.test_func_19",
        },
    ),
    Suite(
        "test_asyncgen",
        functions_there=True,
        without={
            _FREED: "*_gc_aclose_* *_shutdown_* *.test_asyncgen_nonstarted_hooks_are_cancellable TestUnawaitedWarnings.*",
            _NATIVE: "*.test_async_generator_anext",
            _AWAITED: "*.test_python_async_iterator_types_coroutine_anext",
        },
    ),
]
