"""SIGINT at odd moments: in visits, call-backs, closes, creations, dropped proxies; nothing is left half done."""

import cloudpickle  # noqa: F401  an import that is interrupted leaves its file open
import opcode  # noqa: F401  likewise
import pickle  # noqa: F401
import random
import signal
import threading
import warnings

import atoll

# One whose creation is interrupted is dropped unclosed.
warnings.filterwarnings("ignore", "unclosed interpreter", ResourceWarning)
one = atoll.Interpreter("one")
one.exec("""
import time
def spin(n): return sum(range(n))
def call(f): return f()
class Strange:
    def __del__(self): spin(100)
""")
spin, call = one.eval("spin"), one.eval("call")
main = threading.main_thread().ident
stop = threading.Event()
choose = random.Random(5)


is_armed = False


def deliver(*signal_and_frame):
    """As Python's own handler, but only inside the `try` below, and once: its `except` is safe."""
    global is_armed
    if is_armed:
        is_armed = False
        signal.default_int_handler(*signal_and_frame)


def interrupt():
    while not stop.wait(choose.random() * 0.01):
        signal.pthread_kill(main, signal.SIGINT)


def raised_at_home():
    signal.raise_signal(signal.SIGINT)


signal.signal(signal.SIGINT, deliver)
caught = done = 0
try:
    is_armed = True
    call(raised_at_home)
except KeyboardInterrupt:
    caught += 1
assert caught == 1
thread = threading.Thread(target=interrupt)
thread.start()
rounds = 0
while rounds < 300 or caught == 1:
    rounds += 1
    try:
        is_armed = True
        match rounds % 5:
            case 0:
                spin(20_000)
            case 1:
                call(lambda: call(lambda: spin(1000)))
            case 2:
                [one.eval("Strange()") for _ in range(20)]
            case 3:
                atoll.copy(one.eval("list(range(1000))"))
            case 4 if rounds % 50 == 4:
                with atoll.Interpreter("short") as short:
                    short.eval("1")
        done += 1
        is_armed = False
    except KeyboardInterrupt:
        caught += 1
stop.set()
thread.join()
for each in atoll.interpreters()[1:]:
    each.close()
