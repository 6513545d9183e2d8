"""More than a hundred interpreters one after another, with visitors from threads, then forty at once."""

import sys
import threading

from children import times

import atoll

# More than CPython has keys of some kinds; a debug build takes long.
COUNT = 60 if hasattr(sys, "gettotalrefcount") else times(130)

total = 0
for number in range(COUNT):
    with atoll.Interpreter() as each:
        total += each.eval(f"{number}")
        if number % 10 == 0:
            thread = threading.Thread(target=each.eval, args=("1",))
            thread.start()
            thread.join()
assert total == sum(range(COUNT))
several = [atoll.Interpreter() for _ in range(40)]
several[0].exec("kept = None")
chain = [each.eval("lambda f, *rest: f(*rest) if rest else f") for each in several]
assert chain[0](*chain[1:], 5) == 5
for each in several[::2]:
    each.close()
assert len(atoll.interpreters()) == 21
