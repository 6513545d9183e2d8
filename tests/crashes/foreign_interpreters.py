"""An interpreter that the standard library made imports atoll: a clear ImportError, no harm."""

import atoll

try:
    import _interpreters
except ImportError:
    raise SystemExit(0) from None

one = atoll.Interpreter("one")
for config in ("isolated", "legacy"):
    other = _interpreters.create(config)
    source = """
try:
    import atoll
    atoll.current()
    raise AssertionError("imported")
except ImportError as error:
    assert "interpreter" in str(error) or "subinterpreter" in str(error), error
try:
    import atoll._core
    raise AssertionError("imported")
except ImportError as error:
    pass
"""
    failure = _interpreters.exec(other, source)
    assert failure is None, failure
    assert one.eval("1") == 1
    _interpreters.destroy(other)
one.exec(
    "import _interpreters; i = _interpreters.create(); _interpreters.exec(i, 'x = 1'); _interpreters.destroy(i)"
)
one.close()
