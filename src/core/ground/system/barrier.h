// Asymmetric memory barriers: the frequent side pays nothing, the rare side pays for both.
//
// Purpose. Two threads each store one flag and then read the other's (Dekker). Both need a full
// barrier between store and load; a crossing does this on every call, closing an interpreter once.
// With membarrier(2) the rare side makes every running thread of the process execute one.
//
// Threads. Any. Where the kernel has no membarrier, the light side is an ordinary full fence.
#ifndef ATOLL_GROUND_BARRIER_H
#define ATOLL_GROUND_BARRIER_H

#include <stdatomic.h>
#include <stdbool.h>

#include "ground/base/attributes.h"

extern bool barrier_is_asymmetric; // written once, before any second thread can look

void barrier_init(void);
void barrier_heavy(void); // pairs with barrier_light

static inline void
barrier_light(void)
{
    if (LIKELY(barrier_is_asymmetric)) {
        atomic_signal_fence(memory_order_seq_cst);
    }
    else {
        atomic_thread_fence(memory_order_seq_cst);
    }
}

#endif
