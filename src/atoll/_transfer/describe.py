"""What the class of a remote object is like, described where it lives."""

from __future__ import annotations

import _collections_abc
import copyreg
import sys
from _abc import _get_dump, get_cache_token  # type: ignore[import-not-found]
from _weakref import ref

from .. import _core
from .names import (
    ABSENT,
    basicsize_of,
    find_in_class,
    flags_of,
    is_heap_type,
    module_of,
    mro_of,
    names_in,
)
from .twins import lineage
from .values import reduce_proxy

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterator
    from typing import Any
    from weakref import ReferenceType

    from .twins import Identity

    type Description = tuple[
        str, tuple[str, ...], tuple[str, ...], int, tuple[str, ...], tuple[Identity, ...]
    ]

# As in remote_class.c.
_CALLABLE, _BUFFER, _SEQUENCE, _MAPPING, _METACLASS, _CONTAINER = 1, 2, 4, 8, 16, 32
_ARRAY, _FIELDS = 64, 128
_TPFLAGS_SEQUENCE, _TPFLAGS_MAPPING = 1 << 5, 1 << 6

# Builtin containers, whose operators want another such container as the other operand.
_CONTAINERS: tuple[type, ...] = (
    list,
    dict,
    set,
    frozenset,
    tuple,
    bytearray,
    type({}.keys()),
    type({}.items()),
)


def _dunders(names: str) -> list[str]:
    return [f"__{name}__" for name in names.split()]


ARITHMETIC = "add sub mul matmul truediv floordiv mod divmod pow lshift rshift and xor or"

# Special methods that Python looks up on the type, so that the type of a Proxy must have them.
SWAPPED = {"__lt__": "__gt__", "__gt__": "__lt__", "__le__": "__ge__", "__ge__": "__le__"}
_ALWAYS = _dunders("repr str format dir sizeof")
_COMPARISONS = _dunders("eq ne lt le gt ge hash")
_OTHERS = [
    *_dunders(ARITHMETIC),
    *(f"__r{name}__" for name in ARITHMETIC.split()),
    *(f"__i{name}__" for name in ARITHMETIC.split() if name != "divmod"),
    *_dunders("neg pos abs invert complex int float index round trunc floor ceil"),
    *_dunders("bool len length_hint getitem setitem delitem iter next reversed contains"),
    *_dunders("enter exit await aiter anext aenter aexit get set delete set_name"),
    *_dunders("bytes fspath copy deepcopy instancecheck subclasscheck"),
]
_COMPARED_BY = [*_COMPARISONS[:-1], *_dunders("add iadd or and sub xor ror rand rsub rxor")]
_SPECIAL = _ALWAYS + _COMPARISONS + _OTHERS

# Those that a class may get and lose; the core looks at them when it was changed.
CHANGEABLE = tuple(map(sys.intern, [*_COMPARISONS, *_OTHERS, *_dunders("call buffer")]))

# Those that are recognised by inheritance; the others look at the methods.
_NAMED_ABCS = [
    "Set",
    "MutableSet",
    "Mapping",
    "MutableMapping",
    "MappingView",
    "KeysView",
    "ItemsView",
    "ValuesView",
    "Sequence",
    "MutableSequence",
]

# contextlib looks for them with inspect.getattr_static(), in `__dict__` of the class and its bases.
_OF_MANAGERS = _dunders("enter exit aenter aexit")

# pickle takes any class for one that has a name here.
copyreg.pickle(_core.RemoteClass, reduce_proxy)

_name_of = type.__dict__["__name__"].__get__
_item_size_of = type.__dict__["__itemsize__"].__get__


def is_special(name: str) -> bool:
    """Tell whether it is a special method, which is looked up on the class."""
    return name in _SPECIAL or name == "__call__"


def describe(cls: type, allowed: Container[str] | None = None) -> Description:
    """Describe a class to whoever makes proxies to its instances; called by the core.

    Args:
        cls: A class of this interpreter, or a static builtin type.
        allowed: With `restrict()`, the only names that are there.

    Returns:
        Its name, the special methods that it has, those that it has set to None, flags, what
        abc_markers() takes, and its lineage (_transfer.twins).
    """
    is_metaclass = issubclass(cls, type)  # `in` would ask the metaclass's __eq__
    present: list[str] = []
    disabled: list[str] = []
    for name in _SPECIAL:
        found = find_in_class(cls, name)
        if found is ABSENT or not (allowed is None or name in allowed):
            continue
        if found is None:
            disabled.append(name)
        elif not _is_default(name, found, is_metaclass):
            present.append(name)
    if allowed is not None:
        flags = _CALLABLE if "__call__" in allowed else 0
        return _full_name(cls), tuple(present), tuple(disabled), flags, (), ()
    present += _reflected(present, disabled)
    flags = _METACLASS if is_metaclass else _flags_for(cls)
    marks = _abcs(cls) + tuple(name for name in _OF_MANAGERS if name in present)
    return _full_name(cls), tuple(present), tuple(disabled), flags, marks, lineage(cls)


def describe_guest(cls: type) -> Description:
    """Describe to an owner what the holder of its object passes to it; called by the core.

    It has all that its class has, but it is no class itself, whatever `cls` is.
    """
    name, present, disabled, _, abcs, _ = describe(cls)
    return name, present, disabled, _flags_for(cls), abcs, ()


def describe_token() -> Description:
    """Describe what a holder can only hand back; called by the core."""
    return "atoll.Token", (), (), 0, (), ()


def describe_gone() -> Description:
    """Describe what nobody can be asked about any more: all that is done to it is an error.

    Comparison and hash stay those of the Proxy, and it is no descriptor. Called by the core.
    """
    silent = _dunders("get set delete set_name")
    specials = tuple(name for name in _ALWAYS + _OTHERS if name not in silent)
    return "builtins.object", specials, (), _CALLABLE, (), ()


def _reflected(present: list[str], disabled: list[str]) -> list[str]:
    """Name the reflected methods of operators that a class has, but for those that it has itself.

    Of `obj OP p` the class of `obj` may take no Proxy: then a copy is tried (operators.apply).
    """
    names = [f"__r{name}__" for name in ARITHMETIC.split() if f"__{name}__" in present]
    names += [name for name, other in SWAPPED.items() if other in present]
    return [name for name in names if name not in present and name not in disabled]


def _is_default(name: str, found: object, is_metaclass: bool) -> bool:
    """Comparison and hash by identity need no crossing: there is one Proxy for each object."""
    if name in _COMPARISONS:
        return found is object.__dict__[name]
    if is_metaclass and name in ("__instancecheck__", "__subclasscheck__"):
        return found is type.__dict__[name]
    return is_metaclass and name in ("__sizeof__",)


def _full_name(cls: type) -> str:
    """Return a name that C can make a type of, whatever the class says its module is."""
    try:
        module = str(module_of(cls))
    except Exception:  # there is none, or its __str__ raises
        module = "?"
    name = f"{module}.{_name_of(cls).replace('.', '_') or '_'}"
    return name.encode("utf-8", "replace").decode().replace("\0", "?")


def _flags_for(cls: type) -> int:
    mro = mro_of(cls)
    flags = _CALLABLE if find_in_class(cls, "__call__") is not ABSENT else 0
    if find_in_class(cls, "__buffer__") is not ABSENT:
        flags |= _BUFFER
    if flags_of(cls) & _TPFLAGS_SEQUENCE:
        flags |= _SEQUENCE
    elif flags_of(cls) & _TPFLAGS_MAPPING:
        flags |= _MAPPING
    if issubclass(cls, _CONTAINERS) and not any(map(_is_overridden(mro), _COMPARED_BY)):
        flags |= _CONTAINER
    if any(_name_of(base) == "ndarray" and module_of(base) == "numpy" for base in mro):
        flags |= _ARRAY
    if basicsize_of(cls) != basicsize_of(object) or _item_size_of(cls) != 0:
        flags |= _FIELDS
    return flags


def _is_overridden(mro: tuple[type, ...]) -> Callable[[str], bool]:
    """Make a test for names that a class of the user's own defines."""
    own = [cls for cls in mro if is_heap_type(cls)]
    return lambda name: any(name in names_in(cls) for cls in own)


def _abcs(cls: type) -> tuple[str, ...]:
    """Name the most derived ABCs that a class belongs to: the others follow from these."""
    mro = mro_of(cls)
    found = [name for name in _NAMED_ABCS if _belongs(mro, name)]
    return tuple(
        name
        for name in found
        if not any(
            other != name
            and issubclass(getattr(_collections_abc, other), getattr(_collections_abc, name))
            for other in found
        )
    )


def _belongs(mro: tuple[type, ...], name: str) -> bool:
    """Tell whether a class is an ABC's, or registered with it or with a class that is.

    The ABC itself is not asked: it would ask all that is registered, remote classes among them, and
    their owner would ask in turn what the class is like.
    """
    global _members
    token, members = _members  # another thread may replace them
    if token != (now := get_cache_token()):  # something was registered
        members = {each: dict(_members_of(getattr(_collections_abc, each))) for each in _NAMED_ABCS}
        _members = now, members
    known = members[name]
    return any(id(base) in known and known[id(base)]() is base for base in mro)


# What ABCs have registered, as of which token. Of each ABC: itself, the ABCs derived from it, and
# all that was registered; by id().
_members: tuple[int, dict[str, dict[int, ReferenceType[type]]]] = (-1, {})


def _members_of(abc: type) -> Iterator[tuple[int, ReferenceType[type]]]:
    yield id(abc), ref(abc)
    for reference in _get_dump(abc)[0]:
        yield id(reference()), reference
    derived: type
    for derived in type.__subclasses__(abc):
        yield from _members_of(derived)


# ---- annotations ----

# The functions that evaluate the annotations of what they are given, and their modules.
_EVALUATORS = {"get_type_hints", "get_annotations", "evaluate"}
_MODULES = {"typing", "inspect", "annotationlib", "typing_extensions"}


class _ClassAnnotations:
    """The annotations of a remote class, in its `__dict__` here: its owner says what they are.

    `cls.__annotations__` may be those of its metaclass.
    """

    def __get__(self, instance: object, cls: type) -> dict[str, Any]:
        return _ask("annotations_of", cls)


CLASS_ANNOTATIONS = _ClassAnnotations()  # for the core


def annotate(function: Any, form: Any) -> Any:
    """Call an `__annotate__` function that does not know the format; called by the core."""
    if sys.version_info >= (3, 14):
        from annotationlib import call_annotate_function

        return call_annotate_function(function, form)
    raise NotImplementedError


def namespace(reference: Any) -> dict[str, Any] | None:
    """Return what an evaluator of annotations gets as the `__globals__` or the `__dict__`.

    Called by the core, where one of these is asked for.

    Returns:
        None: somebody else is asking.
    """
    frame = sys._getframe().f_back
    if frame is None or frame.f_code.co_name not in _EVALUATORS:
        return None
    if frame.f_globals.get("__name__") not in _MODULES:
        return None
    found = _ask("annotated_names", reference)
    if isinstance(reference, type) and sys.version_info < (3, 14):
        found["__annotations__"] = _ask("annotations_of", reference)  # not by the descriptor
    return found


def _ask(function: str, reference: Any) -> dict[str, Any]:
    owner: Any = _core.owner(reference)
    return dict(_core.invoke(owner, f"{__name__}:{function}", (reference,), None))


# ---- in the owner ----


def annotations_of(cls: type) -> tuple[tuple[str, Any], ...]:
    """Return the annotations of a class itself."""
    found: Any = vars(type)["__annotations__"]
    return tuple(found.__get__(cls).items())


def annotated_names(obj: Any) -> tuple[tuple[str, Any], ...]:
    """Return what the names in the annotations of a function, class or module mean there."""
    try:
        annotations = annotations_of(obj) if isinstance(obj, type) else obj.__annotations__.items()
        texts = [text for _, value in annotations for text in _texts_in(value)]
    except Exception:  # there are none, or they cannot be evaluated
        return ()
    wanted = {name for text in texts for name in _names_in(text)}
    return tuple(
        (name, space[name])
        for name in wanted
        if (space := next((each for each in _spaces(obj) if name in each), None)) is not None
    )


def _spaces(obj: Any) -> tuple[Any, ...]:
    """Return where names of an object's annotations are looked up."""
    if isinstance(obj, type):
        module = sys.modules.get(str(module_of(obj)))
        return names_in(obj), getattr(module, "__dict__", {})
    found = getattr(obj, "__globals__", None)
    return (getattr(obj, "__dict__", {}) if found is None else found,)


def _texts_in(value: Any) -> Iterator[str]:
    """Find the texts that are, or are within, an annotation."""
    text = getattr(value, "__forward_arg__", value)
    if isinstance(text, str):
        yield text
    parts = getattr(value, "__args__", None)
    for each in parts if type(parts) is tuple else ():
        yield from _texts_in(each)


def _names_in(text: str) -> Iterator[str]:
    try:
        code = compile(text.lstrip("*"), "", "eval")
    except (SyntaxError, ValueError):
        return
    yield from code.co_names
    for each in code.co_consts:
        if isinstance(each, str):  # 'list["Name"]'
            yield from _names_in(each)


# ---- bases of remote classes ----

_markers: dict[str, type] = {}


def _marker(name: str) -> type:
    """Make, once, a base class for remote classes: an empty one that the ABC knows, or of a method.

    Remote classes are not registered themselves: an ABC asks everything that is registered about
    every class that it meets, and a remote class would ask its owner. And their `__dict__` is that
    of the class, without what it inherits.
    """
    if name not in _markers:
        contents: dict[str, Any] = {"__slots__": (), "__module__": __name__}
        if name in _OF_MANAGERS:
            contents[name] = _core.special_method(name)
            _markers[name] = type(f"Remote{name}", (), contents)
        else:
            marker = type(f"Remote{name}", (), contents)
            _markers[name] = getattr(_collections_abc, name).register(marker)
    return _markers[name]


def abc_markers(base: type, names: tuple[str, ...]) -> tuple[type, ...]:
    """Return the bases of a remote class that belongs to the named ABCs; called by the core.

    A name may also be that of a method of context managers.
    """
    known = (*_NAMED_ABCS, *_OF_MANAGERS)
    return (base, *(_marker(name) for name in names if name in known))
