"""concurrent.futures: the object in this interpreter, used by one thread that takes requests."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import workload
from rival import TEXT, Names, Rival, caught

STATEMENTS = {
    "call": "submit(target.add, 1).result()",
    "text": "submit(target.take, text).result()",
    "attribute": "submit(getattr, target, 'n').result()",
    "bulk": "submit(target.bulk).result()",
    "exception": caught("submit(target.fail).result()"),
}


@contextmanager
def opened() -> Iterator[Names]:
    with ThreadPoolExecutor(1) as pool:
        yield {"submit": pool.submit, "target": workload.Target(), "text": TEXT}


RIVAL = Rival("ThreadPoolExecutor, one thread", opened, STATEMENTS)
