"""Try to break atoll in many ways, within a given time.

    uv run python tools/audit.py [SECONDS]     (default: 900)

It runs on all cores: gcc's static analyser for each C file of the core; a round of each fuzzer (of
restrict() and share.load()); the scripts of tests/crashes, and all scripts below the folder $CASES,
if that is set; then more rounds of the fuzzers, each with other seeds, until the time is over. With
more time, a round is longer.

A script of $CASES fails only if it dies of a signal or hangs; one that lacks a package is left out.
tools/audit.supp lists the false warnings of the analyser, with the reasons. A step that has not
ended, or not begun, when the time is over is a failure too. The status is 1 if anything failed.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import sysconfig
import tempfile
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TESTS = ROOT / "tests"
GCC = [
    *["gcc", "-fanalyzer", "-Wanalyzer-too-complex", "-std=gnu11", "-O1", "-c", "-o", os.devnull],
    *["-D_GNU_SOURCE=1", "-DNDEBUG", "-Isrc/core", f"-I{sysconfig.get_path('include')}"],
]
PYTHON = [sys.executable, "-X", "faulthandler"]
PYTEST = [*PYTHON, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "--rootdir", str(ROOT),
          "-c", str(ROOT / "pyproject.toml")]  # fmt: skip
ENVIRONMENT = os.environ | {"PYTHONPATH": f"{ROOT / 'src'}:{TESTS}"}
TAIL = 40  # lines of what a failure printed


@dataclass
class Ended:
    status: int | None  # as in subprocess: -N is signal N; None: it was still running
    output: str

    def __str__(self) -> str:
        if self.status is None:
            return "not ended in time"
        if self.status < 0:
            return f"died of {signal.Signals(-self.status).name}"
        return f"status {self.status}"


@dataclass
class Step:
    stage: str
    name: str
    command: list[str]
    seconds: float  # the most that it may take
    failure: Callable[[Ended], str | None]  # what is wrong with how it ended
    variables: dict[str, str] = field(default_factory=dict)
    directory: Path | None = None  # None: an empty one


def any_status(ended: Ended) -> str | None:
    return None if ended.status == 0 else f"{ended}\n{tail(ended)}"


def tail(ended: Ended) -> str:
    return "\n".join(ended.output.splitlines()[-TAIL:])


def run(step: Step, seconds: float) -> Ended:
    """Run the step's command; then kill the processes that it has left behind."""
    directory = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
    with directory as empty, tempfile.TemporaryFile() as output:
        process = subprocess.Popen(
            step.command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=ENVIRONMENT | step.variables,
            cwd=step.directory or empty,
            start_new_session=True,
        )
        try:
            status = process.wait(seconds)
        except subprocess.TimeoutExpired:
            status = None
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        output.seek(0)
        return Ended(status, output.read().decode(errors="replace"))


# ---- the static analyser ----


class Analyser:
    def __init__(self) -> None:
        lines = (ROOT / "tools/audit.supp").read_text().splitlines()
        patterns = [line for line in lines if line and not line.startswith("#")]
        self.suppressed = {re.compile(pattern): 0 for pattern in patterns}
        self.in_part: list[str] = []

    def steps(self) -> Iterator[Step]:
        # the largest first: at the end all cores are busy with small ones
        for path in sorted((ROOT / "src/core").rglob("*.c"), key=lambda path: -path.stat().st_size):
            name = str(path.relative_to(ROOT))
            yield Step("gcc -fanalyzer", name, [*GCC, name], 180, self.judge(name), directory=ROOT)

    def judge(self, name: str) -> Callable[[Ended], str | None]:
        def failure(ended: Ended) -> str | None:
            if ended.status != 0:
                return any_status(ended)
            if "analysis bailed out early" in ended.output:
                self.in_part.append(name)
            found = set(
                re.findall(r"^.* warning: .*\[-W(?!analyzer-too-complex).*$", ended.output, re.M)
            )
            return "\n".join(sorted(each for each in found if not self.is_suppressed(each))) or None

        return failure

    def is_suppressed(self, warning: str) -> bool:
        matching = [pattern for pattern in self.suppressed if pattern.search(warning)]
        for pattern in matching:
            self.suppressed[pattern] += 1
        return bool(matching)

    def notes(self) -> Iterator[str]:
        yield f"{sum(self.suppressed.values())} warnings are suppressed by tools/audit.supp"
        for pattern in (pattern for pattern, count in self.suppressed.items() if not count):
            yield f"no warning matches {pattern.pattern}"
        if self.in_part:
            names = ", ".join(sorted(Path(name).name for name in self.in_part))
            yield f"too complex for gcc, which analysed {len(self.in_part)} in part: {names}"


# ---- scripts ----


def crashes() -> Iterator[Step]:
    paths = [str(path) for path in TESTS.rglob("test_crashes.py")]
    command = [*PYTEST, "--collect-only", *paths]
    listed = subprocess.run(command, cwd=ROOT, env=ENVIRONMENT, capture_output=True, text=True)
    names = re.findall(r"^\S+::\S+\[\S+\]$", listed.stdout, re.M)
    if listed.returncode or not names:
        sys.exit(f"no script of tests/crashes was found:\n{listed.stdout}{listed.stderr}")
    for name in names:
        command = [*PYTEST, str(ROOT / name)]
        yield Step("tests/crashes", name.split("[")[-1][:-1], command, 150, any_status)


class Cases:
    def __init__(self) -> None:
        self.without: Counter[str] = Counter()  # package -> scripts that lack it

    def steps(self) -> Iterator[Step]:
        folder = os.environ.get("CASES")
        paths = sorted(Path(folder).resolve().rglob("*.py")) if folder else []
        if folder and not paths:
            sys.exit(f"no script is in $CASES: {folder}")
        for path in paths:
            yield Step("$CASES", str(path), [*PYTHON, str(path)], 60, self.failure)

    def failure(self, ended: Ended) -> str | None:
        if ended.status is None or ended.status < 0:
            return any_status(ended)
        if ended.status and (lacks := re.search(r"No module named '(\w+)", ended.output)):
            self.without[lacks[1]] += 1
        return None

    def notes(self) -> Iterator[str]:
        for package, count in self.without.items():
            yield f"{count} of $CASES were left out: there is no {package}"


# ---- fuzzers ----


Fuzzer = Callable[
    [float, bool], Step
]  # from the seconds of the audit, and whether this is the first round


def restrict_round(seconds: float, is_first: bool) -> Step:
    """Make a round; the first round also has the tests that are not random."""
    (path,) = TESTS.rglob("test_restrict_fuzz.py")
    variables = {
        "ATOLL_RESTRICT_SEEDS": "3" if seconds < 600 else "5",
        "ATOLL_RESTRICT_STEPS": "250" if seconds < 3600 else "1000",
        "ATOLL_RESTRICT_FIRST_SEED": "0" if is_first else str(random.randrange(10**6)),
    }
    name = f"{path.name} from seed {variables['ATOLL_RESTRICT_FIRST_SEED']}"
    part = [] if is_first else ["-k", "test_owner_and_holder_at_random"]
    command = [*PYTEST, "--timeout=600", str(path), *part]
    return Step("fuzz restrict()", name, command, 600, any_status, variables)


def share_round(seconds: float, is_first: bool) -> Step:
    (path,) = TESTS.rglob("fuzz_share_file.py")
    seed = str(random.randrange(1, 10**6))
    amounts = ["5000", "1250"] if seconds < 600 else ["20000", "5000"]
    command = [*PYTHON, "-W", "error", str(path), *amounts, seed]
    return Step("fuzz share.load()", f"{path.name} of seed {seed}", command, 600, any_status)


FUZZERS: list[Fuzzer] = [restrict_round, share_round]

# ---- all of it ----


class Audit:
    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.end = time.monotonic() + seconds
        self.lock = threading.Lock()  # for the fields below, and for what a step's `failure` stores
        self.ran: Counter[str] = Counter()
        self.took: defaultdict[str, float] = defaultdict(float)
        self.failed: Counter[str] = Counter()

    def left(self) -> float:
        return self.end - time.monotonic()

    def attempt(self, step: Step) -> float:
        """Run a step and note its result; return how long it took."""
        began = time.monotonic()
        seconds = min(step.seconds, self.left())
        ended = run(step, seconds) if seconds > 0 else None
        took = time.monotonic() - began
        with self.lock:
            failure = step.failure(ended) if ended else "not begun in time"
            self.ran[step.stage] += 1
            self.took[step.stage] += took
            if failure:
                self.failed[step.stage] += 1
                print(f"FAILED  {step.stage}: {step.name}: {failure}", flush=True)
        return took

    def fuzz(self, fuzzer: Fuzzer) -> None:
        """Attempt one round after another, as long as there is time for one and none fails."""
        most = 0.0
        step = fuzzer(self.seconds, False)
        while self.left() > max(2 * most, 60) and not self.failed[step.stage]:
            most = max(most, self.attempt(step))
            step = fuzzer(self.seconds, False)

    def tell(self, notes: Iterable[str]) -> None:
        for note in notes:
            print(f"        {note}")
        for stage, count in self.ran.items():
            print(
                f"{count:6} {stage}: {self.failed[stage]} failed, {self.took[stage]:.0f} s together"
            )
        outcome = "FAILED" if self.failed.total() else "OK"
        print(f"{outcome}, {self.seconds - self.left():.0f} s of {self.seconds:.0f} s")


def main(seconds: float) -> int:
    if shutil.which("gcc") is None:
        sys.exit("there is no gcc")
    audit, analyser, cases = Audit(seconds), Analyser(), Cases()
    cores = os.process_cpu_count() or 1
    first = [fuzzer(seconds, True) for fuzzer in FUZZERS]
    with ThreadPoolExecutor(cores) as pool:
        steps = [*analyser.steps(), *first, *crashes(), *cases.steps()]
        list(pool.map(audit.attempt, steps))
        list(pool.map(audit.fuzz, itertools.islice(itertools.cycle(FUZZERS), cores)))
    audit.tell([*analyser.notes(), *cases.notes()])
    return 1 if audit.failed.total() else 0


if __name__ == "__main__":
    sys.exit(main(float(sys.argv[1]) if len(sys.argv) > 1 else 900))
