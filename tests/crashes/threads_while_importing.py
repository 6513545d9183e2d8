"""The threads of main are looked at while other interpreters import extension modules.

CPython makes a thread state of main for each such import, and deletes it without main's GIL.
"""

import sys
import threading
import time

import atoll

END = time.monotonic() + (float(sys.argv[1]) if len(sys.argv) > 1 else 2)
IMPORT = f"""
import sys, time
while time.monotonic() < {END}:
    for name in ("_json", "_struct", "_heapq", "_bisect"):
        sys.modules.pop(name, None)
        __import__(name)
"""


def import_there():
    with atoll.Interpreter() as one:
        one.exec(IMPORT)


def cross_and_stay():
    stable.call(abs, -1)
    are_done.wait()


stable = atoll.Interpreter()
are_done = threading.Event()
staying = [
    threading.Thread(target=cross_and_stay) for _ in range(200)
]  # so that looking takes time
importing = [threading.Thread(target=import_there) for _ in range(2)]
for each in staying + importing:
    each.start()
here = threading.get_ident()
while time.monotonic() < END:
    atoll.checkpoint()
    assert atoll.threads[here] is atoll.main()
are_done.set()
for each in staying + importing:
    each.join()
