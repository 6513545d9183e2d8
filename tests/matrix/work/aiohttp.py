"""aiohttp: parsers and writers of C below a server and its client, multidicts, web sockets."""

import asyncio
import pickle
import threading
from typing import Any

import aiohttp
import aiohttp._http_parser
import aiohttp._http_writer
import frozenlist
import multidict
import multidict._multidict
import yarl
import yarl._quoting_c
from aiohttp import web

from ._facts import raised, told


async def echo(request: web.Request) -> web.Response:
    """Say what has arrived."""
    body = await request.read()
    headers = sorted(key for key in request.headers if key.startswith("X-"))
    return web.json_response(
        {"query": dict(request.query), "size": len(body), "headers": headers},
        headers={"X-Path": str(request.rel_url)},
    )


async def upload(request: web.Request) -> web.Response:
    """Read a form with a file in it."""
    sizes = []
    async for part in await request.multipart():
        sizes.append((part.name, len(await part.read())))
    return web.json_response(sizes)


async def socket(request: web.Request) -> web.WebSocketResponse:
    """Answer messages until the client goes."""
    answers = web.WebSocketResponse(compress=True)
    await answers.prepare(request)
    async for message in answers:
        await answers.send_str(message.data.upper())
    return answers


async def fail(request: web.Request) -> web.Response:
    """Refuse."""
    raise web.HTTPConflict(text="not now")


async def asked(session: aiohttp.ClientSession) -> dict[str, object]:
    """Requests of every kind."""
    for number in range(120):
        async with session.post(
            f"/echo/é?a={number}", data=b"z" * 5000, headers={"X-A": "1"}
        ) as got:
            answer, path = await got.json(), got.headers["x-path"]
    form = aiohttp.FormData()
    form.add_field("file", b"y" * 10_000, filename="f.bin")
    async with session.post("/upload", data=form) as got:
        parts = await got.json()
    async with session.ws_connect("/socket") as messages:
        await messages.send_str("hellö" * 100)
        shouted = (await messages.receive_str())[:5]
    errors = []
    for path_of_error in ("/fail", "/nowhere"):
        try:
            async with session.get(path_of_error, raise_for_status=True):
                pass
        except aiohttp.ClientResponseError as error:
            errors.append((error.status, error.message))
    return {"answer": answer, "path": path, "parts": parts, "shouted": shouted, "errors": errors}


async def served() -> dict[str, object]:
    """A server, and its client in the same loop."""
    application = web.Application()
    application.router.add_route("*", "/echo/{rest}", echo)
    application.router.add_post("/upload", upload)
    application.router.add_get("/socket", socket)
    application.router.add_get("/fail", fail)
    runner = web.AppRunner(application)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    async with aiohttp.ClientSession(f"http://{host}:{port}") as session:
        facts = await asked(session)
    await runner.cleanup()
    refused = ""
    async with aiohttp.ClientSession() as session:
        try:
            await session.get(f"http://{host}:{port}/")
        except aiohttp.ClientConnectorError as error:
            refused = type(error).__name__
    return {**facts, "refused": refused}


def containers() -> dict[str, object]:
    """The compiled types that other packages use too."""
    headers = multidict.CIMultiDict([("Accept", "a"), ("accept", "b")])
    frozen = frozenlist.FrozenList([1, 2])
    frozen.freeze()
    url = yarl.URL("http://exämple.org/a b?x=ü#f") / "c"
    return {
        "headers": (headers.getall("ACCEPT"), pickle.loads(pickle.dumps(headers)) == headers),
        "frozen": raised(lambda: frozen.append(3)),
        "url": (str(url), url.host, pickle.loads(pickle.dumps(url)) == url),
        "parser": aiohttp.http_parser.HttpRequestParser.__module__,
        "missing": raised(lambda: headers.getone("x")),
    }


def work() -> str:
    """Serve and ask, in a thread with a loop."""
    results: list[dict[str, Any]] = []
    thread = threading.Thread(target=lambda: results.append(asyncio.run(served())))
    thread.start()
    thread.join()
    return told(**results[0], **containers())
