// What the Buffer's handle and AtomicInt have in common.
#ifndef ATOLL_LOCAL_BUFFER_H
#define ATOLL_LOCAL_BUFFER_H

#include <Python.h>

#include "bridge/python/state.h"
#include "ground/memory/view.h"

// Borrowed: until Python code runs that could release the Buffer. NULL: TypeError or ValueError.
view *buffer_checked(core_state *state, PyObject *buffer);

// All of a view, as Python describes it; for looking only: without an owner.
Py_buffer buffer_describe(const view *self);

#endif
