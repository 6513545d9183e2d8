// standby_signal: wakes the standby thread, which makes and closes interpreters in advance.
//
// Purpose. A thread that finds work for the standby thread sends the signal. What is to be done
// stands in the registry (interp.role) and in the package's own list.
//
// Lifetime. That of the process. Signals are counted, so one that is sent before the wait is not
// lost.
//
// Threads. Any, with or without a GIL; standby_signal_wait with no thread state attached.
#ifndef ATOLL_GROUND_STANDBY_SIGNAL_H
#define ATOLL_GROUND_STANDBY_SIGNAL_H

#include <stdint.h>

void standby_signal_send(void);
void standby_signal_init(void); // once, before anybody waits

// Waits until more signals were sent than `heard` (the last result), or until the deadline. Returns
// how many were sent.
uint64_t standby_signal_wait(uint64_t heard, int64_t deadline);
void standby_signal_fork_prepare(void);
void standby_signal_fork_parent(void);
void standby_signal_fork_child(void);

#endif
