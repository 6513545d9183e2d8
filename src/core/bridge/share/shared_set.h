// shared_set: the type of shared frozensets.
//
// Purpose. A frozenset has a list of the weak references to it, which making or dropping one
// changes. So a shared one is of a subclass that refuses weak references, as tuples and strings do.
// In every other respect it is a frozenset: its repr says so, and it is pickled as one.
//
// Lifetime. The type is static: the same in all interpreters.
#ifndef ATOLL_BRIDGE_SHARED_SET_H
#define ATOLL_BRIDGE_SHARED_SET_H

#include <Python.h>

#include "bridge/python/cpython.h"

extern PyTypeObject shared_set_type;

// Call once in every interpreter, in the main one first. -1: exception.
MUST_CHECK int shared_set_init(void);

#endif
