"""A client for `bench_serve.py`: keeps connections, and prints requests and failures.

python serve_load.py PORT PATH CONNECTIONS SECONDS
"""

from __future__ import annotations

import asyncio
import sys
import time


class Client(asyncio.Protocol):
    """Asks again as soon as it is answered, until the time is over."""

    def __init__(self, request: bytes, end: float, totals: list[int]) -> None:
        self.over = asyncio.get_running_loop().create_future()
        self._request, self._end, self._totals = request, end, totals
        self._answer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        self._answer += data
        if not self._answer.endswith(b"\r\n\r\nok"):
            return
        self._answer = b""
        self._totals[0] += 1
        if time.monotonic() < self._end:
            self._transport.write(self._request)
        else:
            self._finish(failed=False)

    def connection_lost(self, error: Exception | None) -> None:
        if not self.over.done():
            self._finish(failed=True)

    def _finish(self, failed: bool) -> None:
        self._totals[1] += failed
        self._transport.close()
        self.over.set_result(None)


async def main(port: int, path: str, connections: int, seconds: float) -> None:
    """Load a server for so long."""
    request = f"GET {path} HTTP/1.1\r\nHost: here\r\n\r\n".encode()
    totals, loop = [0, 0], asyncio.get_running_loop()
    end = time.monotonic() + seconds
    clients = [
        (await loop.create_connection(lambda: Client(request, end, totals), "127.0.0.1", port))[1]
        for _ in range(connections)
    ]
    await asyncio.gather(*(each.over for each in clients))
    print(*totals)


if __name__ == "__main__":
    port, path, connections, seconds = sys.argv[1:]
    asyncio.run(main(int(port), path, int(connections), float(seconds)))
