// own_threads: the threads that an interpreter has started itself.
//
// Purpose. An interpreter ends after them; at exit all are waited for before any interpreter ends.
// What CPython does for that at its exit is done step by step (atoll._interpreter.ending), and no
// step waits: whoever closes an interpreter waits at home, where a deadline or Ctrl-C reach it.
//
// Threads. Under the interpreter's GIL; _left: attached to home->interp.
#ifndef ATOLL_BRIDGE_OWN_THREADS_H
#define ATOLL_BRIDGE_OWN_THREADS_H

#include <Python.h>

#include "bridge/python/state.h"

#define OWN_THREADS_TEXT_SIZE 256

// Its own threads but the running one: pairs of a thread's number and what it runs.
PyObject *own_threads_list(interp *here);

PyObject *own_threads_visitors(interp *host); // what others run there: a list of str; any thread

// Bring the end of the interpreter one step further. How many threads are waited for; 0: none are
// left, or those that are left are stuck: daemons, which were told to end and had their time. Then
// `who` says which, and where they are; else it is empty.
int own_threads_end(interp *here, char *who);

// Visit an interpreter that is to end with the process, and do what can be done before any
// interpreter ends. How many threads are to be waited for, which are no daemons; or -1 with an
// exception.
int own_threads_left(core_state *home, interp *target);

#endif
