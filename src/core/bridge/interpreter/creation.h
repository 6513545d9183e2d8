// creation: making interpreters.
//
// Threads. Any, several at a time; attached to home->interp, whose GIL is released meanwhile.
//
// Errors. NULL with an exception: nothing is left of the interpreter.
#ifndef ATOLL_BRIDGE_CREATION_H
#define ATOLL_BRIDGE_CREATION_H

#include <Python.h>

#include "bridge/python/state.h"

// `path` is a tuple of str, the new interpreter's sys.path. `modules` are the modules of atoll that
// it needs, compiled once for all interpreters: a tuple of (name, file, marshalled code), the
// package first. In the role ROLE_MADE it is hidden from users. The result is counted.
interp *creation_make(core_state *home, const char *name, bool is_preemptive, interp_role role,
                      PyObject *path, PyObject *modules);

// Notes in a new record where CPython keeps the GIL and the thread states of its interpreter.
void creation_locate(interp *made, PyInterpreterState *interpreter);

// The record of the interpreter that this thread is making, borrowed, or NULL if it is another one.
interp *creation_of(PyInterpreterState *interpreter);

// Unless one is being made: none is, until creation_allow. Does not wait.
bool creation_try_keep_off(void);
void creation_allow(void);

// At the end of the process, attached to main: returns when none is being made; none can be made
// any more.
void creation_end(void);
bool creation_has_ended(void);
void creation_fork_child(void);

#endif
