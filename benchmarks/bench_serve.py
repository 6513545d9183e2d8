"""Requests a CPU second, and memory: `atoll serve -n N` against `uvicorn --workers N`.

Both serve the same application, with the same loop and parser, at the same time; they are loaded in
turns. CPU seconds are those of the server's processes; memory is the proportional set size.
"""

from __future__ import annotations

import os
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from processes import family, pss
from report import Bound, Figure, finish, parser

HERE = Path(__file__).parent
TICKS = os.sysconf("SC_CLK_TCK")
OPTIONS = ["serve_app:app", "--log-level", "warning", "--loop", "asyncio", "--http", "h11"]
PATHS = {"trivial handler": "/", "CPU-bound handler": "/compute"}
COMPUTING_BOUND, TRIVIAL_BOUND = Bound(0.9, side="at least"), Bound(0.85, side="at least")
MEMORY_BOUND = Bound(1.0)
CONNECTIONS = 16


class Server:
    """A server in its processes."""

    def __init__(self, command: Sequence[str]) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        arguments = [sys.executable, "-m", *command, *OPTIONS, "--port", str(self.port)]
        self._process = subprocess.Popen(arguments, cwd=HERE)
        while not self._is_up():
            time.sleep(0.05)

    def _is_up(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def cpu_seconds(self) -> float:
        """Return what its processes have computed."""
        total = 0
        for pid in family(self._process.pid):
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
            total += int(fields[11]) + int(fields[12])
        return total / TICKS

    def memory(self) -> float:
        """Return the proportional set size of its processes, in MB."""
        return pss(family(self._process.pid))

    def load(self, path: str, seconds: float) -> float:
        """Load it; return the requests that it has answered for each second of CPU time."""
        began = self.cpu_seconds()
        client = [str(HERE / "serve_load.py"), str(self.port), path, str(CONNECTIONS), str(seconds)]
        done = subprocess.run([sys.executable, *client], capture_output=True, text=True, check=True)
        requests, failures = map(int, done.stdout.split())
        if failures:
            raise RuntimeError(f"{failures} requests failed")
        return requests / (self.cpu_seconds() - began)

    def stop(self) -> None:
        """End it."""
        self._process.terminate()
        self._process.wait()


def measure(ours: Server, theirs: Server, rounds: int, seconds: float) -> list[Figure]:
    """Load both in turns, with each path."""
    figures = []
    for name, path in PATHS.items():
        rates: dict[Server, list[float]] = {ours: [], theirs: []}
        for turn in range(rounds + 1):
            for server, measured in rates.items():
                rate = server.load(path, seconds)
                if turn:  # the first warms up
                    measured.append(rate)
        rate, other = (statistics.median(each) for each in rates.values())
        against = Figure("uvicorn --workers", other, "1/s")
        bound = TRIVIAL_BOUND if path == "/" else COMPUTING_BOUND
        figures.append(Figure(f"requests a CPU second, {name}", rate, "1/s", against, bound))
    return figures


def main() -> int:
    options_parser = parser(__doc__, rounds=7)
    options_parser.add_argument("--workers", type=int, default=2, help="(default: %(default)s)")
    options_parser.add_argument("--seconds", type=float, default=0.5, help="of each load")
    options_parser.add_argument("--access-log", action="store_true", help="write it")
    options = options_parser.parse_args()
    number = str(options.workers)
    quiet = [] if options.access_log else ["--no-access-log"]
    ours = Server(["atoll", "serve", "-n", number, *quiet])
    theirs = Server(["uvicorn", "--workers", number, *quiet])
    try:
        figures = measure(ours, theirs, options.rounds, options.seconds)
        against = Figure("uvicorn --workers", theirs.memory(), "MB")
        name = f"memory of {number} interpreters"
        figures.append(Figure(name, ours.memory(), "MB", against, MEMORY_BOUND))
    finally:
        ours.stop()
        theirs.stop()
    return finish("serve", figures, options)


if __name__ == "__main__":
    sys.exit(main())
