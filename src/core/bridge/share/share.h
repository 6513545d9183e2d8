// share: deep-frozen copies of values, made once for all interpreters.
//
// Purpose. What share_object returns lives in the heap of the process: it crosses as a pointer, and
// may be used in all interpreters at once, for nothing is ever written to it. Equal small values
// and common parts are kept once. Nesting takes no C stack.
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
