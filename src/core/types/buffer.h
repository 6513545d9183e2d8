// What buffer.c and atomic_int.c share.
#ifndef ATOLL_TYPES_BUFFER_H
#define ATOLL_TYPES_BUFFER_H

#include <Python.h>

#include "bridge/python/state.h"
#include "ground/memory/view.h"

// Borrowed: until Python code runs that could release the Buffer. NULL: TypeError or ValueError.
view *buffer_checked(core_state *state, PyObject *buffer);

// A view as a Py_buffer without an owner: only for reading its fields.
Py_buffer buffer_describe(const view *self);

// A Buffer of the bytes of a block, which stays the caller's, too; new reference.
PyObject *buffer_of_block(core_state *state, block *of, bool is_readonly);

PyObject *atomic_int_new(core_state *state, int64_t value);      // in memory of its own
void *atomic_int_place(core_state *state, PyObject *atomic_int); // of its cell; NULL: TypeError

#endif
