"""What a fork does beside making a child: hooks, imports that were under way, the child's end."""

from __future__ import annotations

import sys
from typing import Any

import pytest

# CPython's, of forks beside threads; and ours, of interpreters that a child leaves open as it ends.
QUIET = "-W", "ignore::DeprecationWarning", "-W", "ignore::ResourceWarning"


def test_hooks_run_no_bytecode(run_cleanly: Any) -> None:
    """A fork runs no bytecode of atoll's: nothing is broken off, and no exception lost."""
    run_cleanly(
        """
        import atoll, os, sys
        from atoll._interpreter import standby
        with atoll.InterpreterPoolExecutor(1) as pool:
            assert pool.submit(abs, -1).result() == 1
        atoll.prewarm(1, wait=True)
        with atoll.Interpreter(extensions="native"):
            pass
        folder = os.path.dirname(atoll.__file__)
        called = []
        def note(frame, event, argument):
            if event == "call" and frame.f_code.co_filename.startswith(folder):
                called.append((frame.f_code.co_filename, frame.f_code.co_name))
        sys.setprofile(note)
        pid = os.fork()
        sys.setprofile(None)
        if pid == 0:
            os._exit(len(called))
        assert (os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), called) == (0, [])
    """,
        *QUIET,
    )


def test_broken_off_in_a_hook(run_cleanly: Any) -> None:
    """What comes for a thread in functions that its fork calls breaks off what follows the fork."""
    out = run_cleanly(
        """
        import atoll, os, threading
        class Stop(Exception): pass
        def ask():
            assert atoll.main().interrupt(Stop())
            for _ in range(1000): pass  # time to be broken off
        os.register_at_fork(before=ask)  # called after those that are registered later
        with atoll.Interpreter(): pass
        try:
            if os.fork() == 0:
                os._exit(0)
            while True: pass
        except Stop:
            os.wait()
            print("stopped")
        make = threading.Thread(target=lambda: print(atoll.Interpreter().call(abs, -1)))
        make.start()
        make.join()
    """,
        *QUIET,
    )
    assert out == "stopped\n1\n"


def test_first_interpreter_in_a_hook(run_cleanly: Any) -> None:
    """The first interpreter may be made by a function that a fork calls."""
    run_cleanly(
        """
        import atoll, os
        def make():
            with atoll.Interpreter() as one:
                assert one.call(abs, -1) == 1
        os.register_at_fork(before=make)
        for _ in range(2):
            pid = os.fork()
            if pid == 0:
                make()
                os._exit(0)
            assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
        atoll.prewarm(1, wait=True)
        with atoll.timeout(100):
            make()
    """,
        *QUIET,
    )


IMPORTERS = {
    "an interpreter that has main import": (
        "one.call(lambda load: load('outside.half'), atoll.ref(importlib.import_module))"
    ),
    "a thread of main": "importlib.import_module('outside.half')",
}


@pytest.mark.parametrize("importer", IMPORTERS.values(), ids=IMPORTERS)
def test_imports_under_way(run_cleanly: Any, tmp_path: Any, importer: str) -> None:
    """A child imports anew what other threads of main were importing at the fork."""
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "__init__.py").write_text("from . import whole\nfrom . import half\n")
    (tmp_path / "outside" / "whole.py").write_text("import os; maker = os.getpid()")
    (tmp_path / "outside" / "half.py").write_text(
        "import os, __main__\n"
        "maker = os.getpid()\n"
        "if maker == __main__.parent:\n"
        "    __main__.entered.set()\n"
        "    __main__.leave.wait()\n"
        "is_whole = True\n"
    )
    out = run_cleanly(
        f"""
        import atoll, importlib, os, signal, threading
        parent = os.getpid()
        entered, leave = threading.Event(), threading.Event()
        one = atoll.Interpreter()
        def load(): {importer}
        loader = threading.Thread(target=load)
        loader.start()
        entered.wait()
        pid = os.fork()
        if pid == 0:
            signal.alarm(60)
            import outside
            assert outside.half.is_whole and outside.half.maker == os.getpid()
            assert outside.whole.maker == parent
            os._exit(0)
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
        leave.set()
        loader.join()
        import outside.half
        print(outside.half.is_whole, outside.half.maker == parent)
    """,
        *QUIET,
    )
    assert out == "True True\n"


def test_own_imports_go_on(run_cleanly: Any, tmp_path: Any) -> None:
    """A child that was forked in the midst of an import ends that import."""
    (tmp_path / "forking.py").write_text(
        "import os\npid = os.fork()\nimport forking\nassert not hasattr(forking, 'is_whole')\n"
        "is_whole = True\n"
    )
    run_cleanly(
        """
        import atoll, os, sys
        atoll.Interpreter()
        import forking
        assert sys.modules["forking"] is forking and forking.is_whole
        if forking.pid:
            assert os.waitstatus_to_exitcode(os.waitpid(forking.pid, 0)[1]) == 0
    """,
        *QUIET,
    )


IN_A_CHILD = {
    "interpreters": "atoll.Interpreter().call(abs, -1)",
    "ready interpreters": "atoll.prewarm(1, wait=True)",
    "an executor": "atoll.InterpreterPoolExecutor(1).submit(abs, -1).result()",
    "a collection": "a = atoll.Interpreter().eval('[]'); a.append([a]); atoll.gc.collect()",
    "a deadline": "with atoll.timeout(100): atoll.Interpreter().call(abs, -1)",
    "a dump": "atoll.dump_traceback.register(signal.SIGUSR1)",
    "another thread that ends later": (
        "one, main = atoll.Interpreter(), threading.current_thread()\n"
        "    threading.Thread(target=lambda: (main.join(), one.call(abs, -1))).start()"
    ),
    "another fork": (
        "pid = os.fork(); atoll.Interpreter().call(abs, -1)\n"
        "    pid and os.waitpid(pid, 0)[1] == 0 or pid == 0 or os._exit(1)"
    ),
}


if sys.version_info >= (3, 14):  # there the join never ends, without atoll too
    del IN_A_CHILD["another thread that ends later"]


@pytest.mark.parametrize("use", IN_A_CHILD.values(), ids=IN_A_CHILD)
def test_child_of_a_thread_ends_with_its_last_thread(run_cleanly: Any, use: str) -> None:
    """A child forked in a thread ends when that has ended, and the others that it has started."""
    run_cleanly(
        f"""
import atoll, os, signal, threading
one = atoll.Interpreter()
statuses = []
def child():
    signal.alarm(60)
    {use}
def fork():
    pid = os.fork()
    if pid == 0:
        child()
    else:
        statuses.append(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
thread = threading.Thread(target=fork)
thread.start()
thread.join()
assert statuses == [0], statuses
""",
        *QUIET,
    )


def test_fork_while_others_define_classes(run_cleanly: Any) -> None:
    """A child can pass classes of `__main__` on, whatever of that other threads were about to do."""
    run_cleanly(
        """
        import atoll, os, signal, threading
        from atoll._transfer import defining
        from cloudpickle.cloudpickle import _DYNAMIC_CLASS_TRACKER_LOCK as lock
        class K: pass
        atoll.Interpreter().call(lambda: K())  # now these locks are in use
        class L(K): pass
        held, done = threading.Event(), threading.Event()
        definitions = (("half", b"", (), (), ()),)
        def load(dumped):
            cls = defining.begin("half", type, ("Half", (), {}))
            if not held.is_set():
                with lock:
                    held.set()
                    done.wait()
            defining.finish(cls, ("half", None, {"other_half": 1}, {}, {}))
            return cls
        def hold():
            defining.find("half", definitions, load)
        thread = threading.Thread(target=hold)
        thread.start()
        held.wait()
        pid = os.fork()
        if pid == 0:
            signal.alarm(60)
            assert defining.find("half", definitions, load).other_half == 1
            pool = atoll.InterpreterPoolExecutor(1)
            made = pool.submit(lambda: type("Made", (L,), {})()).result()
            os._exit(0 if type(made).__base__ is L else 1)
        status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        done.set()
        thread.join()
        assert status == 0, status
    """,
        *QUIET,
    )
