"""Decides in the main interpreter in which mode a package's extension modules are imported."""

from __future__ import annotations

import os
import threading
from importlib import machinery
from typing import Literal, get_args

from .decision import Decision
from .importing import nearest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from .importing import Modes

type Mode = Literal["native", "private", "main", "refuse", "auto"]
MODES: tuple[str, ...] = get_args(Mode.__value__)


_policies: dict[str, str] = {}  # set for the process, by package
_decisions: dict[str, Decision] = {}
_lock = threading.Lock()  # one trial at a time
os.register_at_fork(after_in_child=_lock._at_fork_reinit)  # type: ignore[attr-defined]


def checked_modes(extensions: str | Mapping[str, str]) -> Modes:
    """Return an interpreter's modes in a form that crosses by value.

    Raises:
        TypeError: If it is neither a mode nor a mapping of names to modes.
        ValueError: If a mode is unknown, or a name empty.
    """
    from collections.abc import Mapping

    if isinstance(extensions, str):
        extensions = {"*": extensions}
    if not isinstance(extensions, Mapping):
        raise TypeError(
            "extensions must be a mode or a mapping of module names to modes, "
            f"not {type(extensions).__name__}"
        )
    return tuple((checked_name(name), checked_mode(mode)) for name, mode in extensions.items())


def checked_name(name: str) -> str:
    """Return the name of a module, or "*".

    Raises:
        TypeError: If it is not a str.
        ValueError: If it is not a module's name.
    """
    _check_is_str(name, "the name of a module")
    if name != "*" and not all(part.isidentifier() for part in name.split(".")):
        raise ValueError(f"{name!r} is not the name of a module")
    return name


def checked_mode(mode: str) -> str:
    """Return a mode.

    Raises:
        TypeError: If it is not a str.
        ValueError: If there is no such mode.
    """
    _check_is_str(mode, "a mode")
    if mode not in MODES:
        raise ValueError(
            f"{mode!r} is not a mode; the modes are {', '.join(MODES)} [docs: reference/extensions]"
        )
    return mode


def _check_is_str(text: object, what: str) -> None:
    if not isinstance(text, str):
        raise TypeError(f"{what} must be str, not {type(text).__name__}")


def set_policy(module: str, mode: str) -> None:
    """Set the mode of a module or package for interpreters that set no mode for it themselves."""
    _policies[checked_name(module)] = checked_mode(mode)
    _decisions.clear()


def decisions() -> tuple[tuple[str, str, str], ...]:
    """Return what `auto` has decided on: packages, modes and reasons, in a form that crosses."""
    made = list(_decisions.items())
    return tuple((name, decision.mode, decision.reason) for name, decision in made)


def forget(package: str) -> None:
    """Forget what was decided about a package, here and in the cache."""
    from . import trials

    with _lock:
        _decisions.pop(checked_name(package), None)
        trials.forget(package)


def policies() -> dict[str, str]:
    """Return all policies."""
    return dict(_policies)


def decide(
    name: str, asked: str, origin: str | None, folders: tuple[str, ...]
) -> tuple[str, str | None]:
    """Decide about a package; called from other interpreters when they first import it.

    Args:
        name: The package's name.
        asked: "auto", or the interpreter's mode for packages with extension modules.
        origin: The file of its module.
        folders: The folders of its submodules.

    Returns:
        The mode, and a warning for the user or None.
    """
    if asked != "auto":
        return asked if has_extension(origin, folders) else "native", None
    decision = _decisions.get(name)
    if decision is not None:
        return decision.mode, None
    with _lock:
        decision = _decisions.get(name)
        if decision is not None:
            return decision.mode, None
        files = extension_files(origin, folders)
        decision = _decisions[name] = choose(name, files, _try)
    if decision.is_known or decision.mode != "main":
        return decision.mode, None
    return decision.mode, (
        f"{name} is used from the main interpreter, through a Proxy: {decision.reason}; "
        f"Interpreter(extensions={{{name!r}: MODE}}) or "
        f"atoll.extensions.policy({name!r}, MODE) chooses another mode"
    )


def _try(name: str, files: list[str]) -> Decision:
    from . import trials

    return trials.cached_decision(name, files)


def choose(
    name: str, files: Iterable[str], decide_by_trial: Callable[[str, list[str]], Decision]
) -> Decision:
    """Choose by policy, by registry, or, if the package has shared objects, by a trial."""
    from . import registry

    policy = _policy_of(name)
    if policy is not None:
        return Decision(policy, "set by atoll.extensions.policy()")
    known = registry.find(name)
    if known is not None:
        return Decision(known.mode, known.because)
    found = list(files)
    if not found:
        return Decision("native", "has no extension modules")
    return decide_by_trial(name, found)


def _policy_of(name: str) -> str | None:
    mode = _policies.get(nearest(name, _policies) or "*")
    return None if mode == "auto" else mode


def has_extension(origin: str | None, folders: tuple[str, ...]) -> bool:
    """Tell whether a package has an extension module."""
    return next(extension_files(origin, folders), None) is not None


def extension_files(origin: str | None, folders: tuple[str, ...]) -> Iterator[str]:
    """Find the shared objects of a package."""
    suffixes = tuple(machinery.EXTENSION_SUFFIXES)
    if origin is not None and origin.endswith(suffixes):
        yield origin
    for folder in folders:
        for path, _, names in os.walk(folder):
            for name in names:
                if name.endswith(suffixes):
                    yield os.path.join(path, name)
