// own_threads: the threads that an interpreter has started itself.
//
// Purpose. An interpreter ends after its own threads. At exit those of all interpreters are waited
// for before any interpreter ends.
//
// Threads. _count and _wait: under the interpreter's GIL, which _wait releases while it waits.
// _join: attached to home->interp.
#ifndef ATOLL_BRIDGE_OWN_THREADS_H
#define ATOLL_BRIDGE_OWN_THREADS_H

#include <Python.h>

#include "bridge/python/state.h"

int own_threads_count(interp *here); // thread states that are not visitors'; not for main

// Wait at most so long for one of them. Daemon threads are waited for only if the interpreter is
// ending and no others are left: then exit handlers run, and daemons are asked to end. Returns how
// many daemon threads of threading there were.
int own_threads_wait(interp *here, double seconds, bool is_ending);

// Enter an interpreter and wait there for one. Returns how many are left, without daemons, or -1
// with an exception.
int own_threads_join(core_state *home, interp *target, double seconds);

#endif
