// Counting semaphores that wait until a time of the monotonic clock.
//
// Purpose. glibc before 2.30, and musl, cannot wait so with a `sem_t`. Unlike a condition, a
// semaphore also wakes for a signal, and may be posted by a signal handler.
//
// Lifetime. Nothing to destroy. Whoever has waited for a post may free the semaphore at once: the
// poster touches it once, and wakes by its address, which then may belong to something else.
// So every waiter looks again after waking.
//
// Threads. Any, of one process. Errors. None.
#ifndef ATOLL_GROUND_SEMAPHORE_H
#define ATOLL_GROUND_SEMAPHORE_H

#include <errno.h>
#include <linux/futex.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "ground/base/clock.h"

// The posts that nobody has taken, in the lower half; in the upper one how many threads wait.
typedef struct {
    _Atomic(uint64_t) state;
} semaphore;

#define SEMAPHORE_ONE_WAITER (UINT64_C(1) << 32)

typedef enum { WAIT_WOKEN, WAIT_EXPIRED, WAIT_INTERRUPTED } wait_result;

static inline void
semaphore_init(semaphore *self)
{
    atomic_init(&self->state, 0);
}

// The half of it that the kernel compares: it is 0 as long as there is nothing to take.
static inline uint32_t *
semaphore_posts_word(semaphore *self)
{
    _Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the lower half is the first one");
    return (uint32_t *)&self->state;
}

// Takes a post if there is one, and with it `also` off the state.
static inline bool
semaphore_take(semaphore *self, uint64_t also)
{
    uint64_t state = atomic_load_explicit(&self->state, memory_order_relaxed);
    while ((uint32_t)state != 0) {
        if (atomic_compare_exchange_weak_explicit(&self->state, &state, state - 1 - also,
                                                  memory_order_acquire, // pairs with semaphore_post
                                                  memory_order_relaxed)) {
            return true;
        }
    }
    return false;
}

static inline bool
semaphore_try(semaphore *self)
{
    return semaphore_take(self, 0);
}

// A post without its wake-up: the word to wake a thread by, or NULL. By then it may be freed.
static inline uint32_t *
semaphore_post_quietly(semaphore *self)
{
    // release: pairs with semaphore_take
    uint64_t before = atomic_fetch_add_explicit(&self->state, 1, memory_order_release);
    return before >= SEMAPHORE_ONE_WAITER ? semaphore_posts_word(self) : NULL;
}

static inline void
semaphore_wake(uint32_t *word)
{
    if (word != NULL) {
        syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
    }
}

static inline void
semaphore_post(semaphore *self)
{
    semaphore_wake(semaphore_post_quietly(self));
}

// Sleeps unless there is a post, until one comes. Returns 0, or errno.
static inline int
semaphore_sleep(semaphore *self, int64_t deadline)
{
    struct timespec until = clock_timespec(deadline);
    long failed = syscall(SYS_futex, semaphore_posts_word(self), FUTEX_WAIT_BITSET_PRIVATE, 0,
                          deadline == DEADLINE_NEVER ? NULL : &until, NULL, FUTEX_BITSET_MATCH_ANY);
    return failed ? errno : 0;
}

static inline wait_result
semaphore_wait(semaphore *self, int64_t deadline)
{
    if (semaphore_try(self)) {
        return WAIT_WOKEN;
    }
    atomic_fetch_add_explicit(&self->state, SEMAPHORE_ONE_WAITER, memory_order_relaxed);
    for (;;) {
        int error = semaphore_sleep(self, deadline);
        if (semaphore_take(self, SEMAPHORE_ONE_WAITER)) {
            return WAIT_WOKEN;
        }
        if (error != 0 && error != EAGAIN) { // EAGAIN: there was a post, which another one took
            atomic_fetch_sub_explicit(&self->state, SEMAPHORE_ONE_WAITER, memory_order_relaxed);
            return error == EINTR ? WAIT_INTERRUPTED : WAIT_EXPIRED;
        }
    }
}

#endif
