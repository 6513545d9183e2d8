"""multiprocessing.Manager: a proxy to an object in a server process."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.managers import BaseManager, BaseProxy

import workload
from rival import TEXT, TRANSPARENT, Names, Rival


class TargetProxy(BaseProxy):
    """Every operation by name, as the documentation shows."""

    _exposed_ = ("__getattribute__", "add", "take", "bulk", "fail")

    @property
    def n(self) -> object:
        return self._ask("__getattribute__", "n")

    def add(self, k: int) -> object:
        return self._ask("add", k)

    def take(self, value: object) -> object:
        return self._ask("take", value)

    def bulk(self) -> object:
        return self._ask("bulk")

    def fail(self) -> object:
        return self._ask("fail")

    def _ask(self, name: str, *arguments: object) -> object:
        call: Callable[..., object] = self._callmethod
        return call(name, arguments)


class TargetManager(BaseManager):
    """Serves Target objects."""


TargetManager.register("Target", workload.Target, TargetProxy)


@contextmanager
def opened() -> Iterator[Names]:
    with TargetManager(ctx=multiprocessing.get_context("spawn")) as manager:
        yield {"target": getattr(manager, "Target")(), "text": TEXT}  # noqa: B009  (registered)


RIVAL = Rival("multiprocessing.Manager", opened, TRANSPARENT)
