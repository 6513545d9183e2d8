// ticks: threads that meet read them in the order in which they met; on the clock they are right.
#include "check.h"
#include "ground/system/ticks.h"

#define PASSES 200

static struct {
    atomic_int turn; // passes up to now
    int64_t latest;  // of the thread whose turn it is
} baton;

static void *
pass_on(void *number)
{
    for (int turn = (int)(intptr_t)number; turn < PASSES; turn += 2) {
        while (atomic_load(&baton.turn) < turn) {
            sched_yield();
        }
        int64_t now = ticks_now();
        CHECK(now >= baton.latest);
        baton.latest = now;
        atomic_store(&baton.turn, turn + 1);
    }
    return NULL;
}

static void
check_clock(void)
{
    ticks_moment first = ticks_read();
    int64_t before = clock_now(), ticks = ticks_now(), after = clock_now();
    struct timespec pause = clock_timespec(20 * MILLISECOND);
    nanosleep(&pause, NULL);
    int64_t later = ticks_now();
    ticks_moment last = ticks_read();
    int64_t then = ticks_to_clock(ticks, first, last);
    CHECK(before - MILLISECOND < then && then < after + MILLISECOND);
    CHECK(then < ticks_to_clock(later, first, last));
    CHECK(ticks_to_clock(first.ticks, first, last) == first.clock);
    CHECK(ticks_to_clock(last.ticks, first, last) == last.clock);
}

int
main(void)
{
    check_clock(); // before ticks_init they are the clock's
    ticks_init();
    check_clock();
    threads_run(pass_on, 2);
    return 0;
}
