// gong: how the keeper, the thread that makes and closes interpreters in advance, is called.
//
// Purpose. Whoever finds work for the keeper rings; the keeper waits for that. What there is to do
// stands in the registry (interp.role) and in the package's own list.
//
// Lifetime. The process's. Rings are counted, so that one that nobody waited for is not lost.
//
// Threads. Any, with or without a GIL; gong_wait attached to none.
#ifndef ATOLL_GROUND_GONG_H
#define ATOLL_GROUND_GONG_H

#include <stdint.h>

void gong_ring(void);
void gong_init(void); // once, before anybody waits

// Until it has rung more often than `heard`, what it returned last, or the deadline has passed; how
// often it has.
uint64_t gong_wait(uint64_t heard, int64_t deadline);
void gong_fork_prepare(void);
void gong_fork_parent(void);
void gong_fork_child(void);

#endif
