"""SIGINT at odd moments: in visits, call-backs, closes, creations, dropped proxies; nothing is left half done."""

import cloudpickle  # noqa: F401  an import that is interrupted leaves its file open
import pickle  # noqa: F401
import random
import signal
import threading

import atoll

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


def interrupt():
    while not stop.wait(choose.random() * 0.01):
        signal.pthread_kill(main, signal.SIGINT)


def raised_at_home():
    signal.raise_signal(signal.SIGINT)


caught = done = 0
try:
    call(raised_at_home)
except KeyboardInterrupt:
    caught += 1
assert caught == 1
thread = threading.Thread(target=interrupt)
thread.start()
rounds = 0
while rounds < 300:
    try:
        rounds += 1
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
    except KeyboardInterrupt:
        caught += 1
while True:
    try:
        stop.set()
        thread.join()
        break
    except KeyboardInterrupt:
        pass
for each in atoll.interpreters()[1:]:
    each.close(20)
assert caught > 1, caught
