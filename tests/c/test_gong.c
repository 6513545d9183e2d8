// gong: every ring is heard by everybody who waits, or who waits later.
#include "ground/interpreter/gong.h"

#include "check.h"
#include "ground/base/clock.h"

#define RINGS 1000

static atomic_int heard_all;

static void *
take_part(void *number)
{
    if ((intptr_t)number % 2 == 0) {
        for (int i = 0; i < RINGS; i++) {
            gong_ring();
        }
        return NULL;
    }
    uint64_t heard = 0;
    while (heard < RINGS * THREADS / 2) { // ends only if no ring is lost
        uint64_t now = gong_wait(heard, DEADLINE_NEVER);
        CHECK(now > heard);
        heard = now;
    }
    atomic_fetch_add(&heard_all, 1);
    return NULL;
}

int
main(void)
{
    gong_init();
    CHECK(gong_wait(0, clock_now()) == 0);
    gong_ring();
    CHECK(gong_wait(0, DEADLINE_NEVER) == 1); // rung before anybody waited
    gong_ring();
    gong_ring();
    CHECK(gong_wait(1, DEADLINE_NEVER) == 3);
    threads_run(take_part, THREADS);
    CHECK(atomic_load(&heard_all) == THREADS / 2);
    gong_fork_prepare();
    gong_fork_parent();
    CHECK(gong_wait(0, DEADLINE_NEVER) == 3 + RINGS * THREADS / 2);
    gong_fork_child();
    gong_ring();
    CHECK(gong_wait(0, DEADLINE_NEVER) == 1);
    return 0;
}
