// lifecycle: closing interpreters, and the end of the process.
//
// Why nobody enters what closes. The closer sets *closing*, makes every CPU execute a barrier (so
// that a crossing needs none of its own) and waits until no guest is present. Only a thread that
// must learn what an object is still gets in. Then the closer sets *ending*, with the same barrier:
// now nobody gets in. If somebody came in between, the closer begins anew. Then thread states are
// deleted and the interpreter ends. Whatever fails before that leaves the interpreter open.
//
// Thread states. CPython's list of them is walked and shortened under the interpreter's GIL. Main's
// list cannot be walked: CPython makes thread states of main for imports elsewhere and deletes them
// without main's GIL.
//
// Exit. First the threads that interpreters have started are waited for, in all interpreters, since
// they may use any. Then nothing is made or hidden any more, and all are closed. A thread that is
// stuck inside is frozen and its interpreter unlinked from CPython's list, because CPython must
// find none when it ends.
//
// Threads. Attached to home->interp, whose GIL is let go while it waits.
//
// Errors. Returns -1 with an exception. A close that fails has undone nothing: the
// interpreter is open again.
#ifndef ATOLL_BRIDGE_LIFECYCLE_H
#define ATOLL_BRIDGE_LIFECYCLE_H

#include <Python.h>

#include "bridge/python/state.h"

// Waits until visitors have left and the interpreter's own threads have ended, refuses new visitors
// meanwhile (but those who ask what an object is: description_bring), then ends it. `deadline` is
// on the monotonic clock, in ns. With `only_unused` an interpreter of which others hold objects
// stays open (BufferError). Where daemon threads are stuck it is closed, and its memory stays:
// `who`, OWN_THREADS_TEXT_SIZE long, then says which they are; else it is empty.
int lifecycle_close(core_state *home, interp *target, int64_t deadline, bool only_unused,
                    char *who);

// Must CPython be made to forget interpreters when it ends?
bool lifecycle_has_left_some(void);

// The end of the process begins, before Py_FinalizeEx makes what pending calls there are: visitors
// post no more of them, and none is under way any longer in another thread, which would never get
// the GIL again that it let go. For good, and in children that are forked later too. Attached to
// main.
void lifecycle_stop_asking(core_state *main);

// And where a thread is stuck inside: none there runs another bytecode, once it is back from C.
void lifecycle_freeze(interp *target);

#endif
