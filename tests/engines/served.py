"""The applications that the tests serve."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

import atoll

started = False


async def app(scope: Any, receive: Any, send: Any) -> None:
    """Answer with the interpreter's number; what else happens is in the path."""
    if scope["type"] == "lifespan":
        await _live(receive, send)
        return
    match scope["path"]:
        case "/started":
            await _answer(send, str(started))
        case "/die":
            await _answer(send, "")
            asyncio.get_running_loop().stop()
        case "/until-refused":
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await _part(send, "a", more=True)
            await _wait_until_refused(*scope["server"])
            await _part(send, "b")
        case "/for-ever":
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await _part(send, "a", more=True)
            await asyncio.Event().wait()
        case _:
            await _answer(send, str(atoll.current().id))


async def _live(receive: Any, send: Any) -> None:
    global started
    while True:
        event = (await receive())["type"]
        started = event == "lifespan.startup"
        await send({"type": f"{event}.complete"})
        if not started:
            return


async def _part(send: Any, text: str, *, more: bool = False) -> None:
    await send({"type": "http.response.body", "body": text.encode(), "more_body": more})


async def _answer(send: Any, text: str) -> None:
    headers = [(b"content-length", str(len(text)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await _part(send, text)


async def _wait_until_refused(host: str, port: int) -> None:
    with contextlib.suppress(ConnectionError):
        while True:
            _, writer = await asyncio.open_connection(host, port)
            writer.close()
            await writer.wait_closed()


def wsgi(environ: Any, start_response: Any) -> list[bytes]:
    """Answer with the interpreter's name."""
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [atoll.current().name.encode()]


def make_wsgi() -> Any:
    """Make a WSGI application."""
    return wsgi


async def not_living(scope: Any, receive: Any, send: Any) -> None:
    """Fail in the lifespan."""
    await receive()
    await send({"type": "lifespan.startup.failed", "message": "no database"})


class Legacy:
    """An ASGI application of version 2."""

    def __init__(self, scope: Any) -> None:
        pass


number = 1
