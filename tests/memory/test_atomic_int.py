"""AtomicInt: a number in a Buffer that threads of all interpreters change."""

from __future__ import annotations

import pickle
import threading
from collections.abc import Callable
from typing import Any

import block_workloads
import pytest

import atoll

LARGEST = (1 << 63) - 1


@pytest.fixture
def there(shared_interpreter: atoll.Interpreter) -> Any:
    """The module `block_workloads` of the shared interpreter: a Proxy."""
    return shared_interpreter.import_module("block_workloads")


@pytest.fixture
def cell() -> atoll.AtomicInt:
    return atoll.AtomicInt(atoll.Buffer(8))


def test_operations(cell: atoll.AtomicInt) -> None:
    """add, sub and exchange return what was before; store returns nothing."""
    assert cell.load() == 0
    assert cell.add(5) == 0 and cell.load() == 5
    assert cell.sub(7) == 5 and cell.load() == -2
    assert cell.exchange(9) == -2 and cell.load() == 9
    assert cell.store(-1) is None and cell.load() == -1
    assert repr(cell) == "<atoll.AtomicInt -1>"


def test_compare_exchange(cell: atoll.AtomicInt) -> None:
    """compare_exchange sets what is expected, and says whether it was."""
    assert cell.compare_exchange(0, 3) is True
    assert cell.compare_exchange(0, 4) is False
    assert cell.load() == 3


def test_is_the_bytes_of_the_buffer() -> None:
    """The number is 8 bytes of the Buffer, in the order of the machine."""
    numbers = atoll.Buffer(24).cast("q")
    cell = atoll.AtomicInt(numbers, 8)
    cell.store(-5)
    assert numbers.tolist() == [0, -5, 0]
    numbers[1] = 6
    assert cell.load() == 6
    assert atoll.AtomicInt(numbers[1:]).load() == 6
    assert atoll.AtomicInt(buffer=numbers, offset=16).load() == 0


def test_limits(cell: atoll.AtomicInt) -> None:
    """Beyond 64 bits a sum wraps around; a number that has more is an OverflowError."""
    cell.store(LARGEST)
    assert cell.add(1) == LARGEST
    assert cell.load() == -LARGEST - 1
    assert cell.sub(1) == -LARGEST - 1
    assert cell.load() == LARGEST
    for method in (cell.store, cell.add, cell.sub, cell.exchange):
        for number in (LARGEST + 1, -LARGEST - 2):
            with pytest.raises(OverflowError):
                method(number)
        for wrong in (1.0, "1", None):
            with pytest.raises(TypeError):
                method(wrong)  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        cell.compare_exchange(1)  # type: ignore[call-arg]
    with pytest.raises(OverflowError):
        cell.compare_exchange(0, 1 << 70)
    assert cell.load() == LARGEST


@pytest.mark.parametrize("offset", [-8, -1, 1, 4, 12, 16, 17, 1 << 40])
def test_places_that_cannot_be(offset: int) -> None:
    """A cell that is not inside, or not aligned, is a ValueError."""
    with pytest.raises(ValueError):
        atoll.AtomicInt(atoll.Buffer(16), offset)


def test_buffers_that_cannot_be() -> None:
    """A Buffer that is read-only, in pieces, too small, shifted or none is refused."""
    buffer = atoll.Buffer(32)
    with pytest.raises(TypeError, match="read-only"):
        atoll.AtomicInt(buffer.toreadonly())
    for bad in (buffer[::2], buffer[1:], buffer[:7], buffer[::-1], atoll.Buffer(0)):
        with pytest.raises(ValueError):
            atoll.AtomicInt(bad)
    assert atoll.AtomicInt(buffer[4:], 4).load() == 0
    for other in (bytearray(8), None, atoll.Queue()):
        with pytest.raises(TypeError, match="Buffer"):
            atoll.AtomicInt(other)  # type: ignore[arg-type]
    with pytest.raises(OverflowError):
        atoll.AtomicInt(buffer, 1 << 70)


def test_keeps_the_memory() -> None:
    """The cell is valid after its Buffer was released, and the memory goes with it."""
    count = block_workloads.Count()
    with atoll.Buffer(8) as buffer:
        cell = atoll.AtomicInt(buffer)
    assert cell.add(1) == 0 and cell.load() == 1
    del cell, buffer
    assert count.blocks == 0


def test_crosses_as_the_same_cell(there: Any, cell: atoll.AtomicInt) -> None:
    """As an argument, a result, in a closure, by copy() and in an executor it is the same cell."""
    there.add_each(cell, 3)
    assert there.identity(cell) is cell
    assert there.identity(atoll.copy([cell]))[0].add(1) == 3
    with atoll.InterpreterPoolExecutor(1) as pool:
        pool.submit(lambda held: (held[0].add(1), cell.add(1)), [cell]).result()
    assert cell.load() == 6


def test_outlives_its_maker() -> None:
    """It is valid after the interpreter that made it has closed."""
    with atoll.Interpreter() as maker:
        cell = maker.call(lambda: atoll.AtomicInt(atoll.Buffer(16), 8))
    assert cell.exchange(4) == 0 and cell.load() == 4


def test_cannot_be_pickled(cell: atoll.AtomicInt) -> None:
    """Outside of atoll it is not pickled: it would be another cell."""
    with pytest.raises(TypeError, match="same cell"):
        pickle.dumps(cell)


@pytest.mark.parametrize("how", [block_workloads.add_each, block_workloads.exchange_each])
def test_no_addition_is_lost(how: Callable[..., None], cell: atoll.AtomicInt) -> None:
    """Threads of several interpreters count up at once, and every one is counted."""
    threads = [atoll.Thread(target=how, args=(cell, 20_000)) for _ in range(3)]
    mine = threading.Thread(target=how, args=(cell, 20_000))
    for thread in (*threads, mine):
        thread.start()
    for thread in (*threads, mine):
        thread.join()
    assert cell.load() == 80_000
