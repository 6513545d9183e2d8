"""Exceptions with hostile `__init__`, `args`, `__dict__`, `__str__`, `__traceback__`, metaclass, no module."""

import traceback

import atoll

one = atoll.Interpreter("one")
one.exec("""
class Demanding(Exception):
    def __init__(self, a, b, *, c): super().__init__(a); self.b = b
class Liar(Exception):
    @property
    def args(self): raise ZeroDivisionError
    def __str__(self): raise ZeroDivisionError
    __repr__ = __str__
class Slots(ValueError):
    __slots__ = ("x",)
    def __getattribute__(self, name):
        if name == "__dict__": raise ZeroDivisionError
        return super().__getattribute__(name)
class Meta(type):
    def __getattribute__(cls, name):
        if name in ("__module__", "__qualname__", "__mro__"): raise ZeroDivisionError
        return super().__getattribute__(name)
class Metaed(Exception, metaclass=Meta): pass
class Odd(BaseException): __module__ = 5
class Group(ExceptionGroup):
    def derive(self, excs): raise ZeroDivisionError
class Both(OSError, KeyError): pass
class Named(Exception): pass
Named.__qualname__ = "x.<y>.\\ud800"
class New(Exception):
    def __new__(cls, *args): raise ZeroDivisionError
def setstate():
    error = ValueError("x"); error.__notes__ = 5; error.lst = [error]; error.__cause__ = error; error.self = error
    return error
def raises(x): raise x
def unicode(): raise UnicodeDecodeError("utf-8", b"abc", 1, 2, "bad")
def system(): raise SystemExit(["not", "a", "code"])
def stop(): raise StopIteration([1])
class Stopping:
    def __iter__(self): return self
    def __next__(self):
        try: raise ValueError
        except ValueError: raise StopIteration
""")
raises = one.eval("raises")
for expression in (
    "raises(Demanding(1, 2, c=3))",
    "raises(Liar(1))",
    "raises(Slots([1]))",
    "raises(Metaed(1))",
    "raises(Odd([1]))",
    "raises(Group('g', [ValueError(1), Liar()]))",
    "raises(Both(2, 'x', 'f'))",
    "raises(Named(1))",
    "raises(BaseException.__new__(New))",
    "raises(setstate())",
    "unicode()",
    "system()",
    "stop()",
    "raises(OSError(2, 'x', 'f', None, 'g'))",
    "raises(ImportError('x', name=5, path=[]))",
    "raises(SyntaxError('x', ('f', 1, 2, 'text')))",
    "raises(BaseExceptionGroup('g', [KeyboardInterrupt()]))",
    "raises(KeyError(KeyError))",
    "raises(ValueError)",
    "raises(5)",
    "raises(AttributeError('x', name='n', obj=[1]))",
    "raises(StopAsyncIteration())",
):
    try:
        one.eval(expression)
    except BaseException as error:
        "".join(traceback.format_exception(error))
        try:
            raises(error)  # there and back again
        except BaseException as back:
            try:
                "".join(traceback.format_exception(back))
                repr(back)
            except ZeroDivisionError:
                pass
    else:
        raise AssertionError(expression)


def delegate():
    return (yield from one.eval("Stopping()"))  # C code reads what a StopIteration has as its value


assert list(delegate()) == []
kept = []
try:
    one.exec("x = [1]; raise ValueError(x)")
except ValueError as error:
    kept.append(error)
one.close()
try:
    str(kept[0]), "".join(traceback.format_exception(kept[0]))
except atoll.InterpreterClosedError:
    pass
