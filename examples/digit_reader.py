"""A reader of handwritten digits: scikit-learn, unmodified, in several interpreters at once.

    uv run --with scikit-learn python examples/digit_reader.py [--parts N] [--interpreters N]

1,797 small images come with scikit-learn. They are divided into parts. For each part, a network
learns from all other images, and from shifted copies of them, and then reads the part. Each
interpreter has a NumPy, SciPy and scikit-learn of its own. Images, labels and results are in
Buffers, which all use in place: a call only passes the number of a part. The same work in threads
of one interpreter is shown for comparison.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

# Each matrix product uses one thread, since the interpreters run in parallel already. The libraries
# read these variables when they are loaded.
os.environ |= {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}

try:
    import numpy
    from sklearn.datasets import load_digits
    from sklearn.neural_network import MLPClassifier
    from sklearn.preprocessing import MinMaxScaler
except ImportError as error:
    sys.exit(f"This example needs scikit-learn ({error}): pip install scikit-learn")

from rich.console import Console
from rich.table import Table

import atoll

SHIFTS = ((0, 0), (0, 1), (0, -1), (1, 0), (-1, 0))  # rows and columns
EPOCHS, RATE = 8, 0.01  # of learning


# ---- what the interpreters do ----


def read_part(
    part: int, parts: int, images: atoll.Buffer, labels: atoll.Buffer, read: atoll.Buffer
) -> None:
    """Learn from all images except every `parts`-th one; write the digits read in these."""
    pixels, known = numpy.asarray(images), numpy.asarray(labels)
    size = pixels[0].size
    aside = numpy.arange(len(pixels)) % parts == part
    shifted = [numpy.roll(pixels[~aside], shift, axis=(1, 2)) for shift in SHIFTS]
    scaler = MinMaxScaler()
    network = MLPClassifier((48,), learning_rate_init=RATE, random_state=part)
    features = scaler.fit_transform(numpy.concatenate(shifted).reshape(-1, size))
    targets = numpy.tile(known[~aside], len(SHIFTS))
    for _ in range(EPOCHS):
        network.partial_fit(features, targets, classes=numpy.unique(known))
    answers = network.predict(scaler.transform(pixels[aside].reshape(-1, size)))
    numpy.asarray(read)[aside] = answers


# ---- the program ----


def memory() -> float:
    """Memory of this process in MB; a page that is mapped several times counts once."""
    lines = Path("/proc/self/smaps_rollup").read_text().splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1000


class Comparison:
    """Does the same work in several ways, and checks that the results are equal."""

    def __init__(self, result: atoll.Buffer) -> None:
        self.result, self.expected = result, b""
        self.alone = 0.0
        self.table = Table("", "seconds", "speed-up", "memory")

    def run(self, name: str, work: Callable[[], object]) -> None:
        """Do the work in one way; add a row with its time and the growth of the process."""
        memoryview(self.result).cast("B")[:] = bytes(self.result.nbytes)
        before, start = memory(), time.perf_counter()
        work()
        seconds = time.perf_counter() - start
        grown = max(memory() - before, 0.0)
        self.alone = self.alone or seconds
        self.expected = self.expected or bytes(self.result)
        assert self.expected == bytes(self.result)
        speed_up = f"{self.alone / seconds:.2f}x"
        self.table.add_row(name, f"{seconds:.2f}", speed_up, f"+{grown:.0f} MB")


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--parts", type=int, default=24, metavar="N", help="images set aside")
    parser.add_argument("--interpreters", type=int, default=os.cpu_count() or 2, metavar="N")
    arguments = parser.parse_args()
    if arguments.interpreters < 1 or arguments.parts < 2:
        parser.error("there must be at least one interpreter and two parts")
    return arguments


def main() -> None:
    arguments = parse_arguments()
    parts, workers = arguments.parts, arguments.interpreters
    digits = load_digits()
    images, labels = (atoll.Buffer.copy_of(each) for each in (digits.images, digits.target))
    read = atoll.Buffer.copy_of(numpy.zeros_like(digits.target))
    work = partial(read_part, parts=parts, images=images, labels=labels, read=read)

    comparison = Comparison(read)
    comparison.run("one interpreter", lambda: [work(part) for part in range(parts)])
    with ThreadPoolExecutor(workers) as threads:
        comparison.run(f"{workers} threads of it", lambda: list(threads.map(work, range(parts))))
    with atoll.InterpreterPoolExecutor(workers) as pool:
        for name in (f"{workers} interpreters, their imports included", "the same, again"):
            comparison.run(name, lambda: list(pool.map(work, range(parts), chunksize=1)))

    console = Console(highlight=False)
    right = sum(map(int.__eq__, read, labels))
    console.print(f"{right:,} of {len(read):,} digits are read correctly")
    console.print(comparison.table)


if __name__ == "__main__":
    main()
