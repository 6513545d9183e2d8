// disturbance: is an exception the code's own, or was the code interrupted by a signal handler, a
// deadline or an interrupt()?
//
// Purpose. An error in pickling arguments or answers becomes the outcome of a task. An interruption
// of the pickling does not: it is raised in the thread that pickles.
//
// Threads. Attached; begin and is_why on the same thread. An exception that
// PyThreadState_SetAsyncExc sets, and one that is raised for _thread.interrupt_main, count as the
// code's own if they are Exceptions.
#ifndef ATOLL_BRIDGE_DISTURBANCE_H
#define ATOLL_BRIDGE_DISTURBANCE_H

#include <stdbool.h>

#include "bridge/python/state.h"

// -1 with an exception: a signal had come before, and its handler raised.
MUST_CHECK int disturbance_begin(core_state *here, unsigned *before);
bool disturbance_is_why(unsigned before); // call with an exception set
unsigned disturbance_count(void);         // interruptions of this thread so far
void disturbance_note(void);              // this thread is being interrupted

#endif
