// door: threads that take turns through it, and one that never gives its claim back.
#include "check.h"
#include "ground/interpreter/door.h"

enum { TURNS = 3000 };

static volatile int is_taken; // as CPython's flag: written under `gil`
static pthread_mutex_t gil = PTHREAD_MUTEX_INITIALIZER;
static interp *host;
static int turns; // gil

static void
take_turn(void)
{
    bool has_claim = door_try(host) || door_wait(host);
    pthread_mutex_lock(&gil);
    __atomic_store_n(&is_taken, 1, __ATOMIC_RELAXED);
    if (has_claim) {
        door_open(host);
    }
    turns++;
    atomic_fetch_add(&host->departures, 1);
    __atomic_store_n(&is_taken, 0, __ATOMIC_RELAXED);
    pthread_mutex_unlock(&gil);
}

static void *
take_turns(void *unused)
{
    for (int turn = 0; turn < TURNS; turn++) {
        take_turn();
    }
    return NULL;
}

static void
all_get_through(void)
{
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++) {
        CHECK(pthread_create(&threads[i], NULL, take_turns, NULL) == 0);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
    }
    CHECK(turns == THREADS * TURNS);
}

static void
a_lost_claim_is_overcome(void)
{
    CHECK(door_try(host)); // and never given back
    CHECK(!door_try(host));
    CHECK(!door_wait(host)); // passes all the same
    CHECK(door_is_crowded(host));
    CHECK(door_try(host));
    door_open(host);
}

static void
nobody_waits_for_one_who_stays(void)
{
    __atomic_store_n(&is_taken, 1, __ATOMIC_RELAXED);
    CHECK(!door_wait(host));
    __atomic_store_n(&is_taken, 0, __ATOMIC_RELAXED);
}

static void
the_crowd_is_forgotten(void)
{
    while (door_is_crowded(host)) {
        CHECK(door_try(host));
        door_open(host);
    }
}

int
main(void)
{
    host = interp_new(NULL, 1, "host", false, false);
    CHECK(host != NULL);
    host->gil_flag = &is_taken;
    all_get_through();
    a_lost_claim_is_overcome();
    nobody_waits_for_one_who_stays();
    the_crowd_is_forgotten();
    interp_decref(host);
    return 0;
}
