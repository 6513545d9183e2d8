"""Workers that are killed while they end their interpreters are waited for."""

import warnings

import atoll
from atoll._executor import workers

# As on a machine so busy that all the time for it is over at once.
workers._KILLED_SECONDS, workers._CHANCES = 0.0, 0


def keep() -> None:
    """Leave something that takes its time when the interpreter ends."""
    import sys
    import time

    class Slow:
        def __del__(self, sleep=time.sleep) -> None:
            sleep(0.2)

    sys.modules["__main__"].slow = Slow()


pool = atoll.InterpreterPoolExecutor(2)
for each in [pool.submit(keep) for _ in range(2)]:
    each.result()
pool.shutdown(wait=False)
threads = list(pool._threads)
while not all(each.is_closing for each in threads):
    pass
pool.kill_workers()
with warnings.catch_warnings(action="error"):  # that one is left behind
    workers.join(threads)
assert not any(each.is_alive() for each in threads)
