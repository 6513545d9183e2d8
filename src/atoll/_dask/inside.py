"""What tasks find in an interpreter: `get_worker()`, clients, `secede()`, dask's configuration.

Of dask only the configuration is imported before a task asks for more. `distributed.worker` is
adapted when it is imported. What a task asks of its worker is done in main on the same thread,
which is the worker's own.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import MutableMapping

from .. import _core
from .._interpreter.interpreter import main
from .._transfer.values import copy

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from importlib.machinery import ModuleSpec
    from types import ModuleType
    from typing import Any, NoReturn

    from .._interpreter.interpreter import Interpreter


# ---- in main ----


def prepare_from_main(interpreter: Interpreter, worker: Any) -> None:
    """Make an interpreter ready for the tasks of a worker."""
    import dask.config

    # That is about clients of this interpreter.
    settings = {key: value for key, value in dask.config.config.items() if key != "scheduler"}
    interpreter.call(prepare, copy(settings), _core.mark(worker, False))


def thread_state(name: str) -> Any:
    """Return what distributed knows of the task that this thread runs."""
    from distributed import worker

    return getattr(vars(worker)["thread_state"], name)


def _secede(adjust: bool) -> None:
    from distributed import threadpoolexecutor

    threadpoolexecutor.secede(adjust)


def _rejoin() -> None:
    from distributed import threadpoolexecutor

    threadpoolexecutor.rejoin()


def _handle_soon(worker: Any, events: Any) -> None:
    """Have the worker's state handle events, on the thread of its event loop."""
    worker.loop.add_callback(worker.handle_stimulus, *events)


# ---- inside ----


class OnlyInMain(BaseException):
    """A task asks for what is main's alone: it is run there instead."""


class _Plugins(dict[str, object]):
    """The worker's plugins; that of P2P shuffles has thread pools and buffers of main's."""

    def __getitem__(self, name: str) -> object:
        if name == "shuffle":
            raise OnlyInMain
        return super().__getitem__(name)


class _Data(MutableMapping[object, object]):
    """The results that the worker keeps. Clients read them there, as those that came by network."""

    def __init__(self, data: Any) -> None:
        self._data = data

    def __getitem__(self, key: object) -> object:
        found = self._data[key]
        return copy(found) if _core.is_proxy(found) else found

    def __setitem__(self, key: object, value: object) -> None:
        self._data[key] = _copied(value)

    def __delitem__(self, key: object) -> None:
        del self._data[key]

    def __contains__(self, key: object) -> bool:
        return key in self._data

    def __iter__(self) -> Iterator[object]:
        return iter(list(self._data))

    def __len__(self) -> int:
        return len(self._data)


def prepare(settings: dict[str, Any], worker: Any) -> None:
    """Take over main's configuration of dask; adapt distributed when a task imports it."""
    import dask.config

    dask.config.update(dask.config.config, settings)
    sys.meta_path.insert(0, _Adapting(worker))


def finish() -> None:
    """Close the client of this interpreter, if there is one."""
    adapted = getattr(sys.modules.get("distributed.worker"), "_worker_cvar", None)
    if adapted is not None:
        adapted.get()._close_client()


class _Adapting:
    """A finder that adapts `distributed.worker` once it has been executed."""

    def __init__(self, worker: Any) -> None:
        self._worker = worker

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        if name != "distributed.worker":
            return None
        from importlib.util import find_spec

        sys.meta_path.remove(self)
        spec = find_spec(name)
        if spec is not None and spec.loader is not None:
            vars(spec.loader)["exec_module"] = self._executing(spec.loader.exec_module)
        return spec

    def _executing(self, execute: Callable[[ModuleType], None]) -> Callable[[ModuleType], None]:
        def exec_module(module: ModuleType) -> None:
            execute(module)
            _adapt(module, self._worker)

        return exec_module


def _adapt(module: Any, worker: Any) -> None:
    from contextvars import ContextVar

    from distributed import threadpoolexecutor

    module._worker_cvar = ContextVar("_worker_cvar", default=RemoteWorker(worker))  # noqa: B039
    client: Any = sys.modules["distributed.client"]  # has these names already, as it imports us
    client.thread_state = module.thread_state = _ThreadState()
    module.tpe_secede = threadpoolexecutor.secede = secede
    client.rejoin = threadpoolexecutor.rejoin = rejoin


def secede(adjust: bool = True) -> None:
    """Take this thread out of its thread pool, which is main's."""
    main().call(_secede, adjust)


def rejoin() -> None:
    """Bring this thread back into its thread pool, as soon as there is room."""
    main().call(_rejoin)


class _ThreadState:
    """distributed's `thread_state` of this thread in main."""

    def __getattr__(self, name: str) -> Any:
        return main().call(thread_state, name)


class RemoteWorker:
    """The worker in main, for `get_worker()`.

    What it is given goes by value: main must not send a Proxy on, nor wait for this interpreter.
    What has to do with an event loop is a Client's of this interpreter, made when first asked for.
    """

    def __init__(self, worker: Any) -> None:
        vars(self).update(_worker=worker, _own_client=None, _lock=threading.Lock())

    def __repr__(self) -> str:
        return repr(self._worker)

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._worker, name)
        return _by_value(found) if _core.is_proxy(found) and callable(found) else found

    def __setattr__(self, name: str, value: Any) -> None:
        setattr(self._worker, name, _copied(value))

    def __delattr__(self, name: str) -> None:
        delattr(self._worker, name)

    def __reduce__(self) -> NoReturn:
        raise TypeError("the worker that get_worker() returns cannot be sent elsewhere")

    @property
    def client(self) -> Any:
        return self._get_client()

    @property
    def loop(self) -> Any:
        return self.client.loop

    io_loop = loop

    @property
    def scheduler(self) -> Any:
        return self.client.scheduler

    @property
    def rpc(self) -> Any:
        return self.client.rpc

    @property
    def data(self) -> _Data:
        return _Data(self._worker.data)

    @property
    def plugins(self) -> _Plugins:
        found = self._worker.plugins
        return _Plugins({name: found[name] for name in found})

    def handle_stimulus(self, *events: Any) -> None:
        main().call(_handle_soon, self._worker, copy(events))

    def _get_client(self, timeout: float | None = None) -> Any:
        with self._lock:
            if self._own_client is None or self._own_client.status == "closed":
                vars(self)["_own_client"] = self._make_client(timeout)
            client: Any = self._own_client
        self.log_event("worker-get-client", {"client": client.id, "timeout": timeout})
        return client

    def _make_client(self, timeout: float | None) -> Any:
        from distributed import Client

        address = self._worker.scheduler.address
        if address.startswith("inproc:"):
            raise RuntimeError(
                "a Client in an interpreter cannot reach a scheduler at inproc://: "
                'use LocalCluster(..., protocol="tcp://") [docs: how-to/dask]'
            )
        more: dict[str, Any] = {} if timeout is None else {"timeout": timeout}
        return Client(
            address,
            security=copy(self._worker.security),
            set_as_default=True,
            direct_to_workers=True,
            name="worker",
            **more,
        )

    def _close_client(self) -> None:
        if self._own_client is not None:
            self._own_client.close()


def _copied(value: Any) -> Any:
    return value if _core.is_proxy(value) else copy(value)


def _by_value(function: Any) -> Callable[..., Any]:
    def call(*args: Any, **kwargs: Any) -> Any:
        keywords = {name: _copied(value) for name, value in kwargs.items()}
        return function(*map(_copied, args), **keywords)

    return call
