"""Signals with a handler of Python's that C handlers have taken, before or after atoll looks."""

from __future__ import annotations

from typing import Any

import pytest

# Each letter does something with SIGUSR1; "a" makes the first interpreter.
SCRIPT = """
    import atoll, faulthandler, os, signal, sys, threading

    NUMBER = signal.SIGUSR1
    dumps, nowhere = os.memfd_create("dumps"), os.open(os.devnull, os.O_WRONLY)
    calls, kept = atoll.AtomicInt(atoll.Buffer(8)), []

    def handle(number, frame):
        calls.add(1)

    def send(number=NUMBER):
        before, size = calls.load(), os.fstat(dumps).st_size
        os.kill(os.getpid(), number)
        return calls.load() - before, os.fstat(dumps).st_size > size

    def register(chain):
        faulthandler.register(NUMBER, dumps, chain=chain)

    steps = {
        "a": lambda: kept.append(atoll.Interpreter()),
        "p": lambda: signal.signal(NUMBER, handle),
        "f": lambda: register(False),
        "c": lambda: register(True),
        "u": lambda: faulthandler.unregister(NUMBER),
        "r": lambda: atoll.dump_traceback.register(NUMBER, nowhere),
        "R": lambda: atoll.dump_traceback.unregister(NUMBER),
        "i": lambda: signal.signal(NUMBER, signal.SIG_IGN),
        "s": send,
    }

    SPIN = "def spin(entered, calls, n):\\n entered.set()\\n while calls.load() <= n: pass"

    def send_inside(number):
        there = kept[0]
        there.exec(SPIN)
        entered, before = threading.Event(), calls.load()
        def run():
            entered.wait()
            os.kill(os.getpid(), number)
        thread = threading.Thread(target=run)
        thread.start()
        there.eval("spin")(entered, calls, before)
        thread.join()

    def try_out(sequence):
        "What SIGUSR1 does in the end, three times."
        signal.setitimer(signal.ITIMER_REAL, 100)
        signal.signal(NUMBER, handle)
        signal.signal(signal.SIGUSR2, handle)
        for step in sequence:
            steps[step]()
        seen = [send() for _ in range(3)]
        if "a" in sequence:
            send_inside(signal.SIGUSR2)
            if seen[-1][0]:
                send_inside(NUMBER)
        return seen

    def in_child(sequence):
        "What try_out says, or the signal that ends it."
        read, write = os.pipe()
        child = os.fork()
        if child == 0:
            try:
                os.write(write, repr(try_out(sequence)).encode())
            finally:
                os._exit(0)
        os.close(write)
        with open(read, "rb") as file:
            return file.read(), os.waitpid(child, 0)[1]
"""

STEPS = """
    for sequence in SEQUENCES:
        expected = in_child(sequence)
        for place in range(len(sequence) + 1):
            with_atoll = sequence[:place] + "a" + sequence[place:]
            seen = in_child(with_atoll)
            if seen != expected:
                print(with_atoll, seen, expected)
"""


@pytest.fixture
def try_all(run_cleanly: Any) -> Any:
    """Run sequences with the first interpreter made in each place, and in none."""

    def run(sequences: list[str]) -> str:
        return str(run_cleanly(f"{SCRIPT}\n    SEQUENCES = {sequences!r}\n{STEPS}"))

    return run


@pytest.mark.parametrize("first", "fcr")
def test_each_signal_does_what_it_did(try_all: Any, first: str) -> None:
    """Whoever takes a signal and gives it back, it does what it does without atoll, inside too."""
    sequences = [first + second for second in "fcurRps"]
    assert try_all(sequences) == ""


@pytest.mark.parametrize(
    "sequence", ["rfRu", "rcRu", "rcRsu", "frus", "cruR", "rfRrRu", "rfRurR", "cpus", "cis"]
)
def test_nested(try_all: Any, sequence: str) -> None:
    """One who took it lets it go while another has it from him."""
    assert try_all([sequence]) == ""


def test_faulthandler_and_keyboard_interrupt(run_cleanly: Any) -> None:
    """Ctrl-C works although another signal was taken before the first interpreter was made."""
    for register in ("faulthandler.register(signal.SIGUSR1, null, chain=True)",
                     "atoll.dump_traceback.register(signal.SIGUSR1, null)"):  # fmt: skip
        assert (
            run_cleanly(f"""
            import atoll, faulthandler, os, signal
            null = os.open(os.devnull, os.O_WRONLY)
            signal.signal(signal.SIGUSR1, lambda *unused: print("mine"))
            {register}
            one = atoll.Interpreter()
            try:
                os.kill(os.getpid(), signal.SIGINT)
            except KeyboardInterrupt:
                print("interrupted")
        """)
            == "interrupted\n"
        )


def test_flags(run_cleanly: Any) -> None:
    """A signal that is watched keeps its flags, such as that calls are restarted."""
    assert (
        run_cleanly("""
        import atoll, ctypes, faulthandler, os, signal
        libc, null = ctypes.CDLL(None), os.open(os.devnull, os.O_WRONLY)
        class Action(ctypes.Structure):
            _fields_ = [("handler", ctypes.c_void_p), ("mask", ctypes.c_ulong * 16),
                        ("flags", ctypes.c_int), ("restorer", ctypes.c_void_p)]
        def actions():
            found = []
            for number in (signal.SIGINT, signal.SIGUSR1, signal.SIGUSR2):
                action = Action()
                assert libc.sigaction(number, None, ctypes.byref(action)) == 0
                found.append((action.handler, action.flags, action.mask[0]))
            return found
        for number in (signal.SIGUSR1, signal.SIGUSR2):
            signal.signal(number, lambda *unused: None)
        signal.siginterrupt(signal.SIGUSR1, False)
        faulthandler.register(signal.SIGUSR2, null, chain=True)
        before = actions()
        one = atoll.Interpreter()
        for old, new in zip(before, actions(), strict=True):
            print(old[0] == new[0], old[1:] == new[1:])
    """)
        == "False True\n" * 3
    )
