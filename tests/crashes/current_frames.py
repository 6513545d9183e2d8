"""`sys._current_frames()`, `atoll.threads`, statistics and tracebacks are asked for while others run."""

import sys
import threading

import atoll

one = atoll.Interpreter("one")
one.exec(
    "import sys\n"
    "def deep(n): return n and deep(n - 1)\n"
    "def spin(n):\n    for _ in range(n): deep(30)\n"
    "def names(): return {each.f_code.co_name for each in sys._current_frames().values()}"
)
threads = [threading.Thread(target=one.eval("spin"), args=(3000,)) for _ in range(3)]
for thread in threads:
    thread.start()
here = threading.get_ident()
while any(thread.is_alive() for thread in threads):
    frames = sys._current_frames()
    assert frames[here] is sys._getframe(), frames
    assert "deep" not in {each.f_code.co_name for each in frames.values()}
    assert here in sys._current_exceptions()
    assert "names" in atoll.copy(one.eval("names()"))
    for ident, interpreter in atoll.threads.items():
        assert isinstance(ident, int) and isinstance(interpreter, atoll.Interpreter)
    one.eval("[*__import__('atoll').threads] and None")
    repr(atoll.interpreters())
for thread in threads:
    thread.join()
one.close()
try:
    raise ValueError
except ValueError as error:
    assert sys._current_exceptions()[here] is error
