"""Buffers in use while interpreters close, in cycles, released while exported, under way, across a fork, at exit."""

import array
import gc
import os
import signal
import threading
import warnings
import weakref

import atoll

warnings.simplefilter("ignore", DeprecationWarning)

SOURCE = """
import atoll, gc
kept = []
class Cycle:
    def __init__(self, *held): self.held, self.me = held, self
class Pixels(atoll.Buffer): pass
class Late:
    def __init__(self, buffer): self.buffer, self.view = buffer, memoryview(buffer)
    def __del__(self):
        assert self.view[0] == 7 and self.buffer[:3].tolist()[0] == 7
        self.view.release()
        self.buffer.release()
def keep(x):
    kept.append(memoryview(x)[1:])
    Cycle(x, memoryview(x), iter(x), x[::2], atoll.AtomicInt(x))
    pixels = Pixels(100_000)
    pixels.me = [pixels, memoryview(pixels)]
    x[0] = 7
    Late(x[:]).me = kept
    return x[1:], Pixels(16), kept
def release(x):
    view = memoryview(x)
    try:
        x.release()
    except BufferError:
        view.release()
        x.release()
        try:
            x[0]
        except ValueError:
            return True
"""


def make(name):
    interpreter = atoll.Interpreter(name)
    interpreter.exec(SOURCE)
    return interpreter


def close_while_in_use():
    """Views there and here, when there ends."""
    one, two = make("one"), make("two")
    buffer = atoll.Buffer(100)
    parts = [each.eval("keep")(buffer) for each in (one, two)]
    assert one.eval("release")(buffer[:]) and two.eval("release")(parts[0][0])
    view = memoryview(parts[1][0])
    two.eval("keep")(parts[0][1])
    one.close()
    assert buffer[0] == 7 and view[0] == parts[0][0][0]
    try:
        parts[1][0].release()
        raise AssertionError("released while exported")
    except BufferError:
        pass
    two.close()
    gc.collect()
    assert bytes(parts[0][1]) == b"\7" + bytes(15)
    view.release()


def close_under_fire():
    """Threads send Buffers into an interpreter that closes meanwhile."""
    queue = atoll.Queue()

    def send(keep):
        try:
            while True:
                queue.put(atoll.Buffer(50))
                keep(queue.get())
                keep(atoll.Buffer(300_000)[5:])
        except atoll.InterpreterClosedError:
            pass

    for number in range(5):
        target = make(f"target-{number}")
        target.exec("kept = []\nkeep = lambda x: kept.append(memoryview(x))")
        threads = [threading.Thread(target=send, args=(target.eval("keep"),)) for _ in range(3)]
        for thread in threads:
            thread.start()
        while target.statistics().crossings < 100:
            pass
        target.close()
        for thread in threads:
            thread.join()


def under_way():
    """Items that nobody gets, of makers that have closed."""
    queue = atoll.Queue()
    with make("sender") as sender:
        sender.eval(
            "lambda q: [q.put((atoll.Buffer(n), atoll.AtomicInt(atoll.Buffer(8)))) for n in range(20)]"
        )(queue)
    assert queue.get()[0].nbytes == 0
    queue.put(queue.get()[0][:])
    assert queue.get()[1].add(3) == 0
    del queue


def weak_callbacks():
    """A weak reference's callback that makes the same Buffer come again."""
    queue = atoll.Queue()
    buffer = atoll.Buffer(10)
    for _ in range(3):
        queue.put(buffer)
    came = []
    reference = weakref.ref(buffer, lambda _: came.append(queue.get()))
    del buffer
    assert came[0].nbytes == 10 and reference() is None
    assert queue.get() is came[0]


def strange_exporters():
    """Copies of what cannot be copied, and of what is closed."""
    with make("gone") as gone:
        proxy = gone.eval("bytearray(10)")
    for bad in (proxy, atoll.Buffer, object(), memoryview(b"")[:0].release):
        try:
            atoll.Buffer.copy_of(bad)
        except (TypeError, BufferError, ReferenceError):
            pass
        else:
            raise AssertionError(bad)
    numbers = array.array("b", b"abc")
    held = atoll.Buffer.copy_of(numbers)
    numbers.extend(b"x" * 10_000)
    assert held == b"abc"


def fork():
    """A forked child keeps its Buffers, writes into memory of its own, makes and frees others."""
    other = make("other")
    buffer = atoll.Buffer(300_000)
    buffer[0] = 7
    other.eval("keep")(buffer)
    cell = atoll.AtomicInt(buffer, 8)
    queue = atoll.Queue()
    queue.put(buffer[5:])
    pid = os.fork()
    if pid == 0:
        signal.alarm(60)
        try:
            cell.store(5)
            assert queue.get().nbytes == 299_995 and buffer[0] == 7
            with make("new") as new:
                assert new.eval("keep")(buffer)[0][0] == 0
            buffer.release()
            assert cell.load() == 5
            del cell, queue
            gc.collect()
            os._exit(0)
        finally:
            os._exit(1)
    assert os.waitpid(pid, 0)[1] == 0
    assert cell.load() == 0
    other.close()


for scene in (
    close_while_in_use,
    under_way,
    weak_callbacks,
    strange_exporters,
    fork,
    close_under_fire,
):
    scene()
    gc.collect()
    assert atoll.Buffer.statistics() == atoll.BufferStatistics(0, 0), (
        scene.__name__,
        atoll.Buffer.statistics(),
    )

last = make("last")
at_exit = atoll.Buffer(1000)
at_exit[0] = 7
parts = last.eval("keep")(at_exit)
view = memoryview(parts[0])
left = atoll.Queue()
left.put((at_exit, left))
