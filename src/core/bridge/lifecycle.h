// lifecycle: making and closing interpreters.
//
// Threads. Attached to home->interp; both let its GIL go while they wait.
//
// Errors. Return NULL or -1 with an exception. A close that fails has undone nothing: the
// interpreter is open again.
#ifndef ATOLL_BRIDGE_LIFECYCLE_H
#define ATOLL_BRIDGE_LIFECYCLE_H

#include <Python.h>

#include "bridge/state.h"

// `path` is a tuple of str, the new interpreter's sys.path. `modules` are atoll's own that it
// needs, compiled once for all: a tuple of (name, file, marshalled code), the package first. In the
// role ROLE_MADE it is hidden from users. The result is counted.
interp *lifecycle_create(core_state *home, const char *name, bool is_preemptive, interp_role role,
                         PyObject *path, PyObject *modules);

// Waits until visitors have left and the interpreter's own threads have ended, refuses new visitors
// meanwhile, then ends it. `deadline` is on the monotonic clock, in ns.
// With `only_unused` an interpreter of which others hold objects stays open (BufferError).
int lifecycle_close(core_state *home, interp *target, int64_t deadline, bool only_unused);

// The end of the process, in two steps; both attached to main. First, before Py_FinalizeEx makes
// what pending calls there are: visitors post no more of them, and none is under way any longer in
// another thread, which would never get the GIL again that it let go. For good, and in children
// that are forked later too.
void lifecycle_stop_asking(core_state *main);
// Then no interpreter is made any more.
void lifecycle_end(void);

// And where a thread is stuck inside: none there runs another bytecode, once it is back from C.
void lifecycle_freeze(interp *target);

// Is this interpreter being made by this thread? Its record, borrowed, or NULL.
interp *lifecycle_being_made(PyInterpreterState *interpreter);

void lifecycle_fork_child(void);

#endif
