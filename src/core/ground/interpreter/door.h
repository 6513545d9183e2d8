// door: where threads that want the GIL of one interpreter wait for each other before they ask for
// it.
//
// Purpose. A thread that finds the GIL taken sleeps in CPython, which then wakes one sleeper each
// time the GIL is released, mostly in vain: the thread that released it is back before the other
// has woken up. A wake-up costs more than ten calls. And two threads that take turns at every call
// move all that the calls use from one core to the other each time. So threads that meet at an
// interpreter wait here first, without sleeping, and let the other one make some thirty calls.
//
// Protocol. To take the GIL a thread first claims the door, then waits for the GIL to be free,
// takes it, and gives the claim back at once. The claim covers the taking only, not the stay:
// whether somebody is inside says CPython's own flag. So it does not matter in which of many ways a
// GIL is released (a crossing, I/O, the end of a thread), and the same door serves those who enter
// and those who come home. The door is used only while it is crowded: for some visits since two
// threads last met. Else nobody claims, and a visitor only reads `crowd`.
//
// Turns. Whoever takes the GIL in CPython's own way (a thread back from I/O, one that gave way)
// sleeps there, and would find it taken by those at the door each time that it has woken up. So
// after some thousand calls, or for one that gave way at once, the thread with the claim keeps the
// GIL free until a sleeper has taken it, for at most 1 ms; all at the door wait that long.
//
// Limits. No thread sleeps here, and none waits for another to act. It passes, with or without a
// claim, when no crossing leaves the interpreter for about 12 us, or after 5 ms. It then opens the
// door, since the thread that has the claim may have ended (finalisation ends threads that want a
// GIL). All of it is a hint: CPython's GIL alone excludes, so two claims at a time cost time only.
// A thread at the door has no GIL.
//
// Threads. Any; something must keep the interpreter alive, as for interp_is_running.
#ifndef ATOLL_GROUND_DOOR_H
#define ATOLL_GROUND_DOOR_H

#include <stdatomic.h>
#include <stdbool.h>

#include "ground/base/attributes.h"
#include "ground/interpreter/interp.h"

static inline bool
door_is_crowded(const interp *host)
{
    return UNLIKELY(atomic_load_explicit(&((interp *)host)->crowd, memory_order_relaxed) > 0);
}

// Claim the door of an interpreter that is free. False: it is not.
bool door_try(interp *host);

// Wait until the GIL is free, and claim the door. False: the thread passes without a claim.
bool door_wait(interp *host);

// Give the claim back, after taking the GIL.
void door_open(interp *host);

#endif
