// thread_state: makes and deletes thread states of an interpreter that may have no other.
//
// Purpose. CPython has room for one thread state in each interpreter, uses it when there is no
// other, and releases it a moment after unlinking the thread state: making one in that moment would
// end the process (3.13.0). Thread states are deleted under their interpreter's GIL, since
// thread_state_count_own walks their list; but those of main that CPython makes for imports in
// other interpreters it deletes without main's GIL.
//
// Threads. Any. One lock, which a fork does not take; nothing waits for a GIL under it.
#ifndef ATOLL_BRIDGE_THREAD_STATE_H
#define ATOLL_BRIDGE_THREAD_STATE_H

#include <Python.h>

#include "ground/interpreter/interp.h"

PyThreadState *thread_state_new(PyInterpreterState *interpreter); // NULL: out of memory
void thread_state_delete_current(void);                           // attached, and already cleared
int thread_state_count_own(interp *here); // those that are no visitor's; not of main; under its GIL
// The same in main, whose thread states others may delete meanwhile; -1: not known.
int thread_state_peek_own(interp *main, const void *newest);
void thread_state_fork_child(void);

#endif
