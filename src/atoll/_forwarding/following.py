"""Keeps something in an interpreter as it is in main: log levels, warnings filters.

A change is announced without waiting: main drops a reference to an object of each interpreter, the
one message that never waits. The object is freed when that interpreter is next entered, before
code runs there; a callback for its end asks for what is new.
"""

from __future__ import annotations

from _weakref import ref

from .. import _core

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


# ---- in an interpreter ----

_references: dict[str, ref[set[None]]] = {}  # to what main holds while nothing has changed


def follow(topic: str, adopt: Callable[[Any], None]) -> None:
    """Adopt what main's function of that name returns, now and whenever main says it has changed.

    Args:
        topic: The function, as "module:name".
        adopt: Called with what it returns.
    """
    held: set[None] = set()  # of a builtin type, so that no class must be described

    def on_dropped(_: object) -> None:
        # If main has not dropped it, this interpreter is closing.
        if not _ask("is_subscribed", topic, number):
            follow(topic, adopt)

    number, state = _ask("subscribe", topic, held)
    _references[topic] = ref(held, on_dropped)  # it is held here until this returns
    _core.make_internal(held)
    adopt(state)


def _ask(function: str, *arguments: Any) -> Any:
    return _core.invoke(None, f"atoll._forwarding.following:{function}", arguments, None)


# ---- in the main interpreter ----

_subscriptions: dict[str, dict[int, object]] = {}  # by topic and the interpreter's number


def subscribe(topic: str, subscription: object) -> tuple[int, Any]:
    """Return the subscriber's number and what is now; drop the subscription when that changes."""
    from .._transfer.names import resolve

    subscriptions = _subscriptions.setdefault(topic, {})
    for number, held in tuple(subscriptions.items()):
        if _core.owner(held).is_closed:
            subscriptions.pop(number, None)
    number = _core.owner(subscription).id
    subscriptions[number] = subscription  # before reading: a change meanwhile drops it
    return number, resolve(topic)()


def is_subscribed(topic: str, number: int) -> bool:
    """Tell whether an interpreter is still up to date."""
    return number in _subscriptions.get(topic, {})


def tell(topic: str) -> None:
    """Tell all interpreters that follow it of a change."""
    _subscriptions.get(topic, {}).clear()
