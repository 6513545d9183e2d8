"""No interpreter after the other: modules that make interpreters while they are imported.

An interpreter imports a module when it gets a function, or another object, of that module by name.
If the module makes interpreters at its top level, and has them call such functions, then each of
them imports the module, and makes the next ones, for ever.
"""

from __future__ import annotations

from .. import _core
from .._transfer.names import find_import

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import FrameType


def refuse_in_import() -> None:
    """Raise an error if this interpreter imports a module because it was sent an object of it.

    Call it where this interpreter is about to make others.

    Raises:
        RuntimeError: If it does. Explicit imports, by code that runs there, are no reason.
    """
    importing = find_import()
    if importing is not None and _core.current().id != 0 and _is_for_a_call(importing):
        name = importing.f_globals["__name__"]
        raise RuntimeError(
            f"interpreter {_core.own_name()!r} imports module {name!r} for a call, and the module "
            "makes interpreters while it is imported: each of them would import it again. Make "
            "them in a function, or under `if atoll.current() is atoll.main():` "
            "[docs: how-to/functions]"
        )


def may_work_ahead() -> bool:
    """Tell whether interpreters may be made that nobody waits for.

    In another interpreter than main a module that is being imported may be what each of them would
    import, too.
    """
    return _core.current().id == 0 or find_import() is None


def _is_for_a_call(importing: FrameType) -> bool:
    """Tell whether atoll has begun an import, not the code that runs here."""
    frame = importing.f_back
    while frame is not None and frame.f_code.co_filename.startswith("<frozen importlib"):
        frame = frame.f_back
    if frame is not None and frame.f_globals.get("__name__") == "importlib":  # import_module()
        frame = frame.f_back
        if frame is None:  # Interpreter.import_module(): it was asked for
            return False
    name = "atoll." if frame is None else frame.f_globals.get("__name__", "")
    return str(name).startswith("atoll.")
