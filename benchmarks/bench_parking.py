"""What parking changes: calls from main and from a worker, with it and without, in turns.

Each turn is a process of its own, as parking is on or off for a whole process.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from report import Bound, Figure, finish, parser

LOCAL, CALL, ATTRIBUTE, CALLBACK = "local add(1)", "p.add(1)", "p.n", "p.call(f, 1)"
NAMES = (CALL, ATTRIBUTE, CALLBACK)
TURN = "a turn of two threads"
CALL_BOUND = Bound(3.8 if sys.version_info >= (3, 14) else 4.5)  # of the local call
ATTRIBUTE_BOUND = Bound(0.65)  # of the call
TURN_BOUND = Bound(1.1)  # of one without parking
PROGRAM = Path(__file__).with_name("parking_calls.py")
ROUNDS_IN_A_PROCESS = 10


def run(parking: bool) -> dict[str, float]:
    done = subprocess.run(
        [sys.executable, PROGRAM, str(ROUNDS_IN_A_PROCESS)],
        env={**os.environ, "ATOLL_PARKING": str(int(parking))},
        capture_output=True,
        text=True,
        check=True,
    )
    costs: dict[str, float] = json.loads(done.stdout)
    return costs


def measure(rounds: int) -> list[Figure]:
    runs: dict[bool, list[dict[str, float]]] = {False: [], True: []}
    for _ in range(rounds):
        for parking, done in runs.items():
            done.append(run(parking))
    figures = [
        figure
        for where in ("main", "worker")
        for parking, done in runs.items()
        for figure in compare(where, parking, fastest_of(where, done))
    ]
    turns = {parking: min(each[TURN] for each in done) for parking, done in runs.items()}
    without = Figure("without parking", turns[False])
    return [*figures, Figure(TURN, turns[True], against=without, bound=TURN_BOUND)]


def fastest_of(where: str, runs: list[dict[str, float]]) -> dict[str, float]:
    """The costs of one process: a processor has slow phases, in which the ratios are others."""
    return min(runs, key=lambda run: run[f"{where}: {CALL}"] + run[f"{where}: {LOCAL}"])


def compare(where: str, parking: bool, costs: dict[str, float]) -> list[Figure]:
    names = {each: f"{each} from {where}{', parking' if parking else ''}" for each in NAMES}
    local = Figure(LOCAL, costs[f"{where}: {LOCAL}"])
    call = Figure(
        names[CALL], costs[f"{where}: {CALL}"], against=local, bound=CALL_BOUND if parking else None
    )
    read = costs[f"{where}: {ATTRIBUTE}"]
    return [
        call,
        Figure(names[ATTRIBUTE], read, against=call, bound=ATTRIBUTE_BOUND if parking else None),
        Figure(names[CALLBACK], costs[f"{where}: {CALLBACK}"], against=local),
    ]


def main() -> int:
    options = parser(__doc__, rounds=5).parse_args()
    return finish("Parking", measure(options.rounds), options)


if __name__ == "__main__":
    sys.exit(main())
