// alarm: deadlines expire in order and at the level where they were set; wake-up reach their
// thread.
#include <unistd.h>

#include "check.h"
#include "ground/interpreter/alarm.h"
#include "ground/base/clock.h"

static atomic_int posts;
static int noted; // alarm thread only

// As in wakeup.c, without a pending call: the thread looks at its wake-up by itself.
static void
note(thread *whom)
{
    (void)whom;
    noted++;
}

static void
post(void)
{
    atomic_fetch_add(&posts, noted);
    noted = 0;
}

static int64_t
tick(void)
{
    return DEADLINE_NEVER;
}

static void
wait_for(thread *here, unsigned why)
{
    while (!(atomic_load(&here->wakeup) & why)) {
        cpu_relax();
    }
}

static void *
expire_in_order(void *unused)
{
    thread *here = thread_get();
    interp *a = (interp *)1, *b = (interp *)2;
    deadline outer, inner, never;
    int64_t elapsed = 0;
    deadline_start(&outer, here, a, 0, 3600 * NANOSECONDS_PER_SECOND);
    deadline_start(&inner, here, b, 1, 5 * MILLISECOND);
    deadline_start(&never, here, b, 1, DEADLINE_NEVER);
    wait_for(here, WAKEUP_DEADLINE);
    CHECK(deadline_is_expired(&inner) && !deadline_is_expired(&never));
    CHECK(clock_now() >= inner.when);
    // At its own level it is left alone, if so asked; elsewhere it is heeded, once.
    CHECK(deadline_heed(here, b, 1, true, &elapsed) == DEADLINE_HERE);
    CHECK(!deadline_was_heeded(here, b, 1));
    CHECK(deadline_heed(here, b, 2, true, &elapsed) == DEADLINE_OUTSIDE);
    CHECK(elapsed >= 5 * MILLISECOND);
    CHECK(deadline_was_heeded(here, b, 1) && !deadline_was_heeded(here, a, 0));
    deadline_stop(&never);
    deadline_stop(&inner);
    CHECK(deadline_is_expired(&inner) && !deadline_is_expired(&outer));
    deadline_stop(&outer);
    deadline_start(&outer, here, a, 0, 5 * MILLISECOND);
    wait_for(here, WAKEUP_DEADLINE);
    CHECK(deadline_heed(here, a, 0, false, &elapsed) == DEADLINE_HERE);
    CHECK(deadline_heed(here, a, 0, false, &elapsed) == DEADLINE_NONE);
    CHECK(!(atomic_load(&here->wakeup) & WAKEUP_DEADLINE));
    deadline_stop(&outer);
    deadline_stop(&outer);
    CHECK(here->deadlines == NULL);
    return unused;
}

static void *
come_and_go(void *number)
{
    thread *here = thread_get();
    uint32_t random = 1 + (uint32_t)(intptr_t)number;
    for (int i = 0; i < 2000; i++) {
        deadline limit;
        deadline_start(&limit, here, NULL, 0, next_random(&random) % 100000);
        if (next_random(&random) % 4 == 0) {
            wait_for(here, WAKEUP_DEADLINE);
        }
        deadline_stop(&limit);
        CHECK(!(atomic_load(&here->wakeup) & WAKEUP_DEADLINE));
    }
    return NULL;
}

// Ends while its deadline runs: whoever owns that may stop it later.
static void *
end_with_it(void *limit)
{
    deadline_start(limit, thread_get(), NULL, 0, 1);
    return NULL;
}

static void
test_retry(thread *here)
{
    atomic_fetch_or(&here->wakeup, WAKEUP_INTERRUPTION);
    int before = atomic_load(&posts);
    alarm_retry();
    while (atomic_load(&posts) == before) {
        cpu_relax();
    }
    atomic_fetch_and(&here->wakeup, ~(unsigned)WAKEUP_INTERRUPTION);
}

int
main(void)
{
    thread *here = thread_get();
    CHECK(here != NULL && here->is_main);
    CHECK(alarm_start(note, post, tick) && alarm_start(note, post, tick));
    alarm_ring();
    wait_for(here, WAKEUP_SIGNAL);
    threads_run(expire_in_order, THREADS);
    threads_run(come_and_go, THREADS);
    test_retry(here);
    deadline abandoned;
    pthread_t thread;
    CHECK(pthread_create(&thread, NULL, end_with_it, &abandoned) == 0);
    CHECK(pthread_join(thread, NULL) == 0);
    deadline_stop(&abandoned);
    alarm_rest();
    CHECK(alarm_start(note, post, tick));
    alarm_stop();
    CHECK(!alarm_start(note, post, tick)); // stopped for good
    return 0;
}
