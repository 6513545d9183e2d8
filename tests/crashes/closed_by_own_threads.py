"""An interpreter's own thread closes another one whose visitor closes the first: nobody hangs."""

import threading

import atoll

one, two = atoll.Interpreter("one"), atoll.Interpreter("two")
one.exec("""
import threading
answers = []
def close(other):
    try:
        other.close(3)
        answers.append("closed")
    except Exception as error:
        answers.append(repr(error))
def start(other):
    thread = threading.Thread(target=close, args=(other,))
    thread.start()
    return thread
""")
two.exec("""
def close(other):
    try:
        other.close(3)
    except (RuntimeError, TimeoutError) as error:
        return repr(error)
    return "closed"
""")
two.eval("lambda f, g, h: (f(g), h(g))")  # warm
close_in_two = two.eval("close")
started = threading.Event()
start = one.eval("start")
thread = two.eval("lambda start, me: start(me)")(
    start, two
)  # from inside two: its closer waits for us
try:
    answer = close_in_two(one)
except atoll.InterpreterClosedError as error:  # the thread was faster
    answer = str(error)
del thread, start
one.close(20)
two.close(20)
assert answer
