// own_threads: the threads that an interpreter has started itself. They live in it, and visit
// others.
//
// Purpose. An interpreter ends after them; at exit all are waited for before any interpreter ends.
//
// Threads. _count and _wait: under the interpreter's GIL, which _wait lets go meanwhile.
// _join: attached to home->interp.
#ifndef ATOLL_BRIDGE_OWN_THREADS_H
#define ATOLL_BRIDGE_OWN_THREADS_H

#include <Python.h>

#include "bridge/python/state.h"

int own_threads_count(interp *here); // thread states that are no visitor's; not of main

// Wait, so long at most, for one of them; for daemons only once no others are left and if the
// interpreter is ending: they are asked to end, after its exit handlers have run. How many of
// threading's daemons there were.
int own_threads_wait(interp *here, double seconds, bool is_ending);

// Visit an interpreter and wait there for one; how many are left beside daemons, or -1 with an
// exception.
int own_threads_join(core_state *home, interp *target, double seconds);

#endif
