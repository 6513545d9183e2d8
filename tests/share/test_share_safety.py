"""Shared values may be used by all interpreters at once: nothing is ever written to them."""

from __future__ import annotations

from typing import Any

import pytest

SEALED = "import atoll._core, shared_uses; atoll._core.seal_heap(); values = shared_uses.make()\n"


def test_nothing_is_written(run_cleanly: Any) -> None:
    """In read-only memory every method and builtin function can be called with them."""
    out = run_cleanly(SEALED + "print(shared_uses.call_everything(values))", "-W", "ignore")
    assert int(out) > 100_000


def test_uses_write_nothing(run_cleanly: Any) -> None:
    """In read-only memory they are keys, names, items, text, in containers and under gc.collect()."""
    out = run_cleanly(SEALED + "print(shared_uses.use_often(values, 300))")
    assert int(out) == 300


def test_writing_is_noticed(run_script: Any) -> None:
    """Whoever writes to a shared object in read-only memory ends the process at that place."""
    done = run_script(
        SEALED + "import ctypes; ctypes.memset(id(values[27]) + 16, 0, 1)", "-X", "faulthandler"
    )
    assert done.returncode == -11
    assert "Segmentation fault" in done.stderr
    assert "script.py" in done.stderr


def test_interpreters_at_once(run_cleanly: Any) -> None:
    """8 threads in 8 interpreters, made and closed all the while, use read-only values at once."""
    out = run_cleanly(
        SEALED
        + """
from concurrent.futures import ThreadPoolExecutor

def work(number):
    done = 0
    for _ in range(2):
        with atoll.Interpreter() as interpreter:
            done += interpreter.call(shared_uses.use_often, values, 100)
            made = interpreter.call(shared_uses.make)
        done += shared_uses.use_often(made, 1)
    return done

with ThreadPoolExecutor(8) as pool:
    print(sum(pool.map(work, range(8))))
"""
    )
    assert int(out) == 8 * 2 * 101


def test_sharing_at_once(run_cleanly: Any) -> None:
    """Interpreters that share at once get values that are whole, and equal ones once."""
    run_cleanly(
        """
import atoll
def work(number):
    import atoll
    for i in range(50):
        table = atoll.share({f"k{i}-{j}": (j, f"text {j}") for j in range(200)})
        assert all(table[f"k{i}-{j}"] == (j, f"text {j}") for j in range(200))
        try:
            atoll.share((table, f"lost {i}", [number]))
        except TypeError:
            pass
    return atoll.share("of all at once")

with atoll.InterpreterPoolExecutor(4) as pool:
    made = list(pool.map(work, range(8)))
assert set(made) == {"of all at once"}
"""
    )


@pytest.mark.parametrize("kilobytes", [30, 200, 2000, 20_000])
def test_out_of_memory(run_cleanly: Any, kilobytes: int) -> None:
    """Where memory is short share() is a MemoryError, and what was shared before is whole."""
    run_cleanly(
        f"""
import atoll, pathlib, resource
big = tuple(f"text {{i}}" * 3 for i in range(300_000))
before = atoll.share(("shared", "before"))
count = atoll.share.statistics().objects
status = pathlib.Path("/proc/self/status").read_text()
limit = (int(status.split("VmData:")[1].split()[0]) + {kilobytes}) * 1024
resource.setrlimit(resource.RLIMIT_DATA, (limit, resource.RLIM_INFINITY))
failed = False
try:
    atoll.share(big)
except MemoryError:
    failed = True
resource.setrlimit(resource.RLIMIT_DATA, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
assert before == ("shared", "before")
assert failed
assert atoll.share.statistics().objects == count
assert atoll.share(big) == big
"""
    )


def test_nothing_that_is_reached_changes_it(run_cleanly: Any) -> None:
    """Whatever plain Python reaches from a shared value of any kind does not lead to a change."""
    out = run_cleanly(
        """
import atoll._core, shared_reach
atoll._core.seal_heap()
types = set().union(*(shared_reach.walk(shared_reach.shared(kind)) for kind in shared_reach.KINDS))
print(*sorted(types))
"""
    )
    assert {"mappingproxy", "dict_keys", "dict_items", "dict", "list", "tuple"} <= set(out.split())


def test_nothing_that_is_reached_changes_an_ordinary_one(run_cleanly: Any) -> None:
    """Nor from a frozendict with keys and values that look around while they are asked."""
    out = run_cleanly("import shared_reach; print(*shared_reach.walk(shared_reach.ordinary()))")
    assert {"mappingproxy", "dict_keys", "dict_items", "dict", "list"} <= set(out.split())


def test_leaks_are_noticed(run_script: Any) -> None:
    """The same attempts do change what gives away what it keeps."""
    done = run_script("import shared_reach; shared_reach.walk(shared_reach.Leaking())")
    assert "AssertionError" in done.stderr


def test_refusing_shows_no_inner_dict(run_cleanly: Any) -> None:
    """A trace function sees the frozendict of which a key or member cannot be shared."""
    run_cleanly(
        """
import sys, atoll
seen = []
sys.settrace(lambda frame, *_: seen.append(frame.f_locals.copy()))
for value in ({atoll.frozendict(mark=object()): 1}, frozenset({atoll.frozendict(mark=object())})):
    try:
        atoll.share(value)
    except TypeError:
        pass
    else:
        raise AssertionError
sys.settrace(None)
paths = [names["path"] for names in seen if isinstance(names.get("path"), list)]
steps = [step for path in paths for step in path if isinstance(step, tuple)]
assert any(type(part) is atoll.frozendict for step in steps for part in step)
assert not any(type(part) is dict for step in steps for part in step)
"""
    )
