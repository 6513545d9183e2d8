"""Threads that run without end, and what ends them; imported by name, and with it much else."""

import threading
import typing  # noqa: F401

import atoll


class Interrupted(BaseException):
    pass


def spin():
    while True:
        pass


def be_silent():
    """Do not report a thread that has ended before its result is asked for."""
    threading.excepthook = lambda arguments: None


def interrupt_at_once(target, exception, seconds):
    """Interrupt a thread as soon as that is possible; it must end by that, within so many seconds."""
    thread = atoll.Thread(target=target)
    thread.start()
    while not thread.interrupt(exception):
        assert thread.is_alive()
    try:
        thread.result(seconds)
    except type(exception) as error:
        assert error.args == exception.args
    else:
        raise AssertionError("what never ends has ended")
