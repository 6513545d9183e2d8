"""A search for the best parameters with joblib, unmodified, in interpreters.

    uv run --with joblib python examples/joblib_search.py [--jobs N] [--backend NAME]

A knapsack of limited size is to be filled with things of the greatest value. Simulated annealing
finds a good filling; how good, depends on two parameters. Each call of the search tries one pair of
them. `import atoll.joblib` is all that it takes to run the calls in interpreters.
"""

from __future__ import annotations

import argparse
import math
import random
import sys
import time
from itertools import product

try:
    import atoll.joblib  # noqa: F401
except ModuleNotFoundError as error:
    sys.exit(str(error))
from joblib import Parallel, delayed

SIZE = 1000
_dice = random.Random(1)
THINGS = [(_dice.randint(5, 60), _dice.randint(10, 100)) for _ in range(100)]  # size and value

TEMPERATURES = (2.0, 10.0, 50.0)
COOLINGS = (0.999, 0.9995, 0.9999)
STEPS = 10_000


def anneal(temperature: float, cooling: float) -> int:
    """Fill the knapsack; return the value of what is in it."""
    dice = random.Random(2)
    packed: set[int] = set()
    size = value = best = 0
    for _ in range(STEPS):
        index = dice.randrange(len(THINGS))
        sign = -1 if index in packed else 1
        more, gain = sign * THINGS[index][0], sign * THINGS[index][1]
        if size + more <= SIZE and (gain > 0 or dice.random() < math.exp(gain / temperature)):
            packed ^= {index}
            size, value = size + more, value + gain
            best = max(best, value)
        temperature = max(0.1, temperature * cooling)
    return best


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--backend", default="atoll")
    arguments = parser.parse_args()
    pairs = list(product(TEMPERATURES, COOLINGS))
    began = time.perf_counter()
    values = Parallel(n_jobs=arguments.jobs, backend=arguments.backend)(
        delayed(anneal)(*pair) for pair in pairs
    )
    for (temperature, cooling), value in zip(pairs, values, strict=True):
        print(f"temperature {temperature:4}, cooling {cooling}: {value:,}")
    seconds = time.perf_counter() - began
    print(f"best: {max(values):,}, in {seconds:.1f} s with {arguments.jobs} jobs")


if __name__ == "__main__":
    main()
