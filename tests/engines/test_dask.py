"""dask's own pool= with an executor of ours, and workers of distributed with `atoll.dask`."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from children import environment, limit

import atoll

dask = pytest.importorskip("dask")


def interpreter_id(*unused: object) -> int:
    return atoll.current().id


@pytest.fixture
def pool() -> Iterator[atoll.InterpreterPoolExecutor]:
    # One: each would import dask, and what its tasks use.
    with atoll.InterpreterPoolExecutor(1) as made, dask.config.set(pool=made):
        yield made


def test_pool(pool: atoll.InterpreterPoolExecutor) -> None:
    """What is delayed, bags and arrays compute in the interpreters of `pool=`."""
    bag, array = pytest.importorskip("dask.bag"), pytest.importorskip("dask.array")
    total = dask.delayed(sum)([dask.delayed(pow)(n, 2) for n in range(10)])
    assert total.compute() == 285
    assert dask.delayed(interpreter_id)(total).compute() != atoll.current().id

    words = bag.from_sequence(["a b", "b", "a b c"], npartitions=3)
    counted = words.map(lambda line: line.split()).flatten().frequencies()
    assert dict(counted.compute()) == {"a": 2, "b": 3, "c": 1}
    assert atoll.current().id not in words.map(interpreter_id).compute()

    ones = array.ones((64, 64), chunks=32)
    assert float((ones + ones.T).sum().compute()) == 2 * 64 * 64


def test_pool_for_dataframes(pool: atoll.InterpreterPoolExecutor) -> None:
    """Dataframes are grouped in the interpreters of `pool=`."""
    pandas = pytest.importorskip("pandas")
    pytest.importorskip("pyarrow")
    frame = pytest.importorskip("dask.dataframe")
    data = pandas.DataFrame({"key": [1, 2] * 20, "value": range(40)})
    sums = frame.from_pandas(data, npartitions=4).groupby("key").value.sum().compute()
    assert sums.to_dict() == {1: 380, 2: 400}


def run(script: str | Path, *arguments: str) -> str:
    source = ["-c", script] if isinstance(script, str) else [str(script)]
    done = subprocess.run(
        [sys.executable, *source, *arguments],
        env=environment(),
        capture_output=True,
        text=True,
        timeout=limit(30),
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_distributed(tmp_path: Path) -> None:
    """Tasks of distributed find their worker, clients and each other from inside interpreters."""
    pytest.importorskip("distributed")
    assert run(Path(__file__).with_name("distributed_tasks.py"), str(tmp_path)) == "done\n"


REFUSALS = """
import sys

sys.modules["distributed"] = None
try:
    import atoll.dask
except ModuleNotFoundError as error:
    print(error)
del sys.modules["distributed"]

import atoll.dask
from distributed import worker

for change in None, lambda task, data: None:
    worker._run_task_simple = change
    try:
        atoll.dask.Executor(1)
    except RuntimeError as error:
        print(str(error).partition(":")[0])
try:
    atoll.dask.dask_setup(worker)
except TypeError as error:
    print(error)
"""


def test_refusals() -> None:
    """A missing package, a distributed that is not known and what is no worker are told clearly."""
    version = pytest.importorskip("distributed").__version__
    missing, *unknown, no_worker = run(REFUSALS).splitlines()
    assert missing == "atoll.dask needs dask and distributed: pip install 'atoll[dask]'"
    assert unknown == [f"atoll.dask does not know distributed {version}"] * 2
    assert no_worker.startswith("atoll.dask is for workers, not for a module: dask worker")
