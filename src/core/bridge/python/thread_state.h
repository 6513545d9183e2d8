// thread_state: making and deleting thread states where an interpreter may be left without any.
//
// Purpose. CPython keeps room for one thread state in each interpreter, uses it whenever there is
// no other, and gives it back a moment after it has unlinked it: whoever makes one in that moment
// would end the process (3.13.0). All are deleted under their interpreter's GIL, since
// own_threads_count walks the list of them; but CPython deletes those of main without it, which it
// makes for imports in other interpreters.
//
// Threads. Any. One lock, which a fork does not take; nothing waits for a GIL under it.
#ifndef ATOLL_BRIDGE_THREAD_STATE_H
#define ATOLL_BRIDGE_THREAD_STATE_H

#include <Python.h>

PyThreadState *thread_state_new(PyInterpreterState *interpreter); // NULL: out of memory
void thread_state_delete_current(void);                           // cleared, and attached
void thread_state_fork_child(void);

#endif
