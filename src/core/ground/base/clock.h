// The monotonic clock, in nanoseconds; conditions that wait until a time of it.
#ifndef ATOLL_GROUND_CLOCK_H
#define ATOLL_GROUND_CLOCK_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#define NANOSECONDS_PER_SECOND INT64_C(1000000000)
#define MILLISECOND            INT64_C(1000000)
#define DEADLINE_NEVER         INT64_MAX

static inline int64_t
clock_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * NANOSECONDS_PER_SECOND + now.tv_nsec;
}

static inline struct timespec
clock_timespec(int64_t nanoseconds)
{
    return (struct timespec){.tv_sec = nanoseconds / NANOSECONDS_PER_SECOND,
                             .tv_nsec = nanoseconds % NANOSECONDS_PER_SECOND};
}

static inline void
condition_init(pthread_cond_t *condition)
{
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(condition, &attributes);
    pthread_condattr_destroy(&attributes);
}

// Returns false once the deadline has passed.
static inline bool
condition_wait(pthread_cond_t *condition, pthread_mutex_t *mutex, int64_t deadline)
{
    if (deadline == DEADLINE_NEVER) {
        pthread_cond_wait(condition, mutex);
        return true;
    }
    struct timespec until = clock_timespec(deadline);
    return pthread_cond_timedwait(condition, mutex, &until) == 0;
}

#endif
