"""Remote tracebacks: what is kept of one, and how it is printed."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    type Frame = tuple[str, int, str]  # file name, line, function

    # One exception of a chain as it is printed: how it follows from the one before, the name of its
    # interpreter, its frames, its last lines, and the members of a group.
    type Block = tuple[str, str, tuple[Frame, ...], tuple[str, ...], tuple[Blocks, ...]]
    type Blocks = tuple[Block, ...]


_KEPT = 50  # of the oldest, and of the newest, of an exception that crossed many times


def shortened(blocks: Blocks) -> Blocks:
    """Leave out the middle of a long chain."""
    if len(blocks) <= 2 * _KEPT:
        return blocks
    left_out = ("", "...", (), ("[some interpreters left out]",), ())
    return (*blocks[:_KEPT], left_out, *blocks[1 - _KEPT :])


def format_blocks(blocks: Blocks) -> str:
    """Format a remote traceback as `traceback` formats a local one."""
    return "\n" + "".join(map(_format, blocks)).rstrip("\n")


def _format(block: Block) -> str:
    import traceback

    words, interpreter, frames, last, members = block
    summary = traceback.StackSummary.from_list(
        [traceback.FrameSummary(file, line, name) for file, line, name in frames]
    )
    lines = [f"\n{words}\n\n"] if words else []
    lines.append(f"Traceback in interpreter {interpreter!r} (most recent call last):\n")
    lines += summary.format()
    lines += [f"{line}\n" for line in last]
    for member in members:
        inner = "".join(map(_format, member)).splitlines(keepends=True)
        lines += [f"  | {line}" for line in inner]
    return "".join(lines)
