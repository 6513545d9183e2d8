"""uvicorn in an interpreter of its own: it serves, and obeys the orders of the main interpreter."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket

import uvicorn
from uvicorn.config import LOGGING_CONFIG

from .. import _core
from .._forwarding.logging import add_interpreter_field
from . import apps, logs

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    from .._queue.queue import Queue

_CLOSE = (b"connection", b"close")


class Listener(socket.socket):
    """The listening socket of all interpreters, as one of them sees it.

    It listens already, with the backlog that main has given it.
    """

    def listen(self, backlog: int = 0, /) -> None:
        """Do nothing."""


class Server(uvicorn.Server):
    """A uvicorn server that is told by a queue to end.

    Orders: "stop": accept no more, finish what runs; "drain": also answer who still has a
    connection, and have him make a new one; "end": break off.
    """

    def __init__(
        self, config: uvicorn.Config, orders: Queue[str], tell: Callable[[], None]
    ) -> None:
        super().__init__(config)
        self._orders = orders
        self._tell = tell
        self._ending: asyncio.Task[None] | None = None

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals to main."""
        yield

    async def serve(self, sockets: list[socket.socket] | None = None) -> None:
        """Serve until an order, or a fault, ends it."""
        serving = asyncio.current_task()
        assert serving is not None
        obeying = asyncio.create_task(self._obey(serving))
        try:
            await super().serve(sockets)
        finally:
            obeying.cancel()
            await self._stop_accepting()  # if it has died, for the others to do

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to accept; one connection at a time, so that others get their share of many."""
        if isinstance(asyncio.get_running_loop(), asyncio.BaseEventLoop):
            self.config.backlog = 1  # how many it accepts before it does something else
        await super().startup(sockets)
        if self.started:  # else the lifespan has failed; later uvicorns raise SystemExit then
            self._tell()

    async def _obey(self, serving: asyncio.Task[Any]) -> None:
        while True:
            match await self._orders.aget():
                case "drain":
                    self._ending = asyncio.create_task(self._drain())
                case "stop":
                    self._ending = asyncio.create_task(self._stop())
                case "end":
                    self.force_exit = self.should_exit = True
                    serving.cancel()

    async def _stop(self) -> None:
        await self._stop_accepting()
        self.should_exit = True

    async def _drain(self) -> None:
        """Accept no more; wait until nobody has a connection, or they are idle for too long.

        To close an idle connection would lose the request that is just arriving at it. So each is
        answered once more, with the word that the connection closes.
        """
        await self._stop_accepting()
        self.config.encoded_headers.append(_CLOSE)
        self.server_state.default_headers = [*self.server_state.default_headers, _CLOSE]
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self.config.timeout_keep_alive):
                for server in self._listening():
                    server.close()  # main and the other interpreters still have the socket
                    await server.wait_closed()  # and all who have connected through it are gone
                while True:  # uvloop's servers do not wait for them
                    await asyncio.sleep(0.05)
                    if not self.server_state.connections:
                        break
        self.should_exit = True

    async def _stop_accepting(self) -> None:
        """Accept no more, and know of all that are accepted."""
        loop = asyncio.get_running_loop()
        if isinstance(loop, asyncio.BaseEventLoop):
            for server in self._listening():
                for each in server.sockets:
                    loop.remove_reader(each.fileno())
            for _ in range(2):  # until the latest has a transport, which its server knows of
                await asyncio.sleep(0)

    def _listening(self) -> list[asyncio.Server]:
        return self.servers if self.started else []


def serve(
    target: str,
    options: dict[str, Any],
    fileno: int,
    orders: Queue[str],
    events: Queue[Any],
    id: int,
) -> None:
    """Serve an application until an order ends it; put `("started", id)` when it accepts.

    Args:
        target: "module:attribute".
        options: Arguments of `uvicorn.Config`.
        fileno: The listening socket.
        orders: See `Server`.
        events: Where main listens.
        id: Who it is.
    """
    config = _make_config(target, options)
    server = Server(config, orders, lambda: events.put(("started", id)))
    with (
        Listener(fileno=os.dup(fileno)) as listener,
        asyncio.Runner(loop_factory=config.get_loop_factory()) as runner,
    ):
        runner.run(server.serve([listener]))


def _make_config(target: str, options: dict[str, Any]) -> uvicorn.Config:
    add_interpreter_field()
    if options.setdefault("log_config", LOGGING_CONFIG) == LOGGING_CONFIG:
        options["log_config"] = logs.named(LOGGING_CONFIG, _core.own_name())
    app = apps.find(target, options.pop("factory", False))
    if options.get("interface", "auto") == "auto" and apps.is_wsgi(app):
        options["interface"] = "wsgi"
    if options.get("interface") == "wsgi":
        import a2wsgi  # noqa: F401  # else uvicorn takes one of its own, and advises against it
    return uvicorn.Config(app, **options)
