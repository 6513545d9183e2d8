"""Who tries to get more of a restricted object than it was given; runs in the holder's interpreter."""

from __future__ import annotations

import contextlib
import enum
import fractions
import functools
import gc
import random
import sys
import threading
import types
from collections.abc import Callable
from typing import Any

import restrict_owners

import atoll

RESULTS, USES, RAISED = (
    list(table) for table in (restrict_owners.RESULTS, restrict_owners.USES, restrict_owners.RAISED)
)


class Catcher:
    """Takes part in every operation, keeps what it is given, and lies about itself."""

    caught: list[Any] = []  # noqa: RUF012

    def __init__(self, answer: Any = None) -> None:
        self.answer = answer

    def _catch(self, *given: Any, **named: Any) -> Any:
        Catcher.caught += [*given, *named.values()]
        return self.answer

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return self._catch

    def __setattr__(self, name: str, value: Any) -> None:
        Catcher.caught.append(value)
        object.__setattr__(self, name, value)

    def __reduce_ex__(self, protocol: Any) -> Any:
        _unpickled.append("asked to pickle")
        return eval, ("1/0",)

    def __iter__(self) -> Any:
        return iter([self.answer, self])

    def __len__(self) -> int:
        return 5

    def __hash__(self) -> int:
        return 1

    def __enter__(self) -> Any:
        return self

    __call__ = __add__ = __radd__ = __iadd__ = __or__ = __ror__ = __matmul__ = __mod__ = _catch
    __lt__ = __gt__ = __le__ = __ge__ = __eq__ = __ne__ = __getitem__ = __setitem__ = _catch  # type: ignore[assignment]
    __contains__ = __exit__ = __instancecheck__ = __subclasscheck__ = __mro_entries__ = _catch
    __format__ = __index__ = __int__ = __bytes__ = __del__ = _catch  # type: ignore[assignment]


_unpickled: list[str] = []


def _lying(**namespace: Any) -> Any:
    return type("Fraction", (Catcher,), namespace)()


class LyingMeta(type):
    def __getattribute__(cls, name: str) -> Any:
        lies = {"__module__": "fractions", "__qualname__": "Fraction", "__name__": "Fraction"}
        return lies[name] if name in lies else type.__getattribute__(cls, name)

    def __eq__(cls, other: object) -> bool:
        return True

    def __hash__(cls) -> int:
        return hash(fractions.Fraction)

    def __instancecheck__(cls, it: object) -> bool:
        Catcher.caught.append(it)
        return True

    def __subclasscheck__(cls, it: object) -> bool:
        Catcher.caught.append(it)
        return True


class Lying(Catcher, metaclass=LyingMeta):
    pass


class OwnError(LookupError):
    def __reduce_ex__(self, protocol: Any) -> Any:
        _unpickled.append("asked to pickle an exception")
        return eval, ("1/0",)

    def __str__(self) -> str:
        return self.args[0]  # type: ignore[no-any-return]


class Flavour(enum.Enum):
    SWEET = 1


def _raise(error: BaseException) -> Any:
    raise error


def _generator() -> Any:
    for _ in range(5):  # not for ever: somebody may make a list of it
        try:
            Catcher.caught.append((yield 1))
        except BaseException as error:
            Catcher.caught.append(error)
            raise OwnError("out", error) from error


def _raising(*given: Any, **named: Any) -> Any:
    Catcher.caught += [*given, *named.values()]
    raise OwnError("called", given)


ARGUMENTS: dict[str, Callable[[Any], Any]] = {
    "value": lambda v: random.choice([1, "a{0.secret}{1.secret}", (2,), None, b"x", 1.5, -1]),
    "itself": lambda v: v,
    "catcher": lambda v: Catcher(),
    "one": lambda v: Catcher(1),
    "number": lambda v: Catcher(2**70),
    "text": lambda v: Catcher("text"),
    "true": lambda v: Catcher(True),
    "not implemented": lambda v: Catcher(NotImplemented),
    "raising": lambda v: _raising,
    "module": lambda v: _lying(__module__="fractions", __qualname__="Fraction"),
    "class": lambda v: _lying(__class__=property(lambda self: fractions.Fraction)),
    "account": lambda v: _lying(__module__="restrict_owners", __qualname__="Account"),
    "size": lambda v: _lying(__len__=lambda self: 2**62),
    "negative": lambda v: _lying(
        __len__=lambda self: -1, __hash__=lambda self: random.getrandbits(60)
    ),
    "order": lambda v: _lying(__lt__=lambda self, other: _raise(OwnError("order", other))),
    "bad hash": lambda v: _lying(__hash__=lambda self: _raise(OwnError("hash"))),
    "lying": lambda v: Lying(),
    "lying class": lambda v: Lying,
    "exception": lambda v: OwnError("mine", v),
    "exception class": lambda v: OwnError,
    "generator": lambda v: _generator(),
    "list": lambda v: [1, [v]],
    "dict": lambda v: {"a": v},
    "tuple": lambda v: (1, [v], frozenset([_raising])),
    "enum": lambda v: Flavour.SWEET,
    "fraction": lambda v: fractions.Fraction(1, 2),
    "function": lambda v: lambda *given, **named: Catcher.caught.extend([*given, *named.values()]),
    "same": lambda v: lambda *given: given[0] if given else v,
    "partial": lambda v: functools.partial(_raising, v),
    "bound": lambda v: [].append,
    "builtin": lambda v: random.choice([len, str, list, type, vars, getattr, repr]),
    "restricted": lambda v: atoll.restrict(Catcher(), ["append", "__call__", "__eq__"]),
    "restricted view": lambda v: atoll.restrict(v, ["result"]),
    "marked": lambda v: atoll.ref((1, v)),
    "copied": lambda v: atoll.copy([1]),
    "queue": lambda v: atoll.Queue(),
    "interpreter": lambda v: atoll.current(),
    "memory": lambda v: bytearray(b"abc"),
    "module object": lambda v: sys,
    "deep": lambda v: functools.reduce(lambda inner, _: (inner,), range(300), (v, [1])),
}


class Holder:
    """Does at random what a holder can do; nothing that it gets hold of may be open."""

    def __init__(self, view: Any, seed: int) -> None:
        self.view = view
        self.random = random.Random(seed)
        self.got: list[Any] = []
        self.log: list[str] = []

    def step(self) -> None:
        kind = self.random.choice(
            [self.result, self.use, self.use, self.fail, self.again, self.dive]
        )
        try:
            self.keep(kind())
        except BaseException as error:
            self.keep(error)
        self.keep(tuple(Catcher.caught))
        Catcher.caught.clear()

    def keep(self, it: Any, depth: int = 5) -> None:
        if isinstance(it, BaseException) and not atoll.is_proxy(it):
            it = (it.args, it.__cause__, it.__context__, vars(it))
        self.got.append(it)
        if type(it) in (tuple, list, frozenset) and depth > 0:
            for each in list(it)[:20]:
                self.keep(each, depth - 1)
        del self.got[:-200]

    def note(self, *what: Any) -> None:
        self.log.append(repr(what))

    def result(self) -> Any:
        how = self.random.choice(["result", "yields", "returns", "__call__", "__getitem__"])
        kind = self.random.choice(RESULTS)
        self.note(how, kind)
        if how == "__getitem__":
            return self.view[kind]
        return self.view(kind) if how == "__call__" else getattr(self.view, how)(kind)

    def argument(self) -> Any:
        kind = self.random.choice([*ARGUMENTS, "got", "got", "got"])
        self.note("argument", kind)
        if kind == "got":
            return self.random.choice(self.got) if self.got else None
        return ARGUMENTS[kind](self.view)

    def use(self) -> Any:
        kind = self.random.choice(USES)
        self.note("use", kind)
        argument = self.argument()
        choice = self.random.randrange(6)
        if choice == 0:
            return self.view + argument
        if choice == 1:
            return self.view == argument
        if choice == 2:
            with self.view as entered:
                raise OwnError("within", argument)
            return entered
        return self.view.use(kind, argument)

    def fail(self) -> Any:
        kind = self.random.choice(RAISED)
        self.note("fail", kind)
        return self.view.fail(kind)

    def again(self) -> Any:
        """Try on what was got before."""
        proxies = [each for each in self.got if atoll.is_proxy(each) and each is not self.view]
        it = self.random.choice(proxies)
        name = self.random.choice(
            "next send throw close secret gi_frame func __self__ __func__ __globals__ __class__ mapping "
            "__dict__ __await__ __anext__ args __traceback__ __reduce_ex__ read getvalue append".split()
        )
        self.note("again", type(it).__name__, name)
        for function in (next, iter, len, str, hash, aiter, reversed, vars, dir, memoryview):
            with contextlib.suppress(Exception):
                self.keep(function(it))
        attribute = getattr(it, name)
        self.keep(attribute)
        return attribute(*[self.argument() for _ in range(self.random.randrange(3))])

    def dive(self) -> Any:
        """Do it where the stack ends, from deeper to less deep."""
        self.note("dive")
        left = self.random.randrange(1, 40)
        kind = self.random.choice([self.result, self.use])

        def down() -> None:
            nonlocal left
            try:
                down()
            except RecursionError:
                pass
            if left > 0:
                left -= 1
                try:
                    self.keep(kind())
                except BaseException as error:
                    with contextlib.suppress(RecursionError):
                        self.keep(error)

        down()
        return None


def opened() -> list[Any]:
    """List all that stands here for an object of another interpreter's that is not narrowed."""
    gc.collect()
    found = []
    for each in gc.get_objects():
        if not isinstance(each, types.FunctionType) and atoll.is_proxy(each):
            with contextlib.suppress(AttributeError, TypeError):  # it is narrowed; it is a class
                atoll.owner(each)
                found.append(each)
    return found


def explore(view: Any, seed: int, steps: int, threads: int = 1) -> tuple[str, ...]:
    """Try at random, and say what was found that should not have been, with the latest steps."""
    # What a finalizer of its own raises does not cross because of the view.
    sys.unraisablehook = lambda unraisable: None
    before = opened()
    known = set(map(id, before))
    holders = [Holder(view, seed * 10 + number) for number in range(threads)]
    random.seed(seed)

    def run(holder: Holder) -> None:
        for _ in range(steps):
            holder.step()

    others = [threading.Thread(target=run, args=(each,)) for each in holders[1:]]
    for each in others:
        each.start()
    run(holders[0])
    for each in others:
        each.join()
    leaks = [type(each).__name__ for each in opened() if id(each) not in known]
    del before
    if leaks or _unpickled:
        return (*leaks, *_unpickled, *holders[0].log[-3:])
    return ()
