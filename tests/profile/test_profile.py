"""`atoll.profile`: what interpreters run, counted in each of them and added up."""

from __future__ import annotations

import io
import pstats
from collections.abc import Callable
from pathlib import Path
from typing import Any

import profiled
import pytest

import atoll


def calls_of(profile: atoll.profile, name: str) -> int:
    return sum(counts[1] for place, counts in profile.stats.items() if place[2] == name)


def by_executor(n: int) -> None:
    with atoll.InterpreterPoolExecutor(2) as pool:
        list(pool.map(profiled.work, [n // 2] * 2, chunksize=1))


def by_thread(n: int) -> None:
    thread = atoll.Thread(target=profiled.work, args=(n,))
    thread.start()
    thread.join()


def by_new(n: int) -> None:
    with atoll.Interpreter() as new:
        new.call(profiled.work, n)


def by_new_with_options(n: int) -> None:
    with atoll.Interpreter(preemptive=True) as new:
        new.call(profiled.work_in_thread, n)


def by_interpreter_of_interpreter(n: int) -> None:
    with atoll.Interpreter() as new:
        new.call(profiled.work_elsewhere, n)


@pytest.mark.parametrize(
    "run",
    [profiled.work, by_executor, by_thread, by_new, by_new_with_options,
     by_interpreter_of_interpreter],
)  # fmt: skip
def test_counted(run: Callable[[int], Any]) -> None:
    """All calls are counted, in this interpreter and in those that are made and closed within."""
    with atoll.profile() as profile:
        run(10)
    assert calls_of(profile, "count_this") == 10


def test_open_ones(interpreter: atoll.Interpreter) -> None:
    """Interpreters that were there before, and go on afterwards, count what they run within."""
    interpreter.call(profiled.work, 5)
    with atoll.profile() as profile:
        interpreter.call(profiled.work, 5)
    interpreter.call(profiled.work, 5)
    assert calls_of(profile, "count_this") == 5


def test_chosen(interpreter: atoll.Interpreter) -> None:
    """Those that were given are profiled, and no others."""
    with atoll.profile(interpreter) as profile:
        profiled.work(7)
        by_new(7)
        interpreter.call(profiled.work, 5)
    assert calls_of(profile, "count_this") == 5


def test_blocks_add_up(interpreter: atoll.Interpreter) -> None:
    """A profile that is used again adds to what it has."""
    profile = atoll.profile(interpreter)
    for _ in range(2):
        with profile:
            interpreter.call(profiled.work, 3)
    assert calls_of(profile, "count_this") == 6


def test_made_inside(interpreter: atoll.Interpreter) -> None:
    """An interpreter other than main can profile itself and others."""

    def run() -> int:
        with atoll.profile() as profile:
            profiled.work(2)
            by_new(2)
        return calls_of(profile, "count_this")

    assert interpreter.call(run) == 4


def test_output(interpreter: atoll.Interpreter, tmp_path: Path, capsys: Any) -> None:
    """It goes into `pstats.Stats`, a table and a file, as a `cProfile.Profile` does."""
    with atoll.profile(interpreter) as profile:
        interpreter.call(profiled.work, 4)
    stream = io.StringIO()
    pstats.Stats(profile, stream=stream).print_stats("count_this")  # type: ignore[arg-type]
    assert "profiled.py:11(count_this)" in stream.getvalue()
    profile.print_stats("cumulative")
    assert "(count_this)" in capsys.readouterr().out
    profile.dump_stats(tmp_path / "all.prof")
    written: Any = pstats.Stats(str(tmp_path / "all.prof"))
    assert written.stats == profile.stats != {}


def test_another_profiler(interpreter: atoll.Interpreter) -> None:
    """Where another profiler runs there is a ValueError, and nothing is profiled."""
    other = interpreter.call(profiled.keep_profiler)
    profile = atoll.profile()
    with pytest.raises(ValueError, match="already"), profile:
        pytest.fail("entered")
    other.disable()
    with profile:  # it can be used again
        interpreter.call(profiled.work, 3)
    assert calls_of(profile, "count_this") == 3


def test_twice() -> None:
    """A profile that is running cannot be entered again."""
    with atoll.profile() as profile, pytest.raises(RuntimeError, match="running already"), profile:
        pytest.fail("entered")
    with atoll.profile():
        pass


def test_bad_arguments(interpreter: atoll.Interpreter) -> None:
    """Only open interpreters can be profiled."""
    with pytest.raises(TypeError, match="an Interpreter is required, not str"):
        atoll.profile("worker")  # type: ignore[arg-type]
    interpreter.close()
    with pytest.raises(atoll.InterpreterClosedError), atoll.profile(interpreter):
        pytest.fail("entered")
