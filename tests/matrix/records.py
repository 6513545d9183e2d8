"""The records of the last runs of the matrix, `results/VERSION.jsonl`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).with_name("results")

type Record = dict[str, Any]


def load() -> dict[str, list[Record]]:
    """Return the records of each Python, by its version."""
    found = {}
    for path in sorted(FOLDER.glob("*.jsonl")):
        records = [json.loads(line) for line in path.read_text().splitlines()]
        if records:
            found[str(records[0]["python"])] = records
    return found
