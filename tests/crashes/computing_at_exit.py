"""The process ends while daemon threads compute inside interpreters, one of which swallows everything."""

from __future__ import annotations

import threading
from typing import Any

import atoll


def stubborn(entered: Any) -> None:
    entered.set()
    while True:
        try:
            while True:
                memoryview(bytearray(5))[1:2].tolist()
        except BaseException:
            pass


def obedient(entered: Any, left: Any) -> None:
    try:
        entered.set()
        while True:
            pass
    finally:
        left.append("left")


if __name__ == "__main__":
    left: list[str] = []
    for function, arguments in ((obedient, (left,)), (stubborn, ()), (obedient, (left,))):
        entered = threading.Event()
        thread = atoll.Thread(target=function, args=(entered, *arguments), daemon=True)
        thread.start()
        entered.wait()
