// heap: addresses are told apart; spans do not overlap, and are taken again; sealed ones are read
// only.
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"
#include "ground/share/heap.h"

#define SPANS 200

static void
write_to_sealed(unsigned char *kept)
{
    pid_t child = fork();
    if (child == 0) {
        signal(SIGSEGV, SIG_DFL);
        kept[0] = 1;
        _exit(0);
    }
    int status = 0;
    CHECK(waitpid(child, &status, 0) == child);
    CHECK(!(WIFEXITED(status) && WEXITSTATUS(status) == 0));
}

static void *
fill(void *number)
{
    unsigned char mark = (unsigned char)(intptr_t)number + 1;
    for (int i = 0; i < SPANS; i++) {
        heap_span span;
        CHECK(heap_take(&span, 3000));
        CHECK((size_t)(span.limit - span.start) >= 3000);
        memset(span.start, mark, 3000);
        span.next = span.start + 2000;
        for (int j = 0; j < 3000; j++) {
            CHECK(span.start[j] == mark);
        }
        if (i % 2) {
            heap_keep(&span);
        }
        else {
            heap_give_back(&span);
        }
        CHECK(span.start == NULL);
    }
    return NULL;
}

int
main(void)
{
    int local = 0;
    CHECK(!heap_contains(&local));
    CHECK(!heap_contains(NULL));

    heap_span span, again;
    CHECK(heap_take(&span, 100));
    CHECK(heap_contains(span.start));
    CHECK(heap_contains(span.limit - 1));
    CHECK(!heap_contains(&local));
    CHECK((uintptr_t)span.start % HEAP_ALIGNMENT == 0);

    // The unused rest is taken again, and all of what is given back.
    unsigned char *start = span.start, *limit = span.limit;
    span.next += 4096;
    heap_keep(&span);
    CHECK(heap_take(&again, 100));
    CHECK(again.start == start + 4096 && again.limit == limit);
    heap_give_back(&again);
    CHECK(heap_take(&again, 100));
    CHECK(again.start == start + 4096);
    heap_keep(&again);

    // Large ones, and those that no memory can hold.
    CHECK(heap_take(&span, 10 << 20));
    CHECK(span.limit - span.start >= 10 << 20);
    span.start[(10 << 20) - 1] = 1;
    heap_give_back(&span);
    CHECK(!heap_take(&span, (size_t)1 << 50));

    threads_run(fill, THREADS);

    CHECK(heap_seal());
    CHECK(heap_take(&span, 10000));
    unsigned char *kept = span.start;
    kept[0] = 5;
    span.next += 5000;
    heap_keep(&span);
    CHECK(kept[0] == 5);
    write_to_sealed(kept);
    CHECK(heap_take(&again, 100));
    again.start[0] = 1; // what is not kept can be written
    heap_give_back(&again);
    return 0;
}
