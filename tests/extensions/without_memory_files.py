"""Forbids this process files in memory (memfd_create), as some systems do."""

from __future__ import annotations

import ctypes
import os
import struct

_SYSTEM_CALL = {"x86_64": 319, "aarch64": 279}.get(os.uname().machine)
_PR_SET_NO_NEW_PRIVS, _PR_SET_SECCOMP, _SECCOMP_MODE_FILTER = 38, 22, 2
_LOAD_NUMBER, _JUMP_IF_EQUAL, _RETURN = 0x20, 0x15, 0x06
_REFUSE, _ALLOW = 0x00050001, 0x7FFF0000  # with EPERM


def forbid() -> bool:
    """Return whether that is possible here."""
    if _SYSTEM_CALL is None:
        return False
    code = b"".join(
        struct.pack("HBBI", *each)
        for each in (
            (_LOAD_NUMBER, 0, 0, 0),
            (_JUMP_IF_EQUAL, 0, 1, _SYSTEM_CALL),
            (_RETURN, 0, 0, _REFUSE),
            (_RETURN, 0, 0, _ALLOW),
        )
    )
    kept = ctypes.create_string_buffer(code)
    program = ctypes.create_string_buffer(
        struct.pack("HxxxxxxP", len(code) // 8, ctypes.addressof(kept))
    )
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    return (
        prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0
        and prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, program, 0, 0) == 0
    )
