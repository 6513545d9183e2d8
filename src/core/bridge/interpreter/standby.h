// standby: the thread of the main interpreter that makes interpreters in advance, and closes
// those that nobody needs any more. What it does is decided in atoll._interpreter.standby; here is
// what it needs.
//
// Lifetime. An abandoned interpreter (its thread has ended) retires when nothing of it is held
// elsewhere: it disappears from listings, and the standby thread is called to close it. Nobody else
// may: the last reference is dropped at places that cannot wait.
//
// It is one thread that sleeps until it is called. It waits for a pause, and for the end of an
// executor's workers, before it makes an interpreter that nobody waits for. It stops for a fork and
// at exit.
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
    if (UNLIKELY(state->interp->is_abandoned)) {
        standby_retire(state);
    }
}

// This thread has made an interpreter for somebody else, and has no more business in it.
void standby_leave(interp *made);

#endif
