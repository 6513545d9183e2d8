// interruption: an exception from elsewhere, for whoever runs in an interpreter
// (Interpreter.interrupt), or for one thread there (Thread.interrupt, a cancelled acall).
//
// Lifetime. One at a time waits in interp.interruption, and one in each guest; a newer one takes
// its place. It is for those who were inside, or on their way in, when it came: once they have left
// it is dropped. A worker stays for many calls: what came for one of them is dropped before the
// next.
//
// Threads. Asked for by any; delivered by a pending call, under the interpreter's GIL.
#ifndef ATOLL_BRIDGE_INTERRUPTION_H
#define ATOLL_BRIDGE_INTERRUPTION_H

#include "bridge/python/state.h"
#include "ground/base/attributes.h"
#include "ground/interpreter/thread.h"

// Of the thread `ident` only, if that is not 0. 1: it is on its way; 0: nobody is inside; -1:
// exception.
int interruption_ask(core_state *home, interp *host, PyObject *exception, unsigned long ident);
int interruption_deliver(core_state *host, guest *own);   // -1: raised here, on this thread
void interruption_pass_over(interp *host, guest *leaver); // this thread is not meant any more
void interruption_postpone(interp *host, thread *here);   // it cannot be interrupted just now
void interruption_tidy(thread *here); // it may have left where it was to be interrupted
void interruption_drop(interp *host); // it closes

// What came for what this thread did there, which has ended.
static inline void
interruption_forget(guest *visitor)
{
    if (UNLIKELY(atomic_load_explicit(&visitor->interp->attention, memory_order_relaxed) &
                 ATTENTION_INTERRUPTION)) {
        interruption_pass_over(visitor->interp, visitor);
    }
}

#endif
