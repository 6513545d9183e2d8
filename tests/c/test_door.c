// door: threads that take turns through it, one that never gives its claim back, and sleepers.
#include "check.h"
#include "ground/interpreter/door.h"

enum { TURNS = 3000 };

static volatile int is_taken; // as CPython's flag: written under `gil`
static pthread_mutex_t gil = PTHREAD_MUTEX_INITIALIZER;
static volatile unsigned sleepers = 2; // as glibc's count: 8 for each, above other bits
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

static void *
sleep_until_it_is_free(void *unused)
{
    while (!atomic_load(&host->is_handing_over)) {
    }
    __atomic_store_n(&is_taken, 1, __ATOMIC_RELAXED);
    __atomic_store_n(&sleepers, 2, __ATOMIC_RELAXED);
    __atomic_store_n(&is_taken, 0, __ATOMIC_RELAXED);
    return NULL;
}

static void
a_sleeper_gets_the_gil_after(unsigned calls)
{
    pthread_t sleeper;
    __atomic_store_n(&sleepers, 8 + 2, __ATOMIC_RELAXED);
    atomic_fetch_add(&host->departures, calls);
    atomic_store(&host->returning, calls == 0);
    CHECK(!door_try(host));
    CHECK(pthread_create(&sleeper, NULL, sleep_until_it_is_free, NULL) == 0);
    while (interp_has_sleepers(host)) { // the thread may be late for one turn or another
        if (door_wait(host)) {
            door_open(host);
        }
        atomic_fetch_add(&host->departures, calls);
    }
    pthread_join(sleeper, NULL);
    atomic_store(&host->returning, 0);
    CHECK(door_try(host));
    door_open(host);
}

int
main(void)
{
    host = interp_new(NULL, 1, "host", false, false);
    CHECK(host != NULL);
    host->gil_flag = &is_taken;
    host->gil_sleepers = &sleepers;
    all_get_through();
    a_lost_claim_is_overcome();
    nobody_waits_for_one_who_stays();
    the_crowd_is_forgotten();
    a_sleeper_gets_the_gil_after(10 * 1000);
    a_sleeper_gets_the_gil_after(0); // to one that gave way
    interp_decref(host);
    return 0;
}
