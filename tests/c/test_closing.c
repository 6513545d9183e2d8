// closing: waiters wake for announcements, at their deadline, and never miss one.
#include "check.h"
#include "ground/base/clock.h"
#include "ground/interpreter/closing.h"

static atomic_int turn; // whose turn it is, of THREADS

static void *
take_turns(void *number)
{
    int me = (int)(intptr_t)number;
    closing_waiter waiter;
    closing_join(&waiter);
    for (int round = 0; round < 200; round++) {
        while (atomic_load(&turn) % THREADS != me) {
            CHECK(closing_wait(&waiter, DEADLINE_NEVER) == WAIT_WOKEN);
        }
        atomic_fetch_add(&turn, 1);
        closing_announce();
    }
    closing_leave(&waiter);
    return NULL;
}

static void *
come_and_go(void *unused)
{
    for (int i = 0; i < 2000; i++) {
        closing_waiter waiter;
        closing_join(&waiter);
        closing_announce();
        CHECK(closing_wait(&waiter, DEADLINE_NEVER) == WAIT_WOKEN);
        closing_leave(&waiter);
    }
    return unused;
}

int
main(void)
{
    closing_waiter waiter;
    closing_join(&waiter);
    CHECK(closing_wait(&waiter, clock_now()) == WAIT_EXPIRED);
    int64_t deadline = clock_now() + 5 * MILLISECOND;
    CHECK(closing_wait(&waiter, deadline) == WAIT_EXPIRED && clock_now() >= deadline);
    closing_announce();
    CHECK(closing_wait(&waiter, clock_now()) == WAIT_WOKEN);
    closing_leave(&waiter);
    threads_run(take_turns, THREADS);
    CHECK(turn == 200 * THREADS);
    threads_run(come_and_go, THREADS);
    return 0;
}
