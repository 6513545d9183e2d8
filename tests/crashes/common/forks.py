"""Forking again and again, for scripts of the folder around this one."""

import os
import signal
import sys

CHILD_SECONDS = 100  # a child takes one at most, but for a busy machine


def failing_forks(times, child):
    """Fork so often, run `child` in each child, and return (number, exit status) of those that fail."""
    failed = []
    for number in range(times):
        pid = os.fork()
        if pid == 0:
            signal.alarm(CHILD_SECONDS)
            try:
                child()
            except BaseException:
                sys.excepthook(*sys.exc_info())
                os._exit(1)
            os._exit(0)
        status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        if status != 0:
            failed.append((number, status))
    return failed
