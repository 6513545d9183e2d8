// standby: what the core does for the standby thread, a thread of the main interpreter that makes
// interpreters in advance and closes those that are not needed any more
// (atoll._interpreter.standby).
//
// Lifetime. An abandoned interpreter (its thread has ended) retires when no object of it is held
// elsewhere: it disappears from listings, and the standby thread is called to close it. The thread
// that drops the last reference cannot close it: closing waits.
//
// The standby thread sleeps until it is called. Before it makes an interpreter in advance, it waits
// for a pause and for the end of executors' workers. It stops for a fork and
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
    interp *here = state->interp;
    if (UNLIKELY(here->is_abandoned || (atomic_load(&here->handles) == 0 && !here->is_main))) {
        standby_retire(state);
    }
}

// This thread has made an interpreter for another thread, and will not enter it.
void standby_leave(interp *made);

#endif
