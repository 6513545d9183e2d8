"""A signal handler forks while close() waits for an interpreter's own threads: the child has none."""

import os
import signal
import threading
import warnings

from common.forks import CHILD_SECONDS

import atoll

warnings.simplefilter("ignore", DeprecationWarning)
one = atoll.Interpreter("one")
queue = atoll.Queue()
one.exec("import threading\ndef wait(queue): threading.Thread(target=queue.get).start()")
one.eval("wait")(queue)
children = []


def handler(*unused):
    pid = os.fork()
    if pid:
        children.append(pid)
        queue.put("go on")


signal.signal(signal.SIGUSR1, handler)
signaller = threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGUSR1))
signaller.start()
parent, status = os.getpid(), 1
try:
    one.close()
except atoll.InterpreterClosedError:
    status = 0
if os.getpid() != parent:
    os._exit(status)
signaller.join()
for pid in children:
    signal.alarm(CHILD_SECONDS)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
assert one.is_closed
