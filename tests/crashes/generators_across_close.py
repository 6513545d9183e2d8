"""Generators, iterators, async generators and context managers held across their interpreter's close."""

import gc

import atoll

one = atoll.Interpreter("one")
one.exec("""
closed = []
def generator():
    try:
        yield from range(10)
    finally:
        closed.append(1)
async def agenerator():
    try:
        yield 1
        yield 2
    finally:
        closed.append(2)
async def coroutine(): return 5
class Manager:
    def __enter__(self): return self
    def __exit__(self, *args): closed.append(args[0])
""")
generator, iterator = one.eval("generator()"), one.eval("iter([1, 2, 3])")
agenerator, coroutine, manager = (
    one.eval("agenerator()"),
    one.eval("coroutine()"),
    one.eval("Manager()"),
)
assert next(generator) == 0 and next(iterator) == 1


def mine():
    try:
        yield from generator
    finally:
        gc.collect()


wrapping = mine()
assert next(wrapping) == 1
try:
    with manager:
        coroutine.close()
        one.close()
except atoll.InterpreterClosedError:
    pass
for operation in (
    lambda: next(generator),
    lambda: next(iterator),
    lambda: generator.close(),
    lambda: next(wrapping),
    lambda: generator.throw(ValueError),
    lambda: list(iterator),
    lambda: agenerator.aclose(),
    lambda: wrapping.close(),
):
    try:
        operation()
    except (atoll.InterpreterClosedError, StopIteration):
        pass
del generator, iterator, agenerator, coroutine, wrapping
gc.collect()
