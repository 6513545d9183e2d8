"""Try packages in interpreters of their own: same results, in parallel, closed, made again.

    python tests/matrix/run.py [PACKAGE ...] [--mode auto] [--cycles 20] [--output FILE]

Each package is tried in a process of its own (`trial.py`, `brief.py`), so that a crash ends only
that. One that does not work in the mode asked for is tried in the mode `main`, too. A line of JSON
per trial is written to FILE or standard output; how it goes is told on standard error.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

from packages import PACKAGES, Package, installed_with

TRIAL, BRIEF = (Path(__file__).with_name(name) for name in ("trial.py", "brief.py"))
GRACE = 20  # seconds that a process has to end by itself after the limit of a step
TEXT_LENGTH = 2000
QUIET = {"GRPC_VERBOSITY": "ERROR"}  # else it tells of each client that has gone

Record = dict[str, Any]


def try_package(package: Package, mode: str, cycles: int, limit: float) -> Record:
    """Run the trial of a package, and return all that is known of it."""
    record: Record = {
        "package": package.name,
        "distribution": package.distribution,
        "version": package.version(),
        "python": platform.python_version(),
        "mode": mode,
        "step": "begin",
    }
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder, "report")
        report.touch()
        script = BRIEF if package.uses else TRIAL
        command = [sys.executable, "-X", "faulthandler", str(script), package.name, mode]
        started = subprocess.Popen(
            [*command, str(cycles), str(limit), str(report)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            cwd=folder,
            env=os.environ | QUIET,
        )
        record["status"], noise = wait(started, report, limit + GRACE)
        for line in report.read_text().splitlines():
            record |= json.loads(line)
    if "packages" in record:
        found = {name: installed_with(name) for name in record["packages"]}
        record["packages"] = {name: each for name, each in found.items() if each}
    works = record["status"] == 0 and not noise and record["step"] == "end" and record["equal"]
    record["works"] = bool(works)
    if "error" in record:
        record["error"] = without_paths(record["error"])[-TEXT_LENGTH:]
    if noise:
        record["stderr"] = without_paths(noise)[:TEXT_LENGTH]
    return record


def wait(started: subprocess.Popen[str], report: Path, limit: float) -> tuple[int | None, str]:
    """Return the status and stderr of a process; end it, and return None, if it stops reporting."""
    size = -1
    while size != report.stat().st_size:
        size = report.stat().st_size
        with suppress(subprocess.TimeoutExpired):
            noise = started.communicate(timeout=limit)[1]
            return started.returncode, noise
    started.kill()
    return None, started.communicate()[1]


def without_paths(text: str) -> str:
    """Shorten the paths of this machine."""
    for prefix, name in ((sys.prefix, "{prefix}"), (sys.base_prefix, "{base}")):
        text = text.replace(prefix, name)
    return text.replace(str(TRIAL.parent), "{matrix}")


def outcome(record: Record) -> str:
    """Say in a line how a trial went."""
    status = record["status"]
    if record["works"]:
        numbers = [
            f"{name} {record[name]}"
            for name in ("speed_up", "import_ms", "megabytes", "growth")
            if name in record
        ]
        return f"works: {', '.join(numbers)}"
    if status is None:
        how = "did not end"
    elif status < 0:
        how = signal.Signals(-status).name
    else:
        how = f"status {status}"
    return f"fails: {how} after {record['step']}: {reason(record)}"


def reason(record: Record) -> str:
    """Pick the line that says most about what went wrong."""
    if "error" in record:
        return str(record["error"].strip().splitlines()[-1])
    noise = record.get("stderr", "").strip().splitlines()
    if fatal := [line for line in noise if "Fatal" in line or "Error" in line]:
        return str(fatal[0])
    return str([*noise, *record.get("different", []), ""][0])


def run(packages: Iterable[Package], mode: str, cycles: int, limit: float) -> Iterable[Record]:
    """Try packages, each also in the mode `main` if it does not work."""
    for package in packages:
        for each in dict.fromkeys((mode, "main")):
            record = try_package(package, each, cycles, limit)
            print(f"{package.name} {record['version']} {each} {outcome(record)}", file=sys.stderr)
            yield record
            if record["works"]:
                break


def chosen(names: list[str]) -> list[Package]:
    """Return the packages of these names, or all that are installed."""
    if not names:
        return [package for package in PACKAGES if package.version() is not None]
    by_name = {package.name: package for package in PACKAGES}
    if unknown := set(names) - set(by_name):
        raise SystemExit(f"unknown: {', '.join(sorted(unknown))}; known: {', '.join(by_name)}")
    packages = [by_name[name] for name in names]
    if missing := [package.name for package in packages if package.version() is None]:
        raise SystemExit(f"not installed: {', '.join(missing)}")
    return packages


def main() -> None:
    """Try what the command line says."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("packages", nargs="*", metavar="PACKAGE", help="default: all installed")
    parser.add_argument("--mode", default="auto", help="the interpreters' `extensions`")
    parser.add_argument("--cycles", type=int, default=20, help="make, import, work, close; 20")
    parser.add_argument("--timeout", type=float, default=300, help="seconds for each step; 300")
    parser.add_argument("--output", type=Path, help="a file of JSON lines")
    arguments = parser.parse_args()
    packages = chosen(arguments.packages)
    lines = []
    for record in run(packages, arguments.mode, arguments.cycles, arguments.timeout):
        lines.append(json.dumps(record, ensure_ascii=False))
        if arguments.output:
            arguments.output.write_text("\n".join(lines) + "\n")
        else:
            print(lines[-1], flush=True)


if __name__ == "__main__":
    main()
