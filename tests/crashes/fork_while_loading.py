"""os.fork while other interpreters load shared objects; the child loads some as well."""

import logging  # noqa: F401 (first: it must not register its fork hooks while a fork runs)
import sysconfig
import threading
import warnings
from pathlib import Path

from children import times
from common.forks import failing_forks

import atoll

warnings.simplefilter("ignore", DeprecationWarning)
FOLDER = Path(sysconfig.get_path("stdlib"), "lib-dynload")
NAMES = [each.name.split(".")[0] for each in sorted(FOLDER.glob("*.so"))]
# Demonstrations and tests of CPython race when two interpreters import them at once.
NAMES = [each for each in NAMES if not each.startswith(("xx", "_xx", "_test"))]
FOR_THE_CHILD = "_zoneinfo" if "_zoneinfo" in NAMES else NAMES[-1]
SMALL = {"_json", "_heapq", "_bisect", "_random", "_struct", "_csv"} & set(NAMES) or {NAMES[0]}


def load_all():
    with atoll.Interpreter() as one:
        for name in NAMES:
            if name != FOR_THE_CHILD:
                try:
                    one.import_module(name)
                except ImportError:
                    pass  # of one that refuses


def load_copies():
    with atoll.Interpreter(extensions=dict.fromkeys(SMALL, "private")) as other:
        for name in SMALL:
            other.import_module(name)


def load():
    load_all()
    while not stop.is_set():
        load_copies()


def child():
    __import__(FOR_THE_CHILD)
    load_copies()


load_copies()  # before the first interpreter is made, nobody forgets imports of other threads
stop = threading.Event()
loaders = [threading.Thread(target=load) for _ in range(2)]
for each in loaders:
    each.start()
failed = failing_forks(times(4), child)
stop.set()
for each in loaders:
    each.join()
assert not failed, failed
