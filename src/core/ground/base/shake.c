#include "ground/base/shake.h"

#ifdef ATOLL_SHAKE

#    include <errno.h>
#    include <sched.h>
#    include <stdint.h>
#    include <stdlib.h>
#    include <time.h>

#    include "ground/base/attributes.h"
#    include "ground/base/clock.h"

static _Thread_local uint64_t state;

// Each thread has a sequence of its own. The machine decides which thread runs when, so a seed
// (ATOLL_SHAKE_SEED) makes it likelier, not certain, that a failure repeats.
static uint64_t
seed(void)
{
    const char *given = getenv("ATOLL_SHAKE_SEED");
    uint64_t first = given == NULL ? (uint64_t)clock_now() : strtoull(given, NULL, 10);
    return (first ^ ((uintptr_t)&state >> 4)) * UINT64_C(0x9E3779B97F4A7C15) | 1;
}

static uint64_t
draw(void) // xorshift [Marsaglia 2003]
{
    if (state == 0) {
        state = seed();
    }
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state >> 16;
}

void
shake(void)
{
    int saved = errno;
    uint64_t drawn = draw();
    unsigned choice = drawn % 1024;
    if (choice == 0) {
        nanosleep(&(struct timespec){.tv_nsec = (long)(drawn >> 12) % 200000}, NULL);
    }
    else if (choice < 64) {
        sched_yield();
    }
    else if (choice < 192) {
        for (unsigned rounds = (unsigned)(drawn >> 12) % 2000; rounds > 0; rounds--) {
            cpu_relax();
        }
    }
    errno = saved;
}

#endif
