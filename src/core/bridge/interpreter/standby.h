// standby: what the core does for the standby thread, a thread of the main interpreter that makes
// interpreters in advance and closes those that are not needed any more
// (atoll._interpreter.standby).
//
// Lifetime. An abandoned interpreter (its thread has ended) retires when no object of it is held
// elsewhere: it disappears from listings, and the standby thread is called to close it. The thread
// that drops the last reference cannot close it: closing waits.
//
// The standby thread sleeps until it is called. Before it makes an interpreter in advance, it waits
// for a pause and for the end of executors' workers. It stops for a fork and at exit.
//
// Threads. standby_retire_if_unused: under the GIL of the interpreter.
#ifndef ATOLL_BRIDGE_STANDBY_H
#define ATOLL_BRIDGE_STANDBY_H

#include "bridge/python/state.h"

void standby_abandon(core_state *state);
void standby_retire(core_state *state);

static inline void
standby_retire_if_unused(core_state *state)
{
    interp *here = state->interp;
    if (UNLIKELY(here->is_abandoned || (atomic_load(&here->handles) == 0 && !here->is_main))) {
        standby_retire(state);
    }
}

// This thread has made an interpreter for another thread, and will not enter it.
void standby_leave(interp *made);

#endif
