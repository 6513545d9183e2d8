// visit: levels are noted from the outside in; a copy of them is one that there has been.
#include "check.h"
#include "ground/interpreter/thread.h"

static crossing_log notes;
static atomic_bool is_over;

static const void *
place(uintptr_t number)
{
    return (const void *)(number + 1);
}

// Level k goes from 10 * round + k to the next, at frame round.
static void *
go_to_and_fro(void *unused)
{
    for (uintptr_t round = 1; !atomic_load(&is_over); round++) {
        for (uintptr_t k = 0; k < 3; k++) {
            crossing_log_begin(&notes, place(10 * round + k), place(10 * round + k + 1), place(round));
        }
        for (int k = 0; k < 3; k++) {
            crossing_log_end(&notes);
        }
    }
    return NULL;
}

static void
check_copies(void)
{
    crossing_log_seen copy[CROSSING_LOG_LEVELS];
    int seen = 0;
    while (seen < 1000) {
        uint64_t begun = atomic_load(&notes.begun);
        int depth = crossing_log_copy(&notes, copy);
        CHECK(depth >= 0 && depth <= 3);
        if (atomic_load(&notes.begun) != begun) {
            continue; // it may have given up
        }
        for (int k = 1; k < depth; k++) {
            CHECK(copy[k].home == copy[k - 1].host && copy[k].frame == copy[0].frame);
        }
        seen++;
    }
}

static void
check_many_levels(void)
{
    static crossing_log deep;
    crossing_log_seen copy[CROSSING_LOG_LEVELS];
    for (uintptr_t k = 0; k < 2 * CROSSING_LOG_LEVELS; k++) {
        crossing_log_begin(&deep, place(k), place(k + 1), NULL);
        crossing_log_set_time(&deep, (int64_t)k);
    }
    CHECK(crossing_log_copy(&deep, copy) == 2 * CROSSING_LOG_LEVELS);
    CHECK(copy[0].home == place(0) && copy[CROSSING_LOG_LEVELS - 1].host == place(CROSSING_LOG_LEVELS));
    CHECK(copy[CROSSING_LOG_LEVELS - 1].since == CROSSING_LOG_LEVELS - 1);
    for (int k = 0; k < 2 * CROSSING_LOG_LEVELS; k++) {
        crossing_log_end(&deep);
    }
    CHECK(crossing_log_copy(&deep, copy) == 0);
}

int
main(void)
{
    pthread_t other;
    CHECK(crossing_log_time() == 0);
    CHECK(pthread_create(&other, NULL, go_to_and_fro, NULL) == 0);
    check_copies();
    atomic_store(&is_over, true);
    pthread_join(other, NULL);
    check_many_levels();
    int64_t outer = thread_block(BLOCKED_GET, 7), inner = thread_block(BLOCKED_CLOSER, 8);
    CHECK(thread_blocked_kind(outer) == BLOCKED_NOT);
    CHECK(thread_blocked_kind(inner) == BLOCKED_GET && thread_blocked_number(inner) == 7);
    thread_unblock(inner);
    thread_unblock(outer);
    return 0;
}
