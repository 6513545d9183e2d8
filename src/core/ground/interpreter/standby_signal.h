// standby_signal: how the thread that makes and closes interpreters in advance is called.
//
// Purpose. Whoever finds work for the standby thread sends it; the standby thread waits for that.
// What there is to do stands in the registry (interp.role) and in the package's own list.
//
// Lifetime. The process's. Signals are counted, so that one that nobody waited for is not lost.
//
// Threads. Any, with or without a GIL; standby_signal_wait attached to none.
#ifndef ATOLL_GROUND_STANDBY_SIGNAL_H
#define ATOLL_GROUND_STANDBY_SIGNAL_H

#include <stdint.h>

void standby_signal_send(void);
void standby_signal_init(void); // once, before anybody waits

// Until it was sent more often than `heard`, what it returned last, or the deadline has passed; how
// often it has.
uint64_t standby_signal_wait(uint64_t heard, int64_t deadline);
void standby_signal_fork_prepare(void);
void standby_signal_fork_parent(void);
void standby_signal_fork_child(void);

#endif
