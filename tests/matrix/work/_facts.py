"""What a piece of work has found, as the text that is compared."""

from collections.abc import Callable


def told(**facts: object) -> str:
    """One line per fact, so that a difference can be shown as the line that differs."""
    return "\n".join(f"{name}: {fact!r}" for name, fact in facts.items())


def raised(call: Callable[[], object], *, with_text: bool = True) -> str:
    """Name the exception that a call raises, its type's module too: types belong to one copy."""
    try:
        call()
    except Exception as exception:
        name = f"{type(exception).__module__}.{type(exception).__qualname__}"
        return f"{name}: {exception}" if with_text else name
    return "nothing was raised"
