// share: deep-frozen copies of values, made once for all interpreters.
//
// Purpose. What share_object returns lives in the heap of the process: it crosses as a pointer, and
// may be used in all interpreters at once, for nothing is ever written to it. Equal small values
// and common parts are kept once. Nesting takes no C stack.
//
// 1. The value is walked without recursion. Each object is copied into the heap, one range of
//    addresses that is reserved once: one comparison tells whether an object is shared.
// 2. All that CPython would later write into an object is written now: the immortal reference
// count,
//    hashes, UTF-8 forms, that a string is interned. Tables of dicts get their final form.
// 3. Only when all has succeeded do the memory, the common small values and the statistics become
//    the process's. Otherwise the memory is given back.
//
// Types of shared objects are static, hence the same everywhere: CPython's own, `frozendict`
// (before 3.15) and `shared_set`, a frozenset without weak references (which would be written into
// it).
//
// Lifetime. For ever.
//
// Threads. Under the GIL of the source's interpreter, which is not let go, so that nothing changes
// under way; no code of the user's runs.
//
// Errors. NULL with an exception; nothing stays then.
#ifndef ATOLL_BRIDGE_SHARE_H
#define ATOLL_BRIDGE_SHARE_H

#include <Python.h>
#include <stdbool.h>

#include "bridge/python/state.h"

// Borrowed, for it is immortal. `may_freeze`: take lists for tuples, sets for frozensets, and
// bytearrays for bytes.
PyObject *share_object(core_state *state, PyObject *source, bool may_freeze);

#endif
