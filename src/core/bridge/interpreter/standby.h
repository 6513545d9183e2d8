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
// at exit; if it is stuck (in an import, say), these do not wait for it for long.
//
// Threads. standby_retire_if_unused: under the GIL of the interpreter. Of the thread itself:
// attached to main, but standby_stop detached.
#ifndef ATOLL_BRIDGE_STANDBY_H
#define ATOLL_BRIDGE_STANDBY_H

#include "bridge/python/state.h"

// Start the thread, unless it runs; while the process forks, it starts after that.
typedef enum { STANDBY_RUNS, STANDBY_OVER, STANDBY_NO_THREAD } standby_start_result;
standby_start_result standby_start(void);
void standby_stop(bool for_good);
bool standby_must_stop(void);             // asked by the thread
void standby_await(int one_more_or_less); // somebody waits for it: it goes on after a fork
void standby_begin_fork(void);
void standby_end_fork(void); // in the parent
void standby_fork_child(void);

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
