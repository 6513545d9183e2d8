"""`atoll.threads`, statistics and tracebacks are asked for while others run (sys._current_frames would corrupt the heap)."""

import threading

import atoll

one = atoll.Interpreter("one")
one.exec("def deep(n): return n and deep(n - 1)\ndef spin(n):\n    for _ in range(n): deep(30)")
threads = [threading.Thread(target=one.eval("spin"), args=(3000,)) for _ in range(3)]
for thread in threads:
    thread.start()
while any(thread.is_alive() for thread in threads):
    for ident, interpreter in atoll.threads.items():
        assert isinstance(ident, int) and isinstance(interpreter, atoll.Interpreter)
    one.eval("[*__import__('atoll').threads] and None")
    repr(atoll.interpreters())
for thread in threads:
    thread.join()
one.close()
