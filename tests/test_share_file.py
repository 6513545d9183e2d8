"""share.save() and share.load(): a shared value in a file."""

from __future__ import annotations

import os
import pickle
import stat
import struct
import zlib
from pathlib import Path
from typing import Any

import pytest
import workloads
from test_share import EXPRESSIONS

import atoll


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A file that is not there yet."""
    return tmp_path / "value.atoll"


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_round_trip(path: Path, expression: str) -> None:
    """What was saved is loaded again: shared, equal, of the same type."""
    value = workloads.evaluate(expression)
    atoll.share.save(value, path)
    loaded = atoll.share.load(path)
    assert loaded == value or repr(loaded) == repr(value)
    assert type(loaded) is type(atoll.share(value))
    assert atoll.is_shared(loaded)


def test_tree(path: Path) -> None:
    """A tree keeps its order, its common parts and its types."""
    part = (1, 2.5, ("deep", b"bytes"))
    value = atoll.share(
        {
            "z": [part, part, {"in": part}],
            ("a", 1): {frozenset({part, "x"}), 1j},
            "dates": [workloads.evaluate("datetime(2020, 1, 2, fold=1, tzinfo=timezone.utc)")],
            int: ...,
        },
        lists=True,
    )
    atoll.share.save(value, path)
    loaded = atoll.share.load(path)
    assert loaded == value
    assert list(loaded) == list(value)
    assert loaded["z"][0] is loaded["z"][1] is loaded["z"][2]["in"]
    assert loaded["dates"][0].fold == 1


def test_lists(path: Path) -> None:
    """save() freezes as share() does, and refuses what it refuses."""
    atoll.share.save({"a": [1]}, os.fspath(path), lists=True)
    assert atoll.share.load(os.fspath(path)) == {"a": (1,)}
    with pytest.raises(TypeError, match="cannot share .*list"):
        atoll.share.save({"a": [1]}, path)
    assert atoll.share.load(path) == {"a": (1,)}


def test_depth(path: Path) -> None:
    """100,000 levels are no problem."""
    nested: Any = 5
    for level in range(100_000):
        nested = (nested,) if level % 2 else {"in": nested}
    atoll.share.save(nested, path)
    loaded = atoll.share.load(path)
    for _ in range(50_000):
        loaded = loaded[0]["in"]
    assert loaded == 5


def test_cycle(path: Path) -> None:
    """Dicts that contain themselves are loaded as such."""
    one: dict[str, Any] = {"name": "one"}
    two = {"name": "two", "other": (one, [{"deep": one}])}
    one["other"] = two
    one["self"] = one
    atoll.share.save((one, two), path, lists=True)
    loaded_one, loaded_two = atoll.share.load(path)
    assert loaded_one["self"] is loaded_one
    assert loaded_one["other"] is loaded_two
    assert loaded_two["other"][0] is loaded_one
    assert loaded_two["other"][1][0]["deep"] is loaded_one


def test_other_interpreter(interpreter: atoll.Interpreter, path: Path) -> None:
    """Any interpreter can load it, for all."""
    atoll.share.save({"table": tuple(range(2000))}, path)
    loaded = interpreter.call(atoll.share.load, path)
    assert atoll.is_shared(loaded)
    assert loaded["table"][1999] == 1999


def test_mode_and_leftovers(path: Path) -> None:
    """The file gets the usual permissions, and nothing else is left in the folder."""
    path.with_suffix(".other").write_text("")
    atoll.share.save(1, path)
    atoll.share.save(2, path)
    assert stat.S_IMODE(path.stat().st_mode) == stat.S_IMODE(
        path.with_suffix(".other").stat().st_mode
    )
    assert {each.suffix for each in path.parent.iterdir()} == {".atoll", ".other"}


def test_failing_write(tmp_path: Path) -> None:
    """Where the file cannot be put in its place, the error is an OSError and nothing is left."""
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "full").touch()
    with pytest.raises(OSError):
        atoll.share.save(1, tmp_path / "folder")
    with pytest.raises(FileNotFoundError):
        atoll.share.save(1, tmp_path / "missing" / "file")
    assert [each.name for each in tmp_path.iterdir()] == ["folder"]


# ---- damage ----


def test_missing(path: Path) -> None:
    """A file that is not there is a FileNotFoundError."""
    with pytest.raises(FileNotFoundError):
        atoll.share.load(path)


@pytest.mark.parametrize("content", [b"", b"ATOLL", b"not a shared value at all, but long enough",
                                     pickle.dumps({})])  # fmt: skip
def test_other_files(path: Path, content: bytes) -> None:
    """Any other file is a ValueError that says so."""
    path.write_bytes(content)
    with pytest.raises(ValueError, match="is not a file that atoll.share.save"):
        atoll.share.load(path)


def test_every_damage_is_noticed(path: Path) -> None:
    """A file with any one byte changed, or cut anywhere, is a ValueError."""
    atoll.share.save({"a": (1, 2, "three"), "b": 5.5}, path)
    whole = path.read_bytes()
    for position in range(len(whole)):
        damaged = bytearray(whole)
        damaged[position] ^= 0x41
        path.write_bytes(damaged)
        with pytest.raises(ValueError, match="value.atoll"):
            atoll.share.load(path)
        path.write_bytes(whole[:position])
        with pytest.raises(ValueError, match="value.atoll"):
            atoll.share.load(path)
    path.write_bytes(whole + b"x")
    with pytest.raises(ValueError, match="damaged"):
        atoll.share.load(path)


def test_later_version(path: Path) -> None:
    """A file of a later version is refused, with the two versions."""
    atoll.share.save(1, path)
    whole = bytearray(path.read_bytes())
    whole[8:12] = struct.pack("<I", 99)
    path.write_bytes(whole)
    with pytest.raises(ValueError, match=r"version 99 .* reads version 2"):
        atoll.share.load(path)


class Harmful:
    def __reduce__(self) -> Any:
        return os.mkdir, ("harm",)


@pytest.mark.parametrize(
    "nodes",
    [
        [(0, 0, (Harmful(),), ())], [(0, 0, (1,), ((5, 5),))], [(0, 0, (None,), ((0, 7),))], 5, [],
        [(0, 0, (1, 2), ())], [(1, 0, (1,), ())], [(0, 99, (1,), ())], [(0, 6, ("os", "system"), ())],
        [(0, 5, ("MINYEAR", False), ())], [(0, 2, (1, 2, 3), ())], [()], [(0,)], [None],
    ],
)  # fmt: skip
def test_forged(path: Path, nodes: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A forged file, whole by its checksum, is a ValueError, and none of its code runs."""
    monkeypatch.chdir(tmp_path)
    body = pickle.dumps(nodes)
    header = struct.pack("<8sIIQ", b"ATOLLSHR", 1, zlib.crc32(body), len(body))
    path.write_bytes(header + body)
    with pytest.raises(ValueError, match="damaged"):
        atoll.share.load(path)
    assert not Path("harm").exists()
