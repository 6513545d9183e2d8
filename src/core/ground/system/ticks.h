// ticks: the processor's own counter, which is read in a third of the time that a clock takes.
//
// Purpose. For notes of when something happened, made often and read later. Two moments at which
// both the counter and the clock were read tell what the ticks between them are on the clock.
//
// Threads. Any. The counter is the same on all processors, or it is not used: the kernel keeps its
// own time by it, and would not if it were not. Else a tick is a nanosecond of the clock. A reading
// is not taken before what stands before it is done, so that times of threads that meet are in the
// order in which they met.
//
// Errors. None.
#ifndef ATOLL_GROUND_TICKS_H
#define ATOLL_GROUND_TICKS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "ground/base/attributes.h"
#include "ground/base/clock.h"

extern atomic_bool ticks_are_counted; // by the processor; false before ticks_init

void ticks_init(void); // one thread at a time; again and again, the answer is the same

static inline int64_t
ticks_count(void)
{
#if defined(__x86_64__)
    uint32_t low, high, processor;
    __asm__ volatile("rdtscp" : "=a"(low), "=d"(high), "=c"(processor)::"memory");
    return (int64_t)((uint64_t)high << 32 | low);
#elif defined(__aarch64__)
    int64_t count;
    __asm__ volatile("isb\n\tmrs %0, cntvct_el0" : "=r"(count)::"memory");
    return count;
#else
    return clock_now();
#endif
}

static inline int64_t
ticks_now(void)
{
    return LIKELY(atomic_load_explicit(&ticks_are_counted, memory_order_relaxed)) ? ticks_count()
                                                                                  : clock_now();
}

typedef struct {
    int64_t ticks, clock;
} ticks_moment;

ticks_moment ticks_read(void);

// On the clock. The moments are apart, and best before and after those ticks.
int64_t ticks_to_clock(int64_t ticks, ticks_moment first, ticks_moment last);

#endif
