"""Write docs/reference/c-api.md from the comments of atoll.h; with --check, only compare.

A comment that stands above a function, a type or a macro is its text; `// ---- Title ----` begins a
section; the comment at the top introduces the page.
"""

from __future__ import annotations

import re
import sys
from itertools import takewhile
from pathlib import Path

ROOT = Path(__file__).parents[1]
HEADER = ROOT / "src" / "atoll" / "include" / "atoll.h"
PAGE = ROOT / "docs" / "reference" / "c-api.md"

TITLE = re.compile(r"// ---- (.+) ----$")
INTRODUCTION = """\
<!-- Made of src/atoll/include/atoll.h by tools/c_api_page.py. -->
# C interface: `atoll.h`

"""


def comment_text(lines: list[str]) -> str:
    """Join the lines of a comment; what is indented in it is code."""
    texts = [line.removeprefix("//").removeprefix(" ") for line in lines]
    parts = []
    for part in "\n".join(texts).split("\n\n"):
        is_code = part.startswith("    ")
        parts.append(f"```c\n{dedented(part)}\n```" if is_code else " ".join(part.split()))
    return "\n\n".join(parts)


def dedented(code: str) -> str:
    return "\n".join(line.removeprefix("    ") for line in code.splitlines())


def declaration(lines: list[str]) -> str:
    """Return the declaration that begins at the first line, without a function's body."""
    first = lines[0].strip()
    if re.match(r"#\s*define", first):
        macros = takewhile(lambda line: re.match(r"#\s*define", line.strip()), lines)
        return "\n".join(re.sub(r"#\s+", "#", line.rstrip("\\").strip()) for line in macros)
    if first.startswith("static inline"):
        head = list(takewhile(lambda line: line != "{", lines))
        joined = " ".join(line.strip() for line in head).removeprefix("static inline ")
        return joined.replace("* Atoll", "*Atoll") + ";"
    if first.startswith("typedef") and first.endswith("{"):
        body = list(takewhile(lambda line: not line.startswith("}"), lines))
        return "\n".join([*body, lines[len(body)]])
    return first


def page() -> str:
    lines = HEADER.read_text().splitlines()
    top = list(takewhile(lambda line: line.startswith("//"), lines))
    introduction = comment_text(top).removeprefix("atoll.h: ")
    parts = [INTRODUCTION + introduction[0].upper() + introduction[1:]]
    position = len(top)
    while position < len(lines):
        line = lines[position]
        title = TITLE.match(line)
        if title:
            parts.append(f"## {title[1]}")
        elif line.startswith("//"):
            comment = list(takewhile(lambda each: each.startswith("//"), lines[position:]))
            position += len(comment)
            parts.append(f"```c\n{declaration(lines[position:])}\n```\n\n{comment_text(comment)}")
            continue
        position += 1
    return "\n\n".join(parts) + "\n"


def main() -> int:
    if sys.argv[1:] == ["--check"]:
        is_current = PAGE.exists() and PAGE.read_text() == page()
        if not is_current:
            print(f"{PAGE.name} is out of date: run python tools/c_api_page.py", file=sys.stderr)
        return not is_current
    PAGE.write_text(page())
    return 0


if __name__ == "__main__":
    sys.exit(main())
