// CHECK: as assert, in every build. threads_run: the same function in many threads, each with its number.
#ifndef ATOLL_TESTS_CHECK_H
#define ATOLL_TESTS_CHECK_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "%s:%d: CHECK(%s) failed\n", __FILE__, __LINE__, #condition);          \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

#define THREADS 8

static inline void
threads_run(void *(*function)(void *), int count)
{
    pthread_t threads[64];
    for (int i = 0; i < count; i++) {
        CHECK(pthread_create(&threads[i], NULL, function, (void *)(intptr_t)i) == 0);
    }
    for (int i = 0; i < count; i++) {
        CHECK(pthread_join(threads[i], NULL) == 0);
    }
}

static inline uint32_t
next_random(uint32_t *state) // xorshift [Marsaglia 2003]
{
    *state ^= *state << 13;
    *state ^= *state >> 17;
    *state ^= *state << 5;
    return *state;
}

#endif
