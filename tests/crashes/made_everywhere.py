"""Interpreters made from sub-interpreters, from threads concurrently, closed by the threads of others."""

import threading

import atoll

one = atoll.Interpreter("one")
one.exec("""
import atoll, threading
def make(): return atoll.Interpreter("made in one")
def make_in_thread():
    made = []
    thread = threading.Thread(target=lambda: made.append(atoll.Interpreter("made in a thread")))
    thread.start(); thread.join()
    return made[0]
def close_in_thread(target):
    thread = threading.Thread(target=target.close)
    thread.start(); thread.join()
    return target.is_closed
""")
made, other = one.eval("make")(), one.eval("make_in_thread")()
assert made.eval("1") == 1 and other.eval("2") == 2
deeper = made.eval("__import__('atoll').Interpreter('deeper')")
assert one.eval("close_in_thread")(other) and other.is_closed
assert deeper.call(pow, 2, 3) == 8
one.close()
assert made.eval("3") == 3
made.close()
assert deeper.eval("4") == 4
failures, all_made, gate = [], [], threading.Barrier(6)


def run():
    try:
        gate.wait()
        for _ in range(5):
            interpreter = atoll.Interpreter()
            all_made.append(interpreter)
            nested = interpreter.eval("__import__('atoll').Interpreter()")
            assert nested.eval("lambda x: x")(interpreter) is interpreter
            if len(all_made) % 2:
                nested.close()
                interpreter.close()
            else:
                all_made.append(nested)
    except BaseException as error:
        failures.append(error)


threads = [threading.Thread(target=run) for _ in range(6)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
assert not failures, failures
for interpreter in all_made[::3]:
    interpreter.close()
