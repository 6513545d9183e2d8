"""Classes whose metaclass lies: about their name, mro, attributes, instances, truth."""

import atoll

one = atoll.Interpreter("one")
one.exec("""
class Meta(type):
    def __getattribute__(cls, name):
        if name in ("__module__", "__name__", "__qualname__", "__flags__"):
            raise RuntimeError(name)
        return super().__getattribute__(name)
    def __instancecheck__(cls, x): raise RuntimeError("instance")
    def __subclasscheck__(cls, x): raise RuntimeError("subclass")
    def __hash__(cls): raise RuntimeError("hash")
    def __eq__(cls, other): raise RuntimeError("eq")
    def __bool__(cls): raise RuntimeError("bool")
    def __len__(cls): raise RuntimeError("len")
    def __repr__(cls): return 5
    def __call__(cls, *args): return 42
    def __del__(cls): pass
class Strange(metaclass=Meta): pass
strange = object.__new__(Strange)

class Mro(type):
    def mro(cls): return (cls, dict, object) if False else super().mro()
class Odd(dict, metaclass=Mro): pass
odd = Odd(a=1)

class Names(type):
    __module__ = 5
    @property
    def __name__(cls): return 5
class Named(metaclass=Names):
    __module__ = None
    __class__ = int
    __slots__ = ("__dict__", "__weakref__")
named = Named()
class Empty(metaclass=type("M" * 5000, (type,), {})): pass
Empty.__name__ = "a.b c\u00e9\U0001f600" * 100
empty = Empty()
from abc import ABCMeta
from enum import Enum, EnumMeta
class Colour(Enum): red = 1
class Proto(metaclass=ABCMeta): pass
Proto.register(int)
""")
for name in (
    "Meta",
    "Mro",
    "Odd",
    "odd",
    "Names",
    "Named",
    "named",
    "Empty",
    "empty",
    "Strange",
    "strange",
    "Colour",
    "EnumMeta",
    "Proto",
    "ABCMeta",
    "type",
    "object",
):
    try:
        thing = one.eval(name)
        for use in (
            repr,
            type,
            hash,
            bool,
            callable,
            id,
            dir,
            atoll.type_of,
            lambda x: x == x,
            lambda x: isinstance(1, x),
            lambda x: issubclass(int, x),
            lambda x: x(),
            lambda x: x.__class__,
            lambda x: x.__mro__,
            lambda x: isinstance(x, type),
        ):
            try:
                use(thing)
            except (RuntimeError, TypeError, AttributeError, atoll.RemoteError, ValueError):
                pass
    except (RuntimeError, TypeError, AttributeError, UnicodeError):
        pass
assert isinstance(1, one.eval("Proto"))
one.close()
