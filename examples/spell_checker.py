"""A spell checker: one table of words, shared by all interpreters, none of which has a copy.

    uv run python examples/spell_checker.py [WORDS...] [--interpreters N]

Several interpreters at once count the words in the text of Python's standard library. Then each of
them corrects misspelt words with the table, which is passed to it as a pointer. The memory of that
is compared with a pool of processes, each of which needs its own copy of the table.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import random
import re
import sysconfig
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import contextmanager
from itertools import batched, repeat
from pathlib import Path

from rich.console import Console
from rich.table import Table

import atoll

LETTERS = "abcdefghijklmnopqrstuvwxyz"
WORD = re.compile(r"[a-z]+")

Counts = Mapping[str, int]


# ---- what the workers do ----


def count_words(paths: tuple[str, ...]) -> Counter[str]:
    """Count the words of some files."""
    counts: Counter[str] = Counter()
    for path in paths:
        text = Path(path).read_text(encoding="utf-8", errors="ignore")
        counts.update(WORD.findall(text.lower()))
    return counts


def edits(word: str) -> Iterator[str]:
    """All texts that differ from a word by one letter left out, swapped, replaced or added."""
    for i in range(len(word) + 1):
        before, after = word[:i], word[i:]
        if after:
            yield before + after[1:]
            yield from (before + letter + after[1:] for letter in LETTERS)
        if len(after) > 1:
            yield before + after[1] + after[0] + after[2:]
        yield from (before + letter + after for letter in LETTERS)


def correct(word: str, counts: Counts) -> str:
    """Return the most frequent known word that is no more than two edits away."""
    if word in counts:
        return word
    near = {each for each in edits(word) if each in counts}
    if not near:
        near = {far for each in edits(word) for far in edits(each) if far in counts}
    return max(near, key=lambda each: (counts[each], each), default=word)


# In processes the table cannot be an argument of each call: it would be pickled every time.
_own_counts: Counts = {}


def keep(counts: Counts) -> None:
    """Store the table of a process; its initializer."""
    globals()["_own_counts"] = counts


def correct_with_own(word: str) -> str:
    return correct(word, _own_counts)


# ---- measuring ----


def memory() -> float:
    """Private memory of this process and its children, in MB."""
    kilobytes = 0
    for pid in ("self", *(str(child.pid) for child in multiprocessing.active_children())):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Private_"):
                kilobytes += int(line.split()[1])
    return kilobytes / 1000


class Measurement:
    """Seconds and megabytes that a block took."""

    seconds = 0.0
    megabytes = 0.0


@contextmanager
def measured() -> Iterator[Measurement]:
    measurement = Measurement()
    before, start = memory(), time.perf_counter()
    yield measurement
    measurement.seconds = time.perf_counter() - start
    measurement.megabytes = memory() - before


# ---- the program ----


def library_files() -> list[str]:
    root = Path(sysconfig.get_path("stdlib"))
    paths = (path for path in root.rglob("*.py") if "site-packages" not in path.parts)
    return sorted(str(path) for path in paths if path.is_file())  # some are broken links


def count_in_parallel(pool: Executor) -> Counter[str]:
    """Count in several interpreters; their results are copied."""
    counts: Counter[str] = Counter()
    for part in pool.map(count_words, batched(library_files(), 50, strict=False)):
        counts.update(part)
    return counts


def misspell(counts: Counts, number: int) -> list[str]:
    """Make words with one wrong letter from frequent words; the same words in each run."""
    dice = random.Random(number)
    frequent = sorted(word for word, count in counts.items() if count > 50 and len(word) > 5)
    return [
        word[:i] + dice.choice(LETTERS) + word[i + 1 :]
        for word in dice.choices(frequent, k=number)
        for i in (dice.randrange(len(word)),)
    ]


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("words", nargs="*", help="words to correct (default: made up ones)")
    parser.add_argument("--interpreters", type=int, default=os.cpu_count() or 2, metavar="N")
    parser.add_argument("--number", type=int, default=4000, help="of words that are made up")
    arguments = parser.parse_args()
    if arguments.interpreters < 1 or arguments.number < 1:
        parser.error("there must be at least one interpreter and one word")
    return arguments


def check_in_interpreters(words: list[str], counts: Counts, workers: int) -> list[str]:
    """Correct the words in interpreters; the table crosses as a pointer, with every word."""
    with atoll.InterpreterPoolExecutor(workers) as pool:
        return list(pool.map(correct, words, repeat(counts)))


def check_in_processes(words: list[str], counts: Counts, workers: int) -> tuple[list[str], float]:
    """Return the corrected words, and the memory that the processes have at the end, in MB."""
    context = multiprocessing.get_context("spawn")
    before = memory()
    with ProcessPoolExecutor(workers, context, initializer=keep, initargs=(counts,)) as pool:
        corrected = list(pool.map(correct_with_own, words, chunksize=50))
        return corrected, memory() - before


def compare(words: list[str], own: Counts, workers: int) -> Table:
    """Correct the words in three ways."""
    with measured() as alone:
        corrected = [correct(word, own) for word in words]
    with measured() as shared:
        assert check_in_interpreters(words, atoll.share(dict(own)), workers) == corrected
    with measured() as copied:
        result, megabytes = check_in_processes(words, own, workers)
        assert result == corrected
    table = Table("", "seconds", "memory of table and workers")
    table.add_row("one thread, the ordinary table", f"{alone.seconds:.2f}", "")
    table.add_row(
        f"{workers} interpreters, one shared table",
        f"{shared.seconds:.2f}",
        f"{shared.megabytes:.0f} MB",
    )
    table.add_row(
        f"{workers} processes, a table each", f"{copied.seconds:.2f}", f"{megabytes:.0f} MB"
    )
    return table


def main() -> None:
    arguments = parse_arguments()
    console = Console(highlight=False)
    with atoll.InterpreterPoolExecutor(arguments.interpreters) as pool:
        own = count_in_parallel(pool)
    console.print(f"{len(own):,} words, {own.total():,} times")
    if arguments.words:
        right = check_in_interpreters(
            arguments.words, atoll.share(dict(own)), arguments.interpreters
        )
        for pair in zip(arguments.words, right, strict=True):
            console.print(" -> ".join(pair))
    else:
        words = misspell(own, arguments.number)
        console.print(compare(words, own, arguments.interpreters))


if __name__ == "__main__":
    main()
