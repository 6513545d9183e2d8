"""os.fork in a call-back out of other interpreters; the child returns through them, makes its own."""

import os
import signal
import sys
import warnings

from common.forks import CHILD_SECONDS

import atoll

warnings.simplefilter("ignore", DeprecationWarning)
one, two = atoll.Interpreter("one"), atoll.Interpreter("two")
call = one.eval("lambda f, *a: f(*a)")
call_two = two.eval("lambda f, *a: f(*a)")


def work(mode):
    if "use" in mode:
        try:
            call(int)
        except atoll.InterpreterClosedError:
            pass
        else:
            raise AssertionError("a forgotten interpreter answered")
    if "new" in mode:
        with atoll.Interpreter("new") as new:
            assert new.call(sum, (1, 2)) == 3
            assert new.eval("lambda f: f()")(lambda: 7) == 7


def fork(mode):
    pid = os.fork()
    if pid:
        return pid
    signal.alarm(CHILD_SECONDS)
    try:
        work(mode)
    except BaseException:
        sys.excepthook(*sys.exc_info())
        os._exit(1)
    if "return" not in mode:
        os._exit(0)
    return 0


for mode in ("", "use", "new", "use new", "return", "use new return"):
    for nesting in range(3):
        got = []
        fork_here = lambda: got.append(fork(mode))  # noqa: E731
        if nesting == 0:
            fork_here()
        elif nesting == 1:
            call(fork_here)
        else:
            call(call_two, fork_here)
        if got[0] == 0:
            try:
                work(mode)
            except BaseException:
                sys.excepthook(*sys.exc_info())
                os._exit(1)
            os._exit(0)
        status = os.waitstatus_to_exitcode(os.waitpid(got[0], 0)[1])
        assert status == 0, (mode, nesting, status)
one.close()
two.close()
