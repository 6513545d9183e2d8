// creation: making interpreters.
//
// Threads. Any, several at a time; attached to home->interp, whose GIL is let go meanwhile.
//
// Errors. NULL with an exception: nothing is left of it.
#ifndef ATOLL_BRIDGE_CREATION_H
#define ATOLL_BRIDGE_CREATION_H

#include <Python.h>

#include "bridge/python/state.h"

// `path` is a tuple of str, the new interpreter's sys.path. `modules` are atoll's own that it
// needs, compiled once for all: a tuple of (name, file, marshalled code), the package first. In the
// role ROLE_MADE it is hidden from users. The result is counted.
interp *creation_make(core_state *home, const char *name, bool is_preemptive, interp_role role,
                      PyObject *path, PyObject *modules);

// Is this interpreter being made by this thread? Its record, borrowed, or NULL.
interp *creation_of(PyInterpreterState *interpreter);

// At the end of the process, attached to main: none is made any more, and none is being made.
void creation_end(void);
bool creation_has_ended(void);
void creation_fork_child(void);

#endif
