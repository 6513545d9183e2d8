// interruption: an exception from elsewhere, for the thread that runs in an interpreter
// (Interpreter.interrupt), or for one thread there (Thread.interrupt, a cancelled acall).
//
// Lifetime. One at a time waits in interp.interruption, and one in each guest; a newer one replaces
// it. It is for the threads that were inside, or entering, when it came, and is dropped once they
// have left. A worker stays for many calls: an interruption that came for one call is dropped
// before the next.
//
// Threads. Any thread may ask for one; a pending call delivers it, under the interpreter's GIL.
#ifndef ATOLL_BRIDGE_INTERRUPTION_H
#define ATOLL_BRIDGE_INTERRUPTION_H

#include "bridge/python/state.h"
#include "ground/base/attributes.h"
#include "ground/interpreter/thread.h"

// Interrupt the thread `ident`, or if that is 0, whichever runs there. 1: posted; 0: nobody is
// inside; -1: exception.
// With an `errand`: of the thread that runs it, and of no other that it may run next.
int interruption_ask(core_state *home, interp *host, PyObject *exception, unsigned long ident,
                     const void *errand);
int interruption_deliver(core_state *host, guest *own);   // -1: raised here, on this thread
void interruption_pass_over(interp *host, guest *leaver); // this thread must not get it any more
void interruption_postpone(interp *host, thread *here);   // it cannot be interrupted just now
void interruption_tidy(thread *here);                     // it may have left: is one still for it?
void interruption_drop(interp *host);                     // it closes

// This thread has ended what it did there: drop interruptions of that.
static inline void
interruption_forget(guest *visitor)
{
    if (UNLIKELY(atomic_load_explicit(&visitor->interp->attention, memory_order_relaxed) &
                 ATTENTION_INTERRUPTION)) {
        interruption_pass_over(visitor->interp, visitor);
    }
}

#endif
