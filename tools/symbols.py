"""Check that a shared object needs no function that glibc 2.28 does not have (manylinux_2_28).

    python tools/symbols.py FILE [MAJOR.MINOR]

A linker notes the newest version of each function that the machine's glibc offers, so what is built
on a newer system runs on newer systems only, even if all functions are old. A wheel for all must be
built in the image of its manylinux; this checks on any system that it can be. Needs objdump.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections import defaultdict

type Version = tuple[int, ...]

INLINE_BEFORE = {"stat", "fstat", "lstat", "fstatat", "stat64", "fstat64", "lstat64", "fstatat64"}
"""Functions of 2.33 that older headers made of others."""


def symbols(path: str) -> list[tuple[str, Version, bool]]:
    """Return what a shared object defines or needs of glibc: name, version, is it defined."""
    out = subprocess.run(["objdump", "-T", path], capture_output=True, text=True, check=True).stdout
    found = re.findall(r"^\S+ .{7} (\S+)\s+\S+\s+\(?GLIBC_([\d.]+)\)? +(?:\S+ )?(\S+)$", out, re.M)
    return [
        (name, tuple(map(int, version.split("."))), section != "*UND*")
        for section, version, name in found
    ]


def library_paths() -> list[str]:
    """Find the parts of glibc that this program runs with."""
    with open("/proc/self/maps") as maps:
        return sorted(
            set(re.findall(r"/\S*/(?:libc|libm|libdl|libpthread|ld-linux\S*)\.so\S*", maps.read()))
        )


def first_versions() -> dict[str, Version]:
    """Return the oldest version of each function of this machine's glibc."""
    versions = defaultdict(list)
    for path in library_paths():
        for name, version, is_defined in symbols(path):
            if is_defined:
                versions[name].append(version)
    return {name: min(each) for name, each in versions.items()}


def main(path: str, limit: str = "2.28") -> int:
    newest = tuple(map(int, limit.split(".")))
    needed = [(name, version) for name, version, is_defined in symbols(path) if not is_defined]
    if not needed:
        print(f"{path} needs nothing of glibc: is it built for Linux?")
        return 1
    first = first_versions()
    wrong = [n for n, v in needed if n not in INLINE_BEFORE and first.get(n, v) > newest]
    for name in wrong:
        print(f"{name} is not in glibc {limit}: it came with {'.'.join(map(str, first[name]))}")
    built = ".".join(map(str, max(version for _, version in needed)))
    if not wrong:
        print(f"all {len(needed)} functions are in glibc {limit}; built here it needs {built}")
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
