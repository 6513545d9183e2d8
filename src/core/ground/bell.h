// bell: how the keeper, the thread that makes and closes interpreters in advance, is called.
//
// Purpose. Whoever finds work for the keeper rings; the keeper waits for that. What there is to do
// stands in the registry (interp.role) and in the package's own list.
//
// Lifetime. The process's. A ring that nobody hears is kept until somebody waits.
//
// Threads. Any, with or without a GIL; bell_wait attached to none.
#ifndef ATOLL_GROUND_BELL_H
#define ATOLL_GROUND_BELL_H

void bell_ring(void);
void bell_wait(void); // until it has been rung since the last wait
void bell_fork_prepare(void);
void bell_fork_parent(void);
void bell_fork_child(void);

#endif
