"""tracemalloc traces while interpreters come and go; it cannot be started later."""

import threading
import tracemalloc

import atoll

if not tracemalloc.is_tracing():
    tracemalloc.start(5)
kept = []


def work(n: int) -> None:
    with atoll.Interpreter(f"{n}") as one:
        one.exec("import json, decimal, threading")
        for _ in range(30):
            one.eval("[bytes(n) for n in range(0, 2000, 50)], compile('x = 1', 'file', 'exec')")
        kept.append(bytearray(1000))


for _ in range(2):
    threads = [threading.Thread(target=work, args=(n,)) for n in range(3)]
    for thread in threads:
        thread.start()
    files = {
        frame.filename for each in tracemalloc.take_snapshot().traces for frame in each.traceback
    }
    for thread in threads:
        thread.join()
assert tracemalloc.get_object_traceback(kept[0])[-1].filename == __file__
assert not any(each.startswith("<interpreter") for each in files), files

one = atoll.Interpreter()
assert one.eval("__import__('tracemalloc').is_tracing()")
tracemalloc.stop()
assert one.eval("len([*range(1000)])") == 1000
for start in tracemalloc.start, one.eval("__import__('tracemalloc').start"):
    try:
        start()
    except RuntimeError as error:
        assert "while there are other interpreters" in str(error), error
    else:
        raise AssertionError
