"""The main interpreter is interrupted while other threads visit it: its main thread gets each one."""

import threading

from children import times

import atoll


def interrupt_until(main):
    while not main.interrupt(KeyError):
        pass


def start_interrupting(interrupt_until, main):
    import threading

    threading.Thread(target=interrupt_until, args=(main,)).start()


def visit_often(main):
    for _ in range(1000):
        main.call(abs, 2)


def keep_visiting(visitor, main):
    while not is_over.is_set():
        visitor.call(visit_often, main)


def spin():
    while True:
        pass


is_over = threading.Event()
main = atoll.main()
visitor = atoll.Interpreter("visitor")
thread = threading.Thread(target=keep_visiting, args=(visitor, main))
thread.start()
with atoll.Interpreter("interrupter", preemptive=True) as interrupter:
    for _ in range(times(200)):
        try:
            interrupter.call(start_interrupting, interrupt_until, main)
            spin()
        except KeyError:
            pass
is_over.set()
thread.join()
