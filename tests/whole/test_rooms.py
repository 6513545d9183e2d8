"""The rooms of the house: what lies where, and that nobody uses what lies above.

The order of the rooms is written here, and only here. ARCHITECTURE.md draws it.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Mapping
from functools import cache
from graphlib import CycleError, TopologicalSorter
from importlib import import_module
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CORE = ROOT / "src" / "core"
PACKAGE = ROOT / "src" / "atoll"

pytestmark = pytest.mark.skipif(not CORE.is_dir(), reason="needs the source")

# Bottom up: a room may use those before it.
C_ROOMS = (
    "ground/base",
    "ground/system",
    "ground/share",
    "ground/memory",
    "ground/trace",
    "ground/interpreter",
    "ground/queue",
    "ground/modules",
    "ground/gc",
    "ground/traceback",
    "ground/monitor",
    "bridge/python",
    "bridge/parking",
    "bridge/trace",
    "bridge/share",
    "bridge/traceback",
    "bridge/classes",
    "bridge/transfer",
    "bridge/iteration",
    "bridge/operation",
    "bridge/crossing",
    "bridge/queue",
    "bridge/executor",
    "bridge/gc",
    "bridge/modules",
    "bridge/monitor",
    "bridge/interpreter",
    "types",
    "types/classes",
    "types/capi",
    "types/trace",
    "types/monitor",
)
PYTHON_ROOMS = (
    "_typing",
    "_page",
    "_memory",
    "_transfer",
    "_modules",
    "_forwarding",
    "_interpreter",
    "_thread",
    "_executor",
    "_pool",
    "_queue",
    "_share",
    "_traceback",
    "_monitor",
    "_dask",
    "dask",
    "extensions",
    "gc",
    "_trace",
    "_serve",
    "serve",
    "joblib",
    "demo",
    "cli",
    "__main__",
    "__pyinstaller",
)

MOST_FILES = 26
LARGEST_CIRCLE = 5


def room_of(path: str) -> str:
    return path.rpartition("/")[0]


@cache
def includes() -> Mapping[str, frozenset[str]]:
    """File of the core -> the files of ours that it includes."""
    files = {path.relative_to(CORE).as_posix(): path for path in CORE.rglob("*.[ch]")}
    pattern = re.compile(r'^\s*#\s*include "([^"]+)"', re.MULTILINE)
    return {name: frozenset(pattern.findall(path.read_text())) for name, path in files.items()}


@cache
def python_modules() -> Mapping[str, Path]:
    """Name below `atoll`, with dots -> file. The package itself, which only names all, is left out."""
    found = {}
    for path in PACKAGE.rglob("*.py"):
        parts = path.relative_to(PACKAGE).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    del found[""]
    return found


def imported_by(module: str, path: Path) -> frozenset[str]:
    """Find all modules of ours that a module imports: also in functions, also for type checkers."""
    package = module.split(".") if path.name == "__init__.py" else module.split(".")[:-1]
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names = [each.name for each in node.names]
        elif isinstance(node, ast.ImportFrom):
            above = ["atoll", *package][: len(package) + 2 - node.level] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            names = [base, *(f"{base}.{each.name}" for each in node.names)]
        else:
            continue
        found |= {name.removeprefix("atoll.") for name in names if name.startswith("atoll.")}
    return frozenset(found & python_modules().keys() - {module})


@cache
def imports() -> Mapping[str, frozenset[str]]:
    return {module: imported_by(module, path) for module, path in python_modules().items()}


def arrows_up(uses: Mapping[str, Iterable[str]], rooms: tuple[str, ...], room: object) -> list[str]:
    """List what uses something of a room above its own."""
    floor = {name: number for number, name in enumerate(rooms)}
    return sorted(
        f"{user} -> {used}"
        for user, all_used in uses.items()
        for used in all_used
        if floor[room(user)] < floor[room(used)]  # type: ignore[operator]
    )


def reached_from(start: str, uses: Mapping[str, Iterable[str]]) -> set[str]:
    found: set[str] = set()
    ahead = [start]
    while ahead:
        new = set(uses[ahead.pop()]) - found
        found |= new
        ahead += new
    return found


def circles(uses: Mapping[str, Iterable[str]]) -> set[frozenset[str]]:
    """Find the largest sets of which each member uses all others, directly or not."""
    reached = {each: reached_from(each, uses) for each in uses}
    return {
        frozenset(other for other in reached[each] if each in reached[other])
        for each in uses
        if each in reached[each]
    }


# ---- the core ----


def test_every_c_file_is_in_a_room() -> None:
    """The rooms of the list are the folders of the core."""
    assert {room_of(name) for name in includes()} == set(C_ROOMS)


def test_includes_go_down() -> None:
    """No file of the core includes one of a room above its own."""
    assert arrows_up(includes(), C_ROOMS, room_of) == []


def test_circles_in_bridge_are_small() -> None:
    """Files of `bridge` that need each other (a .c counts with its .h) are few."""
    units = {name.rpartition(".")[0] for name in includes()}
    uses: dict[str, set[str]] = {unit: set() for unit in units}
    for name, used in includes().items():
        unit = name.rpartition(".")[0]
        uses[unit] |= {each.rpartition(".")[0] for each in used} - {unit}
    largest = max(map(len, circles(uses)), default=0)
    assert largest <= LARGEST_CIRCLE, circles(uses)


def test_ground_knows_no_python() -> None:
    """No file of `ground` includes a header of Python's."""
    texts = {path: path.read_text() for path in (CORE / "ground").rglob("*.[ch]")}
    assert [path.name for path, text in texts.items() if "Python.h" in text] == []


# ---- the package ----


def test_imports_go_down() -> None:
    """No module imports one of a room above its own, not even for type checkers."""
    assert arrows_up(imports(), PYTHON_ROOMS, lambda name: name.split(".")[0]) == []


def test_no_circle_of_modules() -> None:
    """No two Python modules import each other, directly or not."""
    try:
        TopologicalSorter(imports()).prepare()
    except CycleError as error:
        pytest.fail(f"circle: {error.args[1]}")


# ---- both ----


def test_no_room_is_crowded() -> None:
    """A folder of sources holds no more files than one can look over."""
    folders = [path for path in (ROOT / "src").rglob("*") if path.is_dir()]
    counts = {
        folder.relative_to(ROOT).as_posix(): sum(
            each.suffix in {".c", ".h", ".py"} for each in folder.iterdir()
        )
        for folder in folders
    }
    assert {name: count for name, count in counts.items() if count > MOST_FILES} == {}


NAMED_FUNCTION = re.compile(r'"(atoll(?:\.\w+)*):(\w+)"')
HOOK = re.compile(r'\[HOOK_\w+\] = \{"([\w.]+)", "(\w+)"\}')


def named_in(files: Iterable[Path], pattern: re.Pattern[str]) -> list[tuple[str, str]]:
    return sorted({found for path in files for found in pattern.findall(path.read_text())})


@pytest.mark.parametrize(
    ("module", "name"),
    [
        *named_in(PACKAGE.rglob("*.py"), NAMED_FUNCTION),
        *named_in(CORE.rglob("*.[ch]"), NAMED_FUNCTION),
    ],
)
def test_named_functions_exist(module: str, name: str) -> None:
    """Every "module:function" that is called in another interpreter can be imported."""
    assert callable(getattr(import_module(module), name))


@pytest.mark.parametrize(("module", "name"), named_in(CORE.rglob("*.c"), HOOK))
def test_hooks_exist(module: str, name: str) -> None:
    """Whatever of Python's the core asks for by name can be imported."""
    assert hasattr(import_module(module), name)


def test_hooks_stand_in_one_table() -> None:
    """Only one file of the core names functions of the package."""
    tables = [path.name for path in CORE.rglob("*.c") if HOOK.search(path.read_text())]
    assert len(tables) == 1
    named = [
        path.name
        for path in CORE.rglob("*.c")
        if re.search(r'"atoll\._(?!core\b)\w', path.read_text()) and path.name not in tables
    ]
    assert named == []


def test_architecture_names_every_room() -> None:
    """ARCHITECTURE.md says what is in each room of the core and in each package."""
    text = (ROOT / "ARCHITECTURE.md").read_text()
    packages = [room for room in PYTHON_ROOMS if (PACKAGE / room).is_dir()]
    assert [room for room in (*C_ROOMS, *packages) if f"`{room}`" not in text] == []
