"""A GIL that nobody wants is parked between two crossings, on Pythons that are known."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Callable

import pytest

import atoll
from atoll import _core

IS_KNOWN = (
    sys.version_info[:3] in {(3, 13, 0), (3, 14, 10), (3, 15, 2)}
    and sys.version_info.releaselevel == "final"
    and platform.machine() == "x86_64"
    and platform.libc_ver()[0] == "glibc"
)

needs_parking = pytest.mark.skipif(not IS_KNOWN, reason="its layout of CPython is not known")


OFF = """
    import atoll
    from atoll import _core
    print(_core.parking_obstacle())
    with atoll.Interpreter() as one:
        length = one.eval("len")
        for _ in range(1000):
            length([1])
        print(_core.parking_obstacle(), one.statistics().parked, one.statistics().revoked)
"""


def test_switched_off(run_cleanly: Callable[..., str], monkeypatch: pytest.MonkeyPatch) -> None:
    """With ATOLL_PARKING=0 nothing is parked."""
    monkeypatch.setenv("ATOLL_PARKING", "0")
    assert run_cleanly(OFF) == "no interpreter has been made\nATOLL_PARKING is 0 0 0\n"


@pytest.mark.skipif(IS_KNOWN, reason="it is known")
def test_off_on_other_pythons(run_cleanly: Callable[..., str]) -> None:
    """Where the layout is not known it stays off, and says so."""
    out = run_cleanly("""
        import os
        os.environ["ATOLL_PARKING"] = "1"
        import atoll
        with atoll.Interpreter() as one:
            print(one.eval("len")([1]), one.statistics().parked)
            print(bool(atoll._core.parking_obstacle()))
    """)
    assert out == "1 0\nTrue\n"


@needs_parking
def test_parked_and_revoked(run_cleanly: Callable[..., str]) -> None:
    """A GIL is parked, and whoever wants it gets it: also a C thread, a fork, and who closes."""
    out = run_cleanly("""
        import os
        os.environ["ATOLL_PARKING"] = "1"
        import atoll, ctypes, threading, warnings
        one, two = atoll.Interpreter("one"), atoll.Interpreter("two")
        one.exec("n = 0\\ndef add(x):\\n    global n\\n    n += x\\n    return n")
        two.exec("def loop(f, n):\\n    for _ in range(n): f(1)")
        add, loop = one.eval("add"), two.eval("loop")
        print(atoll._core.parking_obstacle())

        # all three: the host, a home that is not main, and main
        while not (one.statistics().parked and two.statistics().parked):
            loop(add, 100)
        while not atoll.main().statistics().parked:
            add(0)

        # another thread finds it parked
        while not one.statistics().revoked:
            for function in (lambda: loop(add, 100), lambda: loop(add, 100)):
                thread = threading.Thread(target=function)
                thread.start()
                thread.join()
        print(add(0) % 100)

        # a thread that Python does not know wants main, whose thread waits for it in C, elsewhere
        said = []
        callback = ctypes.CFUNCTYPE(ctypes.c_void_p, ctypes.c_void_p)(lambda _: said.append(1))
        one.exec("import ctypes\\nlibc = ctypes.CDLL(None)\\nthread = ctypes.c_ulong()\\n"
                 "def run(code):\\n"
                 "    code = ctypes.c_void_p(code)\\n"
                 "    libc.pthread_create(ctypes.byref(thread), None, code, None)\\n"
                 "    libc.pthread_join(thread, None)")
        run = one.eval("run")
        for _ in range(3):
            add(0)
            run(ctypes.cast(callback, ctypes.c_void_p).value)
        print(said)

        # a forked child comes back to what is parked, parks nothing more, and goes on
        warnings.simplefilter("ignore")
        call = one.eval("lambda function: function()")
        child = call(lambda: os.fork())
        if child == 0:
            with atoll.Interpreter() as own:
                right = own.eval("len")([1]) == 1 and own.statistics().parked == 0
            os._exit(0 if right and atoll._core.parking_obstacle() else 1)
        print(os.waitpid(child, 0)[1])
        one.close()
        two.close()
    """)
    assert out == "None\n0\n[1, 1, 1]\n0\n"
