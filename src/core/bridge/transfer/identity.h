// identity: one exception is one object in each interpreter where it lives.
//
// Purpose. An exception crosses by value, with a number. Where an exception of that number lives
// already, because it came from there or has been there, it is that object again.
//
// Lifetime. The number hangs on the exception, in a tag; state->identities finds the exception of a
// number and does not keep it alive. Numbers are never used again.
//
// Threads. Under the GIL of state->interp.
#ifndef ATOLL_BRIDGE_IDENTITY_H
#define ATOLL_BRIDGE_IDENTITY_H

#include <Python.h>

#include "bridge/python/state.h"

// The number of an exception, which gets one if it has none; 0: exception.
uintptr_t identity_of(core_state *state, PyObject *exception);
// New reference; NULL, without an exception: there is none here.
PyObject *identity_find(core_state *state, uintptr_t number);

extern PyMethodDef identity_functions[];
int identity_add_type(PyObject *module, core_state *state);

#endif
