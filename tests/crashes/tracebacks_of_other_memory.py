"""What a traceback reads of another thread may be anything by then: names that are no strings."""

import ctypes
import io

import atoll

STATE = 32  # where a string says how its characters are stored, in this many bytes from its start
name = "\xe4" * 1000


def state_of(string):
    return ctypes.c_uint32.from_address(id(string) + STATE)


def dump():
    file = io.StringIO()
    atoll.dump_traceback(file)
    return file.getvalue()


# Characters of one byte or two: bits 0 and 1 of the kind.
different = state_of("\xe4\xf6").value ^ state_of("\u4e2d\u4e2d").value
shift = (different & -different).bit_length() - 1
assert different >> shift & 3 == 3, bin(different)

exec(f"def {name}(): return dump()")
function = globals()[name]
state = state_of(function.__code__.co_qualname)
before = state.value
assert "\\xe4\\xe4..." in function()
for kind in (0, 3, 5, 6, 7):
    state.value = before & ~(7 << shift) | kind << shift
    text = function()
    state.value = before
    assert "in ???" in text, text

length = ctypes.c_ssize_t.from_address(id(function.__code__.co_qualname) + 16)
for wrong in (-1, -(2**63), 2**63 - 1):
    length.value = wrong
    text = function()
    length.value = 1000
    assert "in ???" in text or "\\xe4..." in text, text
