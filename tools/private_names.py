"""Write docs/project/private-names.md: what of CPython is used that it does not document.

    python tools/private_names.py            # write the page
    python tools/private_names.py --check    # only compare
    python tools/private_names.py FOLDER     # list the names that no header in FOLDER has

FOLDER is the Include/ of a CPython, one that is not released yet for example. A name whose use is
compiled for some versions only, by PY_VERSION_HEX, is looked for if the FOLDER's is one of them.
"""

from __future__ import annotations

import ast
import re
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
CORE = ROOT / "src" / "core"
PACKAGE = ROOT / "src" / "atoll"
PAGE = ROOT / "docs" / "project" / "private-names.md"

VERSIONS = (13, 14, 15)  # of CPython 3

DOCUMENTED = {
    *("PyObject", "PyVarObject", "PyTypeObject", "PyMethodDef", "PyMemberDef", "PyGetSetDef"),
    *("PyModuleDef", "PyModuleDef_Slot", "PyType_Slot", "PyType_Spec", "PyStatus", "PyConfig"),
    *("PyBufferProcs", "PyNumberMethods", "PySequenceMethods", "PyMappingMethods"),
    *("PyAsyncMethods", "PyMemAllocatorEx", "PyInterpreterConfig", "PySendResult"),
}
"""Structs of CPython whose fields are documented."""
UNDOCUMENTED_FIELDS = {"tp_mro"}
"""Fields of these that one must not write, and that are written."""

type Found = dict[str, set[int]]
"""Name -> the versions (13: 3.13) that its uses are compiled for."""

INTRODUCTION = """\
<!-- Made of the sources by tools/private_names.py. -->
# Private names of CPython

What atoll uses of CPython that its documentation does not describe, or does not promise to keep.
Each use was read in the sources of {releases}.
The second column says for which versions it is compiled, and so in which it was read.

A new version is read for these names first: `python tools/private_names.py FOLDER` lists those that
its headers no longer have; `tools/syntax.sh FOLDER` compiles the core with these headers.
"""

SECTIONS = {
    "Functions, types and macros": """\
Declared by headers that `Python.h` includes, or by the core itself. `PyUnstable_*` functions are
documented, and may change with each version.""",
    "Fields": """\
Of structs that the headers declare and the documentation does not describe.""",
    "Known by their layout": """\
Headers have these for CPython itself only. The core has declarations, numbers or steps of its own
in their place, and comments of `bridge/python/cpython.[ch]` name the originals.""",
    "In Python": """\
Of modules of the standard library.""",
}

COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/", re.DOTALL)
STRING = re.compile(r'"(?:\\.|[^"\\\n])*"')
PRIVATE = re.compile(r"\b(?:_P[Yy]\w+|PyUnstable_\w+)")
DECLARED = re.compile(r"\b(_?Py[A-Z]\w+) (?:const )?\*{0,2}(?:const )?(\w+)\b")
CAST_FIELD = re.compile(r"\(\(?(?:const )?(_?Py[A-Z]\w+) \*\)[^;\n]*?\)->(\w+)")
FIELD = re.compile(r"\b(\w+)(?:->|\.)(\w+)\b(?!\()")
IN_COMMENT = re.compile(
    r"\b(_[A-Za-z]\w+(?:\.\w+)?|(?:[A-Z]+_)+[A-Z]+|PyGC_Head|internal/\w+\.h)\b"
)


# ---- which versions a line is compiled for ----

type Line = tuple[str, set[int]]


def holds(condition: str, version: int, macros: dict[str, set[int]]) -> bool:
    """Say whether a condition is true for a version; one that is about something else may be."""
    if (only := macros.get(condition)) is not None:
        return version in only
    compared = re.fullmatch(r"PY_VERSION_HEX (<|>=) 0x03([0-9A-F]{2})0000", condition)
    if compared is None:
        return True
    operator, minor = compared[1], int(compared[2], 16)
    return version < minor if operator == "<" else version >= minor


def lines_of(text: str, macros: dict[str, set[int]]) -> Iterator[Line]:
    """Yield each line with the versions that it is compiled for; notes macros that say no more."""
    stack: list[tuple[set[int], set[int]]] = []  # versions of this branch, and left for the others
    for line in text.splitlines():
        now = set.intersection(set(VERSIONS), *(branch for branch, _ in stack))
        yield line, now
        directive = re.match(r"#\s*(if|ifdef|ifndef|elif|else|endif|define)\b\s*(.*)", line)
        if directive is None:
            continue
        word, condition = directive[1], directive[2].strip()
        if word == "define":
            if (flag := re.fullmatch(r"(CPYTHON_\w+) 1", condition)) and now != set(VERSIONS):
                macros[flag[1]] = now
        elif word == "endif":
            stack.pop()
        elif word.startswith("if"):
            branch = {each for each in VERSIONS if holds(condition, each, macros)}
            is_about_versions = condition in macros or "PY_VERSION_HEX" in condition
            stack.append((branch, set(VERSIONS) - branch if is_about_versions else branch))
        else:
            _, left = stack.pop()
            branch = {each for each in left if word == "else" or holds(condition, each, macros)}
            stack.append((branch, left - branch or left))


# ---- what the core uses ----


def without(pattern: re.Pattern[str], text: str) -> str:
    """Take out what matches, and keep the lines."""
    return pattern.sub(lambda match: "\n" * match[0].count("\n"), text)


def pieces(lines: list[Line]) -> Iterator[list[Line]]:
    """Split lines after each function and struct: a variable's type is said in its own piece."""
    piece = []
    for line in lines:
        piece.append(line)
        if line[0].startswith("}"):
            yield piece
            piece = []
    yield piece


def fields_used(piece: list[Line]) -> Iterator[tuple[str, set[int]]]:
    """Yield the fields of CPython's structs, as `Type.field`, that a piece of code names."""
    types = defaultdict(set)
    for kind, variable in DECLARED.findall("\n".join(line for line, _ in piece)):
        types[variable].add(kind)
    for line, versions in piece:
        found = {(kind, field) for kind, field in CAST_FIELD.findall(line)}
        for variable, field in FIELD.findall(line):
            found |= {(kind, field) for kind in types.get(variable, ())}
        for kind, field in found:
            if kind not in DOCUMENTED or field in UNDOCUMENTED_FIELDS:
                yield f"{kind}.{field}", versions


def names_of_core() -> tuple[Found, Found, Found]:
    """Return names, fields, and names that only comments of cpython.[ch] have."""
    names: Found = defaultdict(set)
    fields: Found = defaultdict(set)
    mentioned: Found = defaultdict(set)
    macros: dict[str, set[int]] = {}
    words: set[str] = set()
    paths = (path for room in ("bridge", "types") for path in (CORE / room).rglob("*.[ch]"))
    for path in sorted(paths, key=lambda path: (path.name != "cpython.h", path)):
        text = path.read_text()
        code = without(STRING, without(COMMENT, text))
        words |= set(re.findall(r"\w+", code))
        lines = list(lines_of(code, macros))
        for line, versions in lines:
            for name in PRIVATE.findall(line):
                names[name] |= versions
        for piece in pieces(lines):
            for name, versions in fields_used(piece):
                fields[name] |= versions
        if path.stem == "cpython":
            for line, versions in lines_of(text, macros):
                for name in IN_COMMENT.findall("".join(COMMENT.findall(line))):
                    mentioned[name] |= versions
    return names, fields, {name: mentioned[name] for name in mentioned.keys() - words}


# ---- what the package uses ----


def private_of_module(tree: ast.Module) -> Iterator[str]:
    """Yield private names of the standard library's modules that a module imports or names."""
    modules = {}  # name here -> module
    nodes = list(ast.walk(tree))
    for node in nodes:
        if isinstance(node, ast.Import):
            for alias in node.names:
                modules[alias.asname or alias.name.split(".")[0]] = alias.name
                if is_private(alias.name):
                    yield alias.name
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            for alias in node.names:
                if is_private(node.module) or is_private(alias.name):
                    yield f"{node.module}.{alias.name}"
    for node in nodes:
        if isinstance(node, ast.Attribute) and is_private(node.attr):
            name, _, rest = ast.unparse(node).partition(".")
            if name in modules and rest == node.attr:
                yield f"{modules[name]}.{rest}"


def is_private(name: str) -> bool:
    return name.startswith("_") and not name.startswith("__")


def names_of_package() -> Found:
    found: Found = defaultdict(set)
    for path in sorted(PACKAGE.rglob("*.py")):
        for name in private_of_module(ast.parse(path.read_text())):
            if name.partition(".")[0] in sys.stdlib_module_names:
                found[name] |= set(VERSIONS)
    return found


# ---- the page ----


def table(found: Found) -> str:
    lines = ["| name | in |", "|---|---|"]
    for name in sorted(found, key=lambda each: (each.lstrip("_").lower(), each)):
        versions = ", ".join(f"3.{each}" for each in sorted(found[name]))
        lines.append(f"| `{name}` | {versions} |")
    return "\n".join(lines)


def releases() -> str:
    """Return the releases whose sources were read, as cpython.h says them."""
    text = (CORE / "bridge" / "python" / "cpython.h").read_text()
    sentence = re.search(r"^// Read in (.+?)\. ", text, re.MULTILINE)
    assert sentence is not None, "cpython.h says which releases were read"
    return f"CPython {sentence[1]}"


def page() -> str:
    parts = [INTRODUCTION.format(releases=releases())]
    tables = [*names_of_core(), names_of_package()]
    for (title, text), found in zip(SECTIONS.items(), tables, strict=True):
        parts.append(f"## {title}\n\n{text}\n\n{table(found)}\n")
    return "\n".join(parts)


# ---- other headers ----


def missing(folder: Path) -> list[str]:
    """List the names and fields that the headers of a CPython do not have, and should."""
    texts = [path.read_text(errors="replace") for path in folder.rglob("*.h")]
    words = {word for text in texts for word in re.findall(r"\w+", text)}
    words |= {f"func_{each}" for text in texts for each in re.findall(r"PREFIX ## (\w+)", text)}
    minor = re.search(r"#define PY_MINOR_VERSION\s+(\d+)", "\n".join(texts))
    version = min(int(minor[1]) if minor else max(VERSIONS), max(VERSIONS))
    names, fields, _ = names_of_core()
    return sorted(
        name
        for name, versions in (names | fields).items()
        if version in versions and name.rpartition(".")[2] not in words
    )


def main() -> int:
    if sys.argv[1:] == ["--check"]:
        is_current = PAGE.exists() and PAGE.read_text() == page()
        if not is_current:
            print(f"{PAGE.name} is out of date: run python tools/private_names.py", file=sys.stderr)
        return not is_current
    if sys.argv[1:]:
        absent = missing(Path(sys.argv[1]))
        print("\n".join(absent) or "all names are there")
        return bool(absent)
    PAGE.write_text(page())
    return 0


if __name__ == "__main__":
    sys.exit(main())
