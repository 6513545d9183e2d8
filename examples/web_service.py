"""Serve the counts of words in a text from several interpreters of one process.

    python examples/web_service.py                     # asks itself, and ends
    atoll serve web_service:app --app-dir examples -n 4

It needs `pip install 'atoll[serve]'`. The stop words are one set, which no interpreter copies.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from functools import cache
from typing import Any
from urllib.parse import parse_qs
from urllib.request import urlopen

import atoll


@cache
def stop_words() -> frozenset[str]:
    """Return the words that are not counted; in all interpreters it is one object."""
    main = atoll.main()
    if atoll.current() is not main:
        return main.call(stop_words)
    return atoll.share(frozenset({"a", "an", "and", "of", "the"}))


def count(text: str) -> dict[str, int]:
    """Count the words of a text."""
    words = (word for word in text.lower().split() if word not in stop_words())
    return dict(Counter(words).most_common(3))


async def app(scope: Any, receive: Any, send: Any) -> None:
    """Answer `/?text=...` with the counts, as ASGI applications do."""
    if scope["type"] != "http":
        raise NotImplementedError(scope["type"])  # of a lifespan: there is none
    text = " ".join(parse_qs(scope["query_string"].decode()).get("text", []))
    found = {"by": atoll.current().name, "words": count(text)}
    headers = [(b"content-type", b"application/json")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": json.dumps(found).encode()})


def main() -> int:
    """Serve, ask, and end."""
    from atoll import serve

    try:
        server = serve.Server(
            "web_service:app", interpreters=2, port=0, log_level="warning", lifespan="off"
        )
    except ModuleNotFoundError as error:
        print(f"This example needs uvicorn: {error}", file=sys.stderr)
        return 1
    with server, urlopen(f"{server.address}/?text=the+reef+of+a+reef+and+the+lagoon") as answer:
        print(json.load(answer)["words"])
    return 0


if __name__ == "__main__":
    sys.exit(main())
