// lifecycle: closing interpreters, and the end of the process.
//
// Why no thread enters an interpreter that closes. The closer sets the phase *closing*, makes every
// CPU execute a barrier (so that a crossing needs none of its own) and waits until no guest is
// present. Only a thread that must learn what an object is can still enter. Then the closer sets
// *ending*, with the same barrier: now no thread can enter. If one has entered meanwhile, the
// closer starts again. Then thread states are deleted and the interpreter ends. A failure before
// that leaves the interpreter open.
//
// Thread states. CPython's list of them is read and shortened under the interpreter's GIL. Main's
// list cannot be read: for imports in other interpreters CPython makes thread states of main, and
// deletes them without main's GIL.
//
// Exit. First the own threads of all interpreters are waited for, since they may use any
// interpreter. Then no interpreter is made or hidden any more, and all are closed. A thread that is
// stuck inside is frozen and its interpreter unlinked from CPython's list, because CPython must
// find none when it ends.
//
// Threads. Attached to home->interp, whose GIL is released while it waits.
//
// Errors. Returns -1 with an exception. After a close that failed the interpreter is open again.
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

// At the end of the process, before Py_FinalizeEx runs pending calls: no more are posted to main,
// and none is running in another thread when this returns. (A pending call that releases the GIL
// meanwhile would never get it back.) It lasts, also in children that are forked later. Attached to
// main.
void lifecycle_stop_asking(core_state *main);

// For an interpreter in which a thread is stuck: once back from C, no thread there runs another
// bytecode.
void lifecycle_freeze(interp *target);

#endif
