"""What tasks of distributed do in the interpreters of an in-process cluster. Run as a script."""

from __future__ import annotations

import importlib
import os
import sys
import tempfile
import threading
import traceback
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import dask
from distributed import Client, LocalCluster, Worker, get_client, get_worker, worker_client
from distributed import secede as secede_from_pool

import atoll
import atoll.dask

began = threading.Event()


def where() -> int:
    return atoll.current().id


def increase(n: int) -> int:
    return n + 1


def fail(n: int) -> float:
    return 1 / n


def explain() -> None:
    try:
        fail(0)
    except ZeroDivisionError as error:
        raise ValueError("explained") from error


def ask_worker() -> Any:
    worker = get_worker()
    worker.log_event("topic", {"list": [1]})
    worker.kept = [1, 2]
    return worker.address, worker.get_current_task(), list(get_worker().kept)


def submit_more(n: int) -> int:
    with worker_client() as client:
        return sum(client.gather(client.map(increase, range(n))))


def lists(n: int) -> list[type]:
    """Return the types of results that the worker keeps, as this task sees them."""
    with worker_client() as client:
        made = client.map(list, [range(n)], pure=False) + client.scatter([[n]])
        return [type(each) for each in client.gather(made)]


def compute_more(n: int) -> int:
    return dask.delayed(increase)(n).compute()  # type: ignore[no-any-return]


def submit_after_leaving(n: int) -> int:
    client = get_client()
    futures = client.map(increase, range(n), key=f"left-{n}")
    secede_from_pool()
    return sum(client.gather(futures))


def spin() -> None:
    atoll.main().import_module("__main__").began.set()
    while True:
        pass


class Counter:
    def __init__(self) -> None:
        self.lock = threading.Lock()  # cannot be pickled
        self.n = 0

    def where(self) -> int:
        return where()

    def increase(self) -> int:
        with self.lock:
            self.n += 1
        return self.n


def use(actor: Any) -> int:
    return actor.increase().result()  # type: ignore[no-any-return]


def run_out() -> None:
    raise MemoryError


def read_setting() -> Any:
    return dask.config.get("for.tasks")


def uploaded() -> Any:
    return importlib.import_module("uploaded").n


def lock() -> Any:
    return threading.Lock()


def close_once(executor: Any) -> None:
    """Have others close the interpreter that is lent next, before the task is in it."""
    interpreters = executor._interpreters
    take = interpreters._take

    def closed() -> Any:
        del interpreters._take
        found = take()
        found.close()
        return found

    interpreters._take = closed


def check(client: Client, worker: Worker) -> None:
    """Look at one thing after another."""

    def submit(function: Callable[..., Any], *args: Any, **more: Any) -> Any:
        return client.submit(function, *args, pure=False, **more)

    assert submit(where).result() != atoll.current().id
    assert submit(lambda n: [n, where()][0], 7).result() == 7
    assert submit(read_setting).result() == [1]
    assert client.gather(client.map(increase, range(50))) == list(range(1, 51))
    assert client.submit(sum, client.map(increase, range(5), key="few")).result() == 15

    address, key, kept = submit(ask_worker, key="ask").result()
    assert (address, key, kept, worker.kept) == (worker.address, "ask", [1, 2], [1, 2])
    assert client.get_events("topic")[0][1]["list"] in ((1,), [1])
    assert submit(submit_more, 4).result() == 10
    assert submit(compute_more, 4).result() == 5
    assert submit(lists, 2).result() == [list, list]
    assert submit(submit_after_leaving, 3).result() == 6

    failed = submit(fail, 0).exception(), submit(fail, 0).traceback()
    assert type(failed[0]) is ZeroDivisionError
    assert failed[0].__cause__ is None
    frames = traceback.extract_tb(failed[1])
    assert frames[-1].name == "fail"
    assert not [
        each for each in frames if Path(atoll.__file__).parent in Path(each.filename).parents
    ]
    explained = submit(explain).exception()
    assert str(explained) == "explained"
    assert type(explained.__cause__) is ZeroDivisionError

    spinning = submit(spin, key="spin")
    began.wait()
    assert "spin" in client.call_stack()[worker.address]
    spinning.cancel()
    assert submit(increase, 1).result() == 2  # on the only thread

    counter = submit(Counter, actor=True).result()
    assert counter.where().result() == atoll.current().id
    assert counter.increase().result() == 1
    assert submit(use, counter).result() == 2

    for each in atoll.interpreters():
        if each.name.startswith("dask-"):
            each.close()
    assert submit(increase, 2).result() == 3
    close_once(worker.executors["default"])
    assert submit(increase, 3).result() == 4  # in a new one
    assert type(submit(run_out).exception()) is MemoryError
    assert client.gather(client.map(increase, range(3), pure=False)) == [1, 2, 3]

    for n in 1, 2:
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "uploaded.py"
            file.write_text(f"n = {n}\n")
            client.upload_file(str(file))
        assert submit(uploaded).result() == n

    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as processes:
        worker.executors["processes"] = processes
        with dask.annotate(executor="processes"):
            assert submit(os.getppid).result() == os.getpid()

    refused = submit(lock).exception()
    assert isinstance(refused, TypeError)
    with dask.annotate(executor="threads"):
        assert submit(where).result() == atoll.current().id


def main(folder: str) -> None:
    dask.config.set({"for.tasks": [1]})
    with (
        LocalCluster(
            n_workers=1,
            threads_per_worker=1,
            processes=False,
            protocol="tcp://",
            local_directory=folder,
            dashboard_address=":0",
            preload=["atoll.dask"],
            silence_logs="CRITICAL",
        ) as cluster,
        Client(cluster) as client,
    ):
        check(client, cluster.workers[0])
    names = {each.name for each in atoll.interpreters()}
    assert not [name for name in names if name.startswith("dask-")], names


if __name__ == "__main__":
    main(sys.argv[1])
    print("done")
