"""Threads interrupted as soon as that is possible: each ends by it, none of them misses it."""

import threading

import atoll

threading.excepthook = lambda arguments: (
    None
)  # of one that has ended before its result is asked for


def spin():
    while True:
        pass


for number in range(150):
    thread = atoll.Thread(target=spin)
    thread.start()
    while not thread.interrupt(KeyboardInterrupt(number)):
        assert thread.is_alive()
    try:
        thread.result(30)
    except KeyboardInterrupt as error:
        assert error.args == (number,)
    else:
        raise AssertionError("what never ends has ended")
