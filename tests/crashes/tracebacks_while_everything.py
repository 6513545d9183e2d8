"""Tracebacks are made while threads call, recurse and end, and interpreters come and go."""

import io
import sys
import threading

import workloads
from children import times

import atoll

ROUNDS = times(150)


def churn(is_over: threading.Event, worker: atoll.Interpreter) -> None:
    there = worker.import_module("workloads")
    while not is_over.is_set():
        there.bounce(workloads.bounce, there.bounce, 5)
        exec(compile("def gone(): return [gone2() for _ in range(3)]\n"
                     "def gone2(): return sum(x for x in range(5))\ngone()", "gone.py", "exec"), {})  # fmt: skip


def make(is_over: threading.Event) -> None:
    while not is_over.is_set():
        with atoll.Interpreter() as short:
            short.call(workloads.count_to, 100)
        thread = atoll.Thread(target=workloads.count_to, args=(1000,))
        thread.start()
        thread.join()


def main() -> None:
    is_over = threading.Event()
    workers = [atoll.Interpreter() for _ in range(2)]
    threads = [threading.Thread(target=churn, args=(is_over, each)) for each in workers]
    threads.append(threading.Thread(target=make, args=(is_over,)))
    for each in threads:
        each.start()
    lines = 0
    for _ in range(ROUNDS):
        file = io.StringIO()
        atoll.dump_traceback(file)
        lines += file.getvalue().count("\n")
    is_over.set()
    for each in threads:
        each.join()
    if lines < ROUNDS:
        sys.exit("dumps are empty")


main()
