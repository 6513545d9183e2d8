"""os.fork while tracemalloc traces, and a thread inside an interpreter allocates."""

import threading
import tracemalloc
import warnings

from children import times
from common.forks import failing_forks

import atoll

warnings.simplefilter("ignore", DeprecationWarning)  # of forks while there are threads
if not tracemalloc.is_tracing():
    tracemalloc.start(5)
one = atoll.Interpreter()
one.exec("""
def make_objects(is_over):
    while not is_over.is_set():
        for n in range(1000):
            bytes(700)
""")


def child() -> None:
    [bytes(n) for n in range(1000)]  # needs tracemalloc's lock


is_over = threading.Event()
thread = threading.Thread(target=one.eval("make_objects"), args=(is_over,))
thread.start()
failed = failing_forks(times(25), child)
is_over.set()
thread.join()
one.close()
assert not failed, failed
