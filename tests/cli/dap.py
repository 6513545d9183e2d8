"""A client of debugpy: sets a breakpoint, and looks at a variable where it stops."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable
from typing import Any


class Client:
    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=60)
        self._answers = self._socket.makefile("rb")
        self._number = 0

    def close(self) -> None:
        self._answers.close()
        self._socket.close()

    def send(self, command: str, **arguments: Any) -> None:
        self._number += 1
        request = {"seq": self._number, "type": "request", "command": command}
        body = json.dumps(request | {"arguments": arguments}).encode()
        self._socket.sendall(b"Content-Length: %d\r\n\r\n" % len(body) + body)

    def receive(self) -> dict[str, Any]:
        size = 0
        while line := self._answers.readline().strip():
            if line.lower().startswith(b"content-length:"):
                size = int(line.partition(b":")[2])
        return dict(json.loads(self._answers.read(size)))

    def wait(self, is_it: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        while not is_it(answer := self.receive()):
            pass
        return dict(answer.get("body") or {})

    def ask(self, command: str, **arguments: Any) -> dict[str, Any]:
        self.send(command, **arguments)
        return self.wait(lambda answer: answer.get("command") == command)

    def wait_for(self, event: str) -> dict[str, Any]:
        return self.wait(lambda answer: answer.get("event") == event)

    def look(self, path: str, line: int, expression: str) -> str:
        """Stop at that line, evaluate an expression there, and let it go on."""
        self.ask("initialize", adapterID="tests")
        self.send("attach", justMyCode=False)
        self.wait_for("initialized")
        self.ask("setBreakpoints", source={"path": path}, breakpoints=[{"line": line}])
        self.send("configurationDone")
        thread = self.wait_for("stopped")["threadId"]
        frame = self.ask("stackTrace", threadId=thread)["stackFrames"][0]
        found = self.ask("evaluate", expression=expression, frameId=frame["id"])
        self.ask("continue", threadId=thread)
        return str(found["result"])
