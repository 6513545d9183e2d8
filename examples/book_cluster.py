"""The most frequent words of the standard library's files, counted by a cluster of dask.

    uv run --with 'atoll[dask]' python examples/book_cluster.py [--threads N] [--address ADDRESS]

The cluster is one worker with an interpreter for each of its threads, or one that you have started:

    dask scheduler
    dask worker --nthreads 4 --preload atoll.dask tcp://127.0.0.1:8786
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections import Counter
from pathlib import Path

try:
    import dask
    import dask.bag
    from distributed import Client, LocalCluster
except ImportError as error:
    sys.exit(f"This example needs dask and distributed ({error}): pip install 'atoll[dask]'")


def words_of(path: str) -> Counter[str]:
    """Count the long words of a file. Runs in an interpreter, on a thread of the worker."""
    text = Path(path).read_text(encoding="utf-8", errors="replace")
    return Counter(word for word in text.lower().split() if len(word) > 7 and word.isalpha())


def count(client: Client, number: int) -> None:
    """Count on a cluster, and print the most frequent words."""
    paths = [str(path) for path in sorted(Path(os.__file__).parent.glob("*.py"))[:number]]
    files = dask.bag.from_sequence(paths, npartitions=8)
    total = files.map(words_of).fold(lambda one, other: one + other, initial=Counter()).compute()
    print(f"{total.total():,} long words in {len(paths)} files")
    for word, frequency in total.most_common(5):
        print(f"{frequency:6,} {word}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--files", type=int, default=100)
    parser.add_argument("--address", help="of a scheduler that runs")
    chosen = parser.parse_args()
    if chosen.address:
        with Client(chosen.address) as client:
            count(client, chosen.files)
        return
    with (
        tempfile.TemporaryDirectory() as folder,
        LocalCluster(
            n_workers=1,
            threads_per_worker=chosen.threads,
            processes=False,
            protocol="tcp://",
            dashboard_address=":0",
            silence_logs="ERROR",
            local_directory=folder,
            preload=["atoll.dask"],
        ) as cluster,
        Client(cluster) as client,
    ):
        count(client, chosen.files)


if __name__ == "__main__":
    main()
