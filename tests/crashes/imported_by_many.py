"""Many threads in one interpreter import collections.abc first: all get it whole (gh-125245)."""

import threading

from children import times

import atoll

failures = []


def look(place, go, delay):
    go.wait()
    try:
        place.exec(f"for _ in range({delay}): pass\nfrom collections.abc import Callable")
    except ImportError as error:
        failures.append(error)


for _ in range(times(20)):
    with atoll.Interpreter(preemptive=True) as place:
        place.exec("import collections, sys; sys.setswitchinterval(1e-6)")
        go = threading.Event()
        threads = [
            threading.Thread(target=look, args=(place, go, 1000 * delay)) for delay in range(8)
        ]
        for each in threads:
            each.start()
        go.set()
        for each in threads:
            each.join()
assert not failures, failures[0]
