"""Attempts to import the core again, to forget it, to collect it, to run its functions with nonsense."""

import gc
import importlib
import sys

import atoll
from atoll import _core

saved = {name: module for name, module in sys.modules.items() if name.startswith("atoll")}
for name in saved:
    del sys.modules[name]
try:
    import atoll._core  # noqa: F401
except ImportError as error:
    assert "already loaded" in str(error), error
sys.modules.update(saved)
try:
    importlib.reload(_core)
except ImportError:
    pass
one = atoll.Interpreter("one")
proxy = one.eval("[1]")
one.exec("""
import gc, sys
for name in [n for n in sys.modules if n.startswith("atoll")]:
    del sys.modules[name]
sys.stdout = sys.stderr = None
gc.collect()
""")
for use in (
    lambda: one.eval("1"),
    lambda: proxy[0],
    lambda: proxy.append(one),
    lambda: one.call(len, [1]),
    one.statistics,
    lambda: one.exec("import atoll"),
):
    try:
        use()
    except (ImportError, RuntimeError, AttributeError, TypeError):
        pass
del proxy
gc.collect()
one.close()
nonsense = [
    None,
    0,
    -1,
    10**30,
    "",
    "x",
    b"",
    (),
    [],
    {},
    object,
    object(),
    len,
    atoll,
    proxy_like := type("P", (), {})(),
]
two = atoll.Interpreter("two")
nonsense += [
    two,
    two.eval("[]"),
    two.eval("len"),
    two.eval("[]").append,
    two.eval("type('T', (), {})"),
]
# These end things on purpose, or hand to dlopen what they are given.
NOT_FOR_NONSENSE = ("forget_interpreters", "freeze", "stop_reaper", "create", "load_original")
for name in sorted(vars(_core)):
    function = getattr(_core, name)
    if name in NOT_FOR_NONSENSE or not callable(function):
        continue
    for args in [
        (),
        *[(a,) for a in nonsense],
        *[(a, b) for a in nonsense[:8] + nonsense[-4:] for b in nonsense[:8] if name != "close"],
        (two, "x:y", (), {}),
        (two, "", (), None),
        (two, "a", [], 5),
        (None,) * 4,
    ]:
        try:
            function(*args)
        except Exception:  # noqa: BLE001
            pass
for base in [
    atoll.Proxy,
    type(two.eval("[]")),
    type(type(two.eval("[]"))),
    two.eval("type('T', (), {})"),
    type(two),
    atoll.Statistics,
]:
    for attempt in (
        lambda: base(),
        lambda: object.__new__(base),
        lambda: type("X", (base,), {})(),
        lambda: base.__new__(base),
        lambda: type.__call__(base),
        lambda: base.__init__(5),
        lambda: base.__dealloc__,
        lambda: base.__reduce__(5),
        lambda: setattr(base, "x", 1),
        lambda: base.__subclasses__(),
    ):
        try:
            attempt()
        except Exception:  # noqa: BLE001
            pass
gc.collect()
two.close()
