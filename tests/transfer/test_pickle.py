"""A Proxy is pickled by the value of its original."""

from __future__ import annotations

import concurrent.futures
import pickle
from typing import Any

import pytest
import workloads

import atoll


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize(
    "expression", ["[1, [2]]", "{'a': {1}}", "Counter(4)", "Counter", "identity"]
)
def test_round_trip(there: Any, expression: str, protocol: int) -> None:
    """A pickled Proxy is loaded as a local object."""
    loaded = pickle.loads(pickle.dumps(there.evaluate(expression), protocol))
    local = workloads.evaluate(expression)
    assert not atoll.is_proxy(loaded)
    assert type(loaded) is type(local)
    assert loaded == local or loaded.n == 4


def test_inside_other_objects(there: Any) -> None:
    """A Proxy inside a local object is pickled with it."""
    mine = {"theirs": there.evaluate("[1]"), "mine": 2}
    assert pickle.loads(pickle.dumps(mine)) == {"theirs": [1], "mine": 2}


def test_local_function_with_a_proxy(there: Any) -> None:
    """cloudpickle pickles a closure with a Proxy by value."""
    import cloudpickle

    theirs = there.evaluate("[1, 2]")
    assert pickle.loads(cloudpickle.dumps(lambda: sum(theirs)))() == 3


def test_pickled_there(there: Any) -> None:
    """The other side pickles proxies to our objects as well."""
    assert pickle.loads(there.call(there.evaluate("__import__('pickle').dumps"), [1, {2}])) == [
        1,
        {2},
    ]


def test_method_is_pickled(there: Any) -> None:
    """A method of a Proxy is pickled with a copy of its object."""
    add = pickle.loads(pickle.dumps(there.Counter(3).add))
    assert add(1) == 4
    assert type(add.__self__) is workloads.Counter


def test_reduce_is_the_only_local_attribute(there: Any) -> None:
    """What `__reduce_ex__` returns holds no Proxy."""
    function, args = there.evaluate("[1]").__reduce_ex__(2)
    assert function(*args) == [1]


def test_what_cannot_be_pickled(there: Any) -> None:
    """An original that pickle refuses is pickle's error."""
    with pytest.raises(TypeError, match="cannot pickle"):
        pickle.dumps(there.evaluate("__import__('threading').Lock()"))


def test_closed(interpreter: atoll.Interpreter) -> None:
    """A Proxy into a closed interpreter cannot be pickled."""
    proxy = interpreter.eval("[]")
    interpreter.close()
    with pytest.raises(atoll.InterpreterClosedError):
        pickle.dumps(proxy)


def test_process_pool(run_cleanly: Any) -> None:
    """A Proxy passed to a pool of processes arrives as a copy."""
    run_cleanly("""
        import atoll, multiprocessing
        if __name__ == "__main__":
            with atoll.Interpreter() as other:
                numbers = other.eval("[1, 2, 3]")
                with multiprocessing.get_context("spawn").Pool(1) as pool:
                    assert pool.apply(sum, (numbers,)) == 6
    """)


def test_thread_pool(there: Any) -> None:
    """A thread pool needs no pickle: the Proxy is the same object."""
    theirs = there.evaluate("[]")
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        assert pool.submit(lambda: theirs).result() is theirs
