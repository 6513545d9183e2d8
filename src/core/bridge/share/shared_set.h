// shared_set: the type of shared frozensets.
//
// Purpose. A frozenset keeps a list of the weak references to it, which whoever makes or drops one
// writes to. So a shared one is of a subclass that refuses them, as tuples and strings do, and is a
// frozenset in every other respect: it says so in its repr, and is pickled as one.
//
// Lifetime. The type is static: the same in all interpreters.
#ifndef ATOLL_BRIDGE_SHARED_SET_H
#define ATOLL_BRIDGE_SHARED_SET_H

#include <Python.h>

#include "bridge/python/cpython.h"

extern PyTypeObject shared_set_type;

// Once in every interpreter, first in the main one. -1: exception.
MUST_CHECK int shared_set_init(void);

#endif
