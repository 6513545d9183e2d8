// disturbance: is an exception the code's own, or was the code broken off by a signal handler, a
// deadline, an interrupt?
//
// Purpose. What goes wrong while arguments or answers are pickled is the outcome of a task. What
// breaks that off is not: it is for the thread that happens to do it.
//
// Threads. Attached; both on one thread. An exception that PyThreadState_SetAsyncExc sets, and one
// that is raised for _thread.interrupt_main, count as the code's own if they are Exceptions.
#ifndef ATOLL_BRIDGE_DISTURBANCE_H
#define ATOLL_BRIDGE_DISTURBANCE_H

#include <stdbool.h>

#include "bridge/python/state.h"

// -1: exception, of a signal that had come before.
MUST_CHECK int disturbance_begin(core_state *here, unsigned *before);
bool disturbance_is_why(unsigned before); // an exception is set
unsigned disturbance_count(void);         // of this thread, so far
void disturbance_note(void);              // what this thread does is broken off

#endif
