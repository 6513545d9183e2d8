"""Work for NumPy, of which every interpreter imports a copy of its own.

The small pieces hold the GIL: NumPy does not release it for arrays of so few items, except for
sorting. The large arrays are computed without the GIL.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy

SMALL, LARGE = 200, 100_000  # items of an array


def small_transforms(turns: int) -> float:
    """Fourier transforms there and back."""
    signal = numpy.linspace(0.0, 1.0, SMALL)
    for _ in range(turns):
        signal = numpy.fft.irfft(numpy.fft.rfft(signal), SMALL)
    return float(signal.sum())


def small_sorts(turns: int) -> float:
    """Sort, search, pick unique numbers."""
    numbers = numpy.random.default_rng(1).random(SMALL)
    found = 0
    for _ in range(turns):
        in_order = numpy.sort(numbers)
        found += int(numpy.searchsorted(in_order, numbers[:20]).sum())
        found += len(numpy.unique(numbers))
    return float(found)


def small_elementwise(turns: int) -> float:
    """Arithmetic and functions, item by item."""
    numbers = numpy.linspace(0.1, 1.0, SMALL)
    total = 0.0
    for _ in range(turns):
        total += float((numpy.exp(-numbers) * numpy.sin(numbers) + numbers**2).sum())
    return total


def small_matrices(turns: int) -> float:
    """Products, systems of equations and determinants of 6 x 6 matrices."""
    matrix = numpy.eye(6) * 3.0 + numpy.arange(36.0).reshape(6, 6) / 36.0
    total = 0.0
    for _ in range(turns):
        square = matrix @ matrix.T
        total += float(numpy.linalg.solve(square, matrix[0])[0] + numpy.linalg.det(square))
    return total


def large_arrays(turns: int) -> float:
    """Transform, sort and compute; arrays that fit into a processor's cache."""
    numbers = numpy.random.default_rng(2).random(LARGE)
    total = 0.0
    for _ in range(turns):
        spectrum = numpy.abs(numpy.fft.rfft(numbers))
        total += float(numpy.sort(numbers)[0] + numpy.exp(-spectrum).sum())
    return total


# By name, with the turns that take about 20 ms: so short that both processors are free at times.
PIECES: dict[str, tuple[Callable[[int], float], int]] = {
    "transforms": (small_transforms, 1_600),
    "sorts": (small_sorts, 800),
    "item by item": (small_elementwise, 3_200),
    "matrices": (small_matrices, 1_600),
    "large arrays": (large_arrays, 6),
}
WITHOUT_GIL = {"large arrays"}


class Arrays:
    """Holds an array, and reads others."""

    def __init__(self, size: int) -> None:
        self.array = numpy.ones(size, "u1")

    def look(self, array: object) -> int:
        """Make a numpy array that uses the memory of the argument; read one item of it."""
        return int(numpy.asarray(array)[-1])
