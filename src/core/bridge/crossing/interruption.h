// interruption: an exception from elsewhere, for whoever runs in an interpreter
// (Interpreter.interrupt).
//
// Lifetime. One at a time waits in interp.interruption; a newer one takes its place. It is for
// those who were inside, or on their way in, when it came: once they have left it is dropped.
//
// Threads. Asked for by any; delivered by a pending call, under the interpreter's GIL.
#ifndef ATOLL_BRIDGE_INTERRUPTION_H
#define ATOLL_BRIDGE_INTERRUPTION_H

#include "bridge/python/state.h"
#include "ground/interpreter/thread.h"

// Of the thread `ident` only, if that is not 0. 1: it is on its way; 0: nobody is inside; -1:
// exception.
int interruption_ask(core_state *home, interp *host, PyObject *exception, unsigned long ident);
int interruption_deliver(core_state *host, const guest *own); // -1: raised here, on this thread
void interruption_pass_over(interp *host, guest *leaver);     // who has left is not meant any more
void interruption_postpone(interp *host, thread *here);       // it cannot be interrupted just now
void interruption_tidy(thread *here); // it may have left where it was to be interrupted
void interruption_drop(interp *host); // it closes

#endif
