"""uvloop: a loop of libuv, with its pool of threads, callbacks, streams and exceptions."""

import asyncio
import socket
import threading
from typing import Any

import uvloop

from ._facts import told


async def answering(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer each line with its reverse."""
    while line := await reader.readline():
        writer.write(line.strip()[::-1] + b"\n")
        await writer.drain()
    writer.close()


async def talked() -> list[bytes]:
    """A server and its client."""
    server = await asyncio.start_server(answering, "127.0.0.1", 0)
    async with server:
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        lines = []
        for number in range(800):
            writer.write(b"abc%d\n" % number)
            lines.append(await reader.readline())
        writer.close()
        await writer.wait_closed()
    return lines[-2:]


async def scheduled() -> dict[str, object]:
    """Callbacks, timers, threads, and what is cancelled or raised."""
    loop = asyncio.get_running_loop()
    order: list[Any] = []
    loop.call_later(0.05, order.append, "later")
    loop.call_soon(order.append, "soon")
    loop.call_soon_threadsafe(order.append, "safe")
    handled: list[str] = []
    loop.set_exception_handler(lambda loop, context: handled.append(repr(context["exception"])))
    loop.call_soon(lambda: 1 // 0)
    await asyncio.sleep(0.1)
    sleeper = asyncio.create_task(asyncio.sleep(60))
    try:
        await asyncio.wait_for(sleeper, 0.001)
    except TimeoutError:
        order.append("too long")
    addresses = await loop.getaddrinfo("127.0.0.1", 80, type=socket.SOCK_STREAM)  # libuv's threads
    refused = ""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    try:
        await asyncio.open_connection("127.0.0.1", port)
    except OSError as error:
        refused = type(error).__name__
    return {
        "order": order,
        "handled": handled,
        "addresses": [each[4] for each in addresses],
        "executor": await loop.run_in_executor(None, lambda: threading.current_thread().daemon),
        "refused": refused,
        "loop": type(loop).__module__,
    }


async def everything() -> dict[str, object]:
    """Talk and schedule."""
    return {"lines": await talked(), **await scheduled()}


def work() -> str:
    """Run a loop in a thread of its own: signals are for the main one."""
    results: list[dict[str, object]] = []

    def run() -> None:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            results.append(runner.run(everything()))

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    return told(**results[0])
