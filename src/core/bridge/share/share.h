// share: deep-frozen copies of values, made once for all interpreters.
//
// Purpose. What share_object returns lives in the heap of the process: it crosses as a pointer, and
// can be used in all interpreters at once, as nothing is ever written to it. Equal small values
// and common parts are kept once. Nesting takes no C stack.
//
// - The value is walked without recursion. Each object is copied into the heap, one range of
//   addresses that is reserved once: one comparison tells whether an object is shared.
// - All that CPython would later write into an object is written now: the immortal reference count,
//   hashes, UTF-8 forms, that a string is interned. Tables of dicts get their final form.
// - The memory, the common small values and the statistics are published only when all has
//   succeeded. Otherwise the memory is freed.
//
// The types of shared objects are static, so they are the same in all interpreters: CPython's own,
// `frozendict` (before 3.15) and `shared_set`, a frozenset without weak references (which would be
// written into it).
//
// Lifetime. For ever.
//
// Threads. Under the GIL of the source's interpreter, which is not released, so nothing changes
// meanwhile; no code of the user runs.
//
// Errors. NULL with an exception; then nothing is kept.
#ifndef ATOLL_BRIDGE_SHARE_H
#define ATOLL_BRIDGE_SHARE_H

#include <Python.h>
#include <stdbool.h>

#include "bridge/python/state.h"

// Borrowed, as it is immortal. `may_freeze`: share lists as tuples, sets as frozensets, and
// bytearrays as bytes.
PyObject *share_object(core_state *state, PyObject *source, bool may_freeze);

#endif
