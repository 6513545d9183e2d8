"""Threads that visited end before, during and after the close of what they visited; daemon ones at exit."""

import _thread
import threading

from children import times

import atoll

for _ in range(times(15)):
    one, two = atoll.Interpreter("one"), atoll.Interpreter("two")
    hop = one.eval("lambda f, x: f(x)")
    echo = two.eval("lambda x: x")
    go = threading.Event()

    def visit():
        try:
            hop(echo, 1)
        except atoll.InterpreterClosedError:
            pass
        go.wait()

    threads = [threading.Thread(target=visit) for _ in range(8)]
    for thread in threads:
        thread.start()
    go.set()
    one.close()
    for thread in threads[:4]:
        thread.join()
    two.close()
    for thread in threads:
        thread.join()
raw = atoll.Interpreter("raw")
raw.exec("""
import _thread, threading
ended = threading.Semaphore(0)
def start(f, n):
    for _ in range(n): _thread.start_new_thread(f, (ended,))
""")
raw.eval("start")(raw.eval("lambda ended: ended.release()"), 20)
raw.eval("start")(lambda ended: ended.release(), 20)
for _ in range(40):
    raw.eval("ended").acquire()
raw.close()
left = atoll.Interpreter("left")
left.exec("import threading\nevent = threading.Event()")
wait = left.eval("event.wait")
inside = threading.Event()
left.exec("def wait(f): f(); event.wait()")
threading.Thread(target=left.eval("wait"), args=(inside.set,), daemon=True).start()
inside.wait()
