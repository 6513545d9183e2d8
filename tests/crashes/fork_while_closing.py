"""A signal handler forks while close() waits for a visitor."""

import os
import signal
import threading
import warnings

from common.forks import CHILD_SECONDS

import atoll

warnings.simplefilter("ignore", DeprecationWarning)
one = atoll.Interpreter("one")
inside, go = threading.Event(), threading.Event()
children = []


def visit():
    one.eval("lambda f: f()")(lambda: (inside.set(), go.wait()))


def handler(*unused):
    pid = os.fork()
    if pid:
        children.append(pid)
        go.set()


signal.signal(signal.SIGUSR1, handler)
visitor = threading.Thread(target=visit)
visitor.start()
inside.wait()
signaller = threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGUSR1))
signaller.start()
parent = os.getpid()
status = 0
try:
    one.close()
except (atoll.AtollError, RuntimeError):
    status = 0
if os.getpid() != parent:
    os._exit(status)
visitor.join()
signaller.join()
assert one.is_closed
for pid in children:
    signal.alarm(CHILD_SECONDS)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
