"""What happened between two documents: shares of time, and rates."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def between(before: dict[str, Any], after: dict[str, Any]) -> dict[str, Any]:
    """Return the later document, with what has happened since the earlier one.

    In it `cpu` and `busy` are shares of the time in between (1.0: one processor, all the time),
    and `crossings_per_second` and `done_per_second` are added. What was not there before, or could
    not be observed, is None.
    """
    elapsed = after["time"] - before["time"]
    observed = after["observed"] - before["observed"]
    interpreters = [
        each
        | _shares(("busy", "cpu"), former, each, observed)
        | {"crossings_per_second": _rate("crossings", former, each, elapsed)}
        for former, each in _pairs("interpreters", "id", before, after)
    ]
    rates = [each["crossings_per_second"] for each in interpreters]
    return after | {
        "interval": elapsed,
        "cpu": _rate("cpu", before, after, elapsed),
        "crossings_per_second": sum(rate or 0.0 for rate in rates),
        "interpreters": interpreters,
        "threads": [
            each | {"cpu": _rate("cpu", former, each, elapsed)}
            for former, each in _pairs("threads", "ident", before, after)
        ],
        "executors": [
            each | {"done_per_second": _rate("done", former, each, elapsed)}
            for former, each in _pairs("executors", "id", before, after)
        ],
    }


def _pairs(
    kind: str, key: str, before: dict[str, Any], after: dict[str, Any]
) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    known = {each[key]: each for each in before[kind]}
    return [(known.get(each[key], {}), each) for each in after[kind]]


def _rate(name: str, before: dict[str, Any], after: dict[str, Any], seconds: float) -> float | None:
    first, last = before.get(name), after[name]
    if first is None or last is None or seconds <= 0:
        return None
    return float(max(0.0, (last - first) / seconds))


def _shares(
    names: tuple[str, ...], before: dict[str, Any], after: dict[str, Any], observed: float
) -> dict[str, float | None]:
    return {name: _rate(name, before, after, observed) for name in names}
