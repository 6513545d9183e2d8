"""What one operation on a Proxy costs, against the same operation on a local object.

Every figure is the best of many short batches, without loop overhead; the local and the proxied
loop take turns.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from threading import Thread
from typing import Any

import instances
import targets
from measure import Loop, interleave
from report import Bound, Figure, finish, parser

import atoll

CALL_BOUND = Bound(4.5 if sys.version_info >= (3, 14) else 6.0)
ATTRIBUTE_BOUND = Bound(0.7)  # of a proxied method call
LOOP_BOUND = Bound(0.25 if sys.version_info >= (3, 14) else 0.3)  # likewise, for each item
TEXT_BOUND = Bound(1.5)  # of a call with one int
BIG_INT_BOUND = Bound(1.25)  # of a call with a small int, either way
INSTANCE_BOUND = Bound(2.0)  # of a call with a tuple as long
DROP_BOUND = Bound(60.0, "value")  # nanoseconds
DROPPED = 5_000  # proxies in one timed drop
LIST_LENGTH = 1_000


@dataclass(frozen=True)
class Case:
    """One statement on `p`: what `make(*arguments)` made, here or in the other interpreter."""

    name: str
    statement: str
    make: Callable[..., object] = targets.Counter
    arguments: tuple[object, ...] = ()
    setup: str = "pass"
    names: Mapping[str, object] = field(default_factory=dict)
    items: int = 1


def increment(value: int) -> int:
    return value + 1


def result(kind: str, value: object) -> Case:
    return Case(f"result: {kind}", "p.value()", targets.Holder, (value,))


def caught(exception: str, statement: str, **rest: Any) -> Case:
    guarded = f"try: {statement}\nexcept {exception}: pass"
    return Case(f"{statement} raises {exception}, caught", guarded, **rest)


METHOD_CALL = Case("p.add(1)", "p.add(1)")
ATTRIBUTE_READ = Case("p.n", "p.n")
INT_ARGUMENT = Case("argument: int", "p.take(a)", setup="a = 1")
BIG_INT_ARGUMENT = Case("argument: 10**30", "p.take(a)", setup="a = 10**30")
TEXT_ARGUMENT = Case("argument: str of 100", "p.take(a)", setup="a = 'x' * 100")
TUPLE_ARGUMENT = Case("argument: (1, 2, 3)", "p.take(a)", setup="a = (1, 2, 3)")
NAMED_TUPLE_ARGUMENT = Case(
    "argument: a named tuple of 3", "p.take(a)", names={"a": instances.Triple(1, 2, 3)}
)
FROZEN_ARGUMENT = Case(
    "argument: a frozen dataclass of 3", "p.take(a)", names={"a": instances.Frozen(1, 2, 3)}
)
INT_RESULT = result("int", 1)
BIG_INT_RESULT = result("10**30", 10**30)
LIST_LOOP = Case(
    "for item in p: per item",
    "for item in p: pass",
    targets.make_list,
    (LIST_LENGTH,),
    items=LIST_LENGTH,
)

CASES = (
    METHOD_CALL,
    Case("m = p.add; m(1)", "m(1)", setup="m = p.add"),
    Case("p.add(k=1)", "p.add(k=1)"),
    ATTRIBUTE_READ,
    Case("p.n = 1", "p.n = 1"),
    Case("p += 1", "p += 1"),
    INT_ARGUMENT,
    BIG_INT_ARGUMENT,
    TEXT_ARGUMENT,
    TUPLE_ARGUMENT,
    NAMED_TUPLE_ARGUMENT,
    FROZEN_ARGUMENT,
    Case("argument: a local list", "p.take(a)", setup="a = [1]"),
    INT_RESULT,
    result("float", 2.5),
    BIG_INT_RESULT,
    result("str of 10", "x" * 10),
    result("str of 100", "x" * 100),
    result("str of 1,000", "x" * 1_000),
    result("str of 100,000", "x" * 100_000),
    result("bytes of 100", b"x" * 100),
    result("(1, 2, 3)", (1, 2, 3)),
    result("((1, 2), ('a', 2.5))", ((1, 2), ("a", 2.5))),
    Case("result: a list (new Proxy, dropped)", "p.value()", targets.hold_list),
    Case("a local list there and back", "p.echo(a)", setup="a = [1]"),
    Case("callback: p.call(f, 1)", "p.call(f, 1)", names={"f": increment}),
    caught("KeyError", "p['absent']", make=targets.make_dict),
    caught("ValueError", "p.fail()"),
    Case("p['present']", "p['present']", targets.make_dict),
    Case("len(p)", "len(p)", targets.make_list, (LIST_LENGTH,)),
    Case("p[0]", "p[0]", targets.make_list, (LIST_LENGTH,)),
    LIST_LOOP,
    Case(
        "list(p): per item",
        "list(p)",
        targets.make_list,
        (LIST_LENGTH,),
        items=LIST_LENGTH,
    ),
    Case(
        "dict(p): per item",
        "dict(p)",
        targets.make_numbered,
        (LIST_LENGTH,),
        items=LIST_LENGTH,
    ),
)


def loops_of(case: Case, interpreter: atoll.Interpreter) -> tuple[Loop, Loop]:
    """The same statement on a local object and on a Proxy."""
    local = case.make(*case.arguments)
    proxy = interpreter.call(case.make, *case.arguments)
    if not atoll.is_proxy(proxy):
        raise TypeError(f"{case.name}: no Proxy but {proxy!r}")
    return _loop(case, "local", local), _loop(case, "proxied", proxy)


def _loop(case: Case, where: str, target: object) -> Loop:
    names = {"p": target, **case.names}
    return Loop(f"{where} {case.name}", case.statement, names, case.setup, case.items)


def measure_cases(
    interpreter: atoll.Interpreter, cases: Sequence[Case], rounds: int
) -> list[Figure]:
    """The figure of each case against the local one."""
    loops = [loop for case in cases for loop in loops_of(case, interpreter)]
    costs = interleave(loops, rounds)
    return [_figure(case, costs) for case in cases]


def _figure(case: Case, costs: Mapping[str, float]) -> Figure:
    local = Figure("local", costs[f"local {case.name}"])
    bound = CALL_BOUND if case is METHOD_CALL else None
    return Figure(case.name, costs[f"proxied {case.name}"], against=local, bound=bound)


def compare(figures: Sequence[Figure]) -> list[Figure]:
    """Some proxied operations against other proxied ones."""
    by_name = {figure.name: figure for figure in figures}
    return [
        replace(by_name[case.name], against=by_name[other.name], bound=bound)
        for case, other, bound in (
            (ATTRIBUTE_READ, METHOD_CALL, ATTRIBUTE_BOUND),
            (LIST_LOOP, METHOD_CALL, LOOP_BOUND),
            (BIG_INT_ARGUMENT, INT_ARGUMENT, BIG_INT_BOUND),
            (BIG_INT_RESULT, INT_RESULT, BIG_INT_BOUND),
            (TEXT_ARGUMENT, INT_ARGUMENT, TEXT_BOUND),
            (NAMED_TUPLE_ARGUMENT, TUPLE_ARGUMENT, INSTANCE_BOUND),
            (FROZEN_ARGUMENT, TUPLE_ARGUMENT, INSTANCE_BOUND),
        )
    ]


def measure_threaded(interpreter: atoll.Interpreter, rounds: int) -> list[Figure]:
    """The main figures again in a process that has had threads: then its locks cost more."""
    thread = Thread(target=int)
    thread.start()
    thread.join()
    call, read = (
        replace(figure, name=f"{figure.name}, after a thread ran", bound=None)
        for figure in measure_cases(interpreter, (METHOD_CALL, ATTRIBUTE_READ), rounds)
    )
    return [call, replace(read, against=call)]


def measure_drops(interpreter: atoll.Interpreter, rounds: int) -> list[Figure]:
    """What it costs to drop the last reference to a Proxy; each refers to another object."""
    remote = interpreter.call(targets.Factory)
    best = {"none": float("inf"), "local": float("inf"), "proxied": float("inf")}
    makers = {"none": lambda: None, "local": targets.Factory().make, "proxied": remote.make}
    for _ in range(rounds):
        for kind, make in makers.items():
            best[kind] = min(best[kind], time_drop(make))
        remote.make()  # lets the owner release what was dropped
    local = Figure("drop of a local object", best["local"] - best["none"])
    dropped = best["proxied"] - best["none"]
    return [Figure("drop of a Proxy", dropped, against=local, bound=DROP_BOUND)]


def time_drop(make: Callable[[], object]) -> float:
    """Nanoseconds per item to clear a list of many new objects."""
    items = [make() for _ in range(DROPPED)]
    start = time.perf_counter_ns()
    items.clear()
    return (time.perf_counter_ns() - start) / DROPPED


def main() -> int:
    options = parser(__doc__, rounds=30).parse_args()
    with atoll.Interpreter(name="bench") as interpreter:
        figures = measure_cases(interpreter, CASES, options.rounds)
        drops = measure_drops(interpreter, options.rounds)
        threaded = measure_threaded(interpreter, options.rounds)
    return finish("crossing", [*figures, *compare(figures), *drops, *threaded], options)


if __name__ == "__main__":
    sys.exit(main())
