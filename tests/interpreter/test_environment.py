"""`os.environ` is the process's environment, in all interpreters."""

from __future__ import annotations

import copy
import os
import subprocess
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

import atoll

NAME = "ATOLL_TEST_ENVIRONMENT"
CODECS = ("encodekey", "decodekey", "encodevalue", "decodevalue")


@pytest.fixture(autouse=True)
def unset(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The variable is not set before and after a test."""
    monkeypatch.delenv(NAME, raising=False)
    yield
    os.unsetenv(NAME)


def assign() -> None:
    os.environ[NAME] = "new"


def assign_bytes() -> None:
    os.environb[NAME.encode()] = b"new"


def put() -> None:
    os.putenv(NAME, "new")


def update() -> None:
    os.environ.update({NAME: "new"})


def set_default() -> None:
    os.environ.setdefault(NAME, "new")


def unite() -> None:
    os.environ |= {NAME: "new"}


def delete() -> None:
    del os.environ[NAME]


def delete_bytes() -> None:
    del os.environb[NAME.encode()]


def pop() -> None:
    assert os.environ.pop(NAME, default=None) == "new"


def pop_if_there() -> None:
    assert os.environ.pop(NAME) == "new"
    assert os.environ.pop(NAME, None) is None


def unput() -> None:
    os.unsetenv(NAME)


def replace_all() -> None:
    kept = os.environ.copy()
    os.environ.clear()
    os.environ.update((key, value) for key, value in kept.items() if key != NAME)


def seen() -> tuple[str | None, ...]:
    """Return what each way to read the environment gives."""
    environ: Mapping[str, str] = os.environ
    as_bytes = os.environb.get(NAME.encode())
    return (
        os.getenv(NAME),
        environ.get(NAME),
        None if as_bytes is None else as_bytes.decode(),
        dict(environ).get(NAME),
        os.environ.copy().get(NAME),
        (os.environ | {}).get(NAME),
        dict(environ.items()).get(NAME),
        "new" if NAME in list(environ) else None,
        "new" if "new" in environ.values() else None,
        "new" if len(list(environ)) == len(environ) and NAME in repr(environ) else None,
    )


@pytest.mark.parametrize("change", [assign, assign_bytes, put, update, set_default, unite])
def test_set(shared_interpreter: atoll.Interpreter, change: Any) -> None:
    """A variable that one interpreter sets is seen by all, in all ways, and by child processes."""
    shared_interpreter.call(change)
    assert {*seen(), *shared_interpreter.call(seen)} == {"new"}
    assert subprocess.check_output(["printenv", NAME], text=True) == "new\n"


@pytest.mark.parametrize("change", [delete, delete_bytes, pop, pop_if_there, unput, replace_all])
def test_removed(shared_interpreter: atoll.Interpreter, change: Any) -> None:
    """A variable that one interpreter removes is gone in all."""
    os.environ[NAME] = "new"
    assert set(shared_interpreter.call(seen)) == {"new"}
    shared_interpreter.call(change)
    assert {*seen(), *shared_interpreter.call(seen)} == {None}
    assert subprocess.run(["printenv", NAME]).returncode == 1


def test_between_others(
    shared_interpreter: atoll.Interpreter, interpreter: atoll.Interpreter
) -> None:
    """What one interpreter changes another one sees, main or not."""
    shared_interpreter.call(assign)
    assert interpreter.call(os.getenv, NAME) == "new"
    interpreter.call(delete)
    assert shared_interpreter.call(os.getenv, NAME) is None


def test_child_of_an_interpreter(shared_interpreter: atoll.Interpreter) -> None:
    """A process that an interpreter starts has the variables that others have set."""
    assign()
    output = shared_interpreter.call(
        lambda: __import__("subprocess").check_output(["printenv", NAME])
    )
    assert output == b"new\n"


def refused() -> list[str]:
    """Return the types of the errors of operations that fail."""
    found = []
    for operation in (
        lambda: os.environ["ATOLL=A"],
        lambda: os.environ[""],
        lambda: os.environ["A\0B"],
        lambda: os.environ[NAME],
        lambda: os.environ[1],  # type: ignore[index]
        lambda: os.environ.pop(NAME),
        lambda: os.environ.__delitem__(NAME),
        lambda: os.environ.__setitem__("A=B", "c"),
        lambda: os.environ.__setitem__("A\0B", "c"),
        lambda: os.environ.__setitem__(NAME, "c\0d"),
        lambda: os.environ.__setitem__("", "c"),
        lambda: os.environ.__setitem__(NAME, 1),  # type: ignore[call-overload]
        lambda: os.putenv(NAME),  # type: ignore[call-arg]
        lambda: os.unsetenv("A=B"),
    ):
        try:
            operation()
        except Exception as error:
            found.append(type(error).__name__)
        else:
            found.append("none")
    return found


def test_errors(shared_interpreter: atoll.Interpreter) -> None:
    """Errors are those of CPython."""
    expected = 4 * ["KeyError"] + ["TypeError"] + 2 * ["KeyError"] + 3 * ["ValueError"]
    expected += ["OSError", "TypeError", "TypeError", "OSError"]
    assert refused() == expected
    assert list(shared_interpreter.call(refused)) == expected


def test_names_and_values_that_are_no_text(shared_interpreter: atoll.Interpreter) -> None:
    """Bytes that are no UTF-8 come through."""
    os.environb[NAME.encode()] = b"a=\xff"
    assert shared_interpreter.call(os.getenv, NAME) == "a=\udcff" == os.environ[NAME]
    assert shared_interpreter.call(os.getenvb, NAME.encode()) == b"a=\xff"


def of_copies() -> list[str | None]:
    """Return what copies of os.environ have, when that has changed meanwhile."""
    os.environ[NAME] = "old"
    deep, of_bytes = copy.deepcopy(os.environ), copy.deepcopy(os.environb)
    shallow = copy.copy(os.environ)
    del os.environ[NAME]
    popped = os.fsdecode(of_bytes.pop(NAME.encode()))
    return [
        deep.get(NAME),
        popped,
        os.fsdecode(of_bytes.get(NAME.encode(), b"-")),
        shallow.get(NAME),
    ]


def test_copies(shared_interpreter: atoll.Interpreter) -> None:
    """A deep copy stays as it was; a shallow one does not, as in CPython."""
    assert of_copies() == ["old", "old", "-", None]
    assert list(shared_interpreter.call(of_copies)) == of_copies()


def test_other_objects_of_the_class() -> None:
    """An object with another dict has what is in that."""
    kind: Any = os._Environ
    environ: Any = os.environ
    made = kind({b"A": b"1"}, *(vars(environ)[each] for each in CODECS))
    assert dict(made) == made.copy() == made | {} == {"A": "1"}
    with pytest.raises(KeyError):
        del made[NAME]


def test_the_objects_stay() -> None:
    """`from os import environ` before atoll was used has the same object."""
    assert type(os.environ) is os._Environ  # type: ignore[comparison-overlap]
    assert os.environ.copy() == dict(os.environ)
    assert type(os.environ.copy()) is dict
