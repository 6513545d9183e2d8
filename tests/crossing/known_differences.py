"""What differs between an object and a Proxy to one, and why; for test_differences.py."""

from __future__ import annotations

KNOWN: dict[str, dict[str, str]] = {
    "It looks at the type of the Proxy, or for that very type: `p.__class__` says what it stands for.": {
        "x.__class__ is type(x)": "meta with_meta plain_class abstract_class dataclass_class enum named_tuple_class",
        "type(x).__name__": "meta plain_class dataclass_class named_tuple_class",
        "type(x) == x.__class__": "object plain list",
        "inspect.getattr_static(x, '__doc__').__class__.__name__": "object",
        "type(x) is subjects.Plain or type(x).__name__": "plain",
        'inspect.getattr_static(x, "n")': "plain",
        'object.__getattribute__(x, "n")': "plain",
        'caught(lambda: object.__setattr__(x, "n", 9))': "plain",
        "type(x) is subjects.Whole or 1": "whole",
        "type(x) is list or 1": "list",
        "x is string or 1": "module",
    },
    "A Proxy can do more: a weak reference to it, and pickling by value in the owner.": {
        "caught(lambda: repr(pickle.loads(pickle.dumps(x))))": "with_meta abstract_class enum lambda decorated closure memoryview dict_keys dict_items dict_values mapping_proxy module property type_var code",
        "repr(copy.deepcopy(x))": "memoryview dict_keys dict_items dict_values mapping_proxy module weakref",
        "weakref.ref(x)() is x": "object list",
        "x.__reduce_ex__(2)[0].__name__": "plain",
        "pickle.dumps(x) == pickle.dumps(subjects.function)": "function",
    },
    "The standard library pickles a class whose metaclass is not `type` by name only.": {
        "pickle.loads(pickle.dumps(x)).__name__": "with_meta",
    },
    "C code reads the memory of this very type: how-to/standard-library.md has what to write.": {
        "json.dumps(x)": "strings text whole real list nested_list dict",
        "caught(float, x)": "text",
        "caught(int, x)": "text",
        "caught(os.fspath, x)": "text",
        'caught(lambda: ",".join([x]))': "text",
        'caught(lambda: re.match("some", x) is not None)': "text",
        "caught(lambda: int(x))": "text",
        'caught(lambda: "a some text".endswith(x))': "text",
        'caught(lambda: "some text!".startswith(x))': "text",
        'caught(lambda: os.path.join("/", x))': "text",
        "caught(lambda: getattr(subjects, x))": "text",
        'caught(lambda: x in "some text b")': "text",
        "caught(lambda: heapq.heapify(x))": "list",
        "exec('', x)": "dict",
        "eval('a', x)": "dict",
        "caught(lambda: type('C', (), x))": "dict",
        "copy.replace(x, a=5)": "namespace",
    },
    "C code takes what has __getitem__ for a sequence: any object but a dict.": {
        "caught(lambda: bisect.bisect(x, 1))": "dict",
    },
    "The copy of the mapping that takes part is made by cloudpickle, which wants a caller in Python.": {
        "operator.or_(x, {'c': 3})": "mapping_proxy",
        'caught(lambda: x | {"c": 3})': "mapping_proxy",
    },
    "It recognises containers by the repr of their very type.": {
        "pretty([x])": "dataclass_nested default_dict",
        "pretty(x)": "dataclass_nested",
    },
    "Methods called as functions get no second chance with the reflected one.": {
        "[1, 2].__add__(x)": "list",
        "x.__add__([1])": "list",
        "operator.concat([1], x)": "list",
        "{1: 2}.__or__(x)": "dict",
    },
    "inspect finds the class's own __call__ past `__class__`.": {
        "caught(lambda: str(inspect.signature(x)))": "context_manager",
    },
    "An exception that crossed has the remote traceback as its cause, and its own when it is raised.": {
        "x.__traceback__.__class__.__name__": "failure",
        "x.__cause__": "failure",
    },
    "Two objects of different interpreters: equal by value only.": {
        "x == subjects.Plain": "plain_class",
        "subjects.Child.mro()[1] == x": "plain_class",
        "x == subjects.function": "function",
    },
}

# Only on some versions of CPython: before 3.15 a mappingproxy is not pickled.
SOMETIMES = {
    ("caught(lambda: repr(pickle.loads(pickle.dumps(x))))", "field"),
    ("repr(copy.deepcopy(x))", "field"),
}
