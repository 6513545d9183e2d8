// standby_signal: every signal is heard by everybody who waits, or who waits later.
#include "ground/interpreter/standby_signal.h"

#include "check.h"
#include "ground/base/clock.h"

#define SIGNALS 1000

static atomic_int heard_all;

static void *
take_part(void *number)
{
    if ((intptr_t)number % 2 == 0) {
        for (int i = 0; i < SIGNALS; i++) {
            standby_signal_send();
        }
        return NULL;
    }
    uint64_t heard = 0;
    while (heard < SIGNALS * THREADS / 2) { // ends only if no signal is lost
        uint64_t now = standby_signal_wait(heard, DEADLINE_NEVER);
        CHECK(now > heard);
        heard = now;
    }
    atomic_fetch_add(&heard_all, 1);
    return NULL;
}

int
main(void)
{
    standby_signal_init();
    CHECK(standby_signal_wait(0, clock_now()) == 0);
    standby_signal_send();
    CHECK(standby_signal_wait(0, DEADLINE_NEVER) == 1); // rung before anybody waited
    standby_signal_send();
    standby_signal_send();
    CHECK(standby_signal_wait(1, DEADLINE_NEVER) == 3);
    threads_run(take_part, THREADS);
    CHECK(atomic_load(&heard_all) == THREADS / 2);
    standby_signal_fork_prepare();
    standby_signal_fork_parent();
    CHECK(standby_signal_wait(0, DEADLINE_NEVER) == 3 + SIGNALS * THREADS / 2);
    standby_signal_fork_child();
    standby_signal_send();
    CHECK(standby_signal_wait(0, DEADLINE_NEVER) == 1);
    return 0;
}
