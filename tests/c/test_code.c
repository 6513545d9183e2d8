// code: found by path, level, hash and size; the latest of each file; within a limit, by many threads.
#include <string.h>

#include "check.h"
#include "ground/modules/code.h"

enum { FILES = 200, ROUNDS = 2000 };

static code_source
source_of(const char *path, int64_t level, int64_t hash)
{
    return (code_source){path, strlen(path), level, hash, 10};
}

static bool
is_kept(code_source source, const char *expected)
{
    code *found = code_find(&source);
    bool is_same = found != NULL && found->size == strlen(expected) &&
                   memcmp(found->marshaled, expected, found->size) == 0;
    if (found != NULL) {
        code_decref(found);
    }
    return is_same;
}

static void
keep(code_source source, const char *marshaled)
{
    code_keep(&source, marshaled, strlen(marshaled));
}

static void
check_versions(void)
{
    keep(source_of("a.py", -1, 1), "first");
    keep(source_of("b.py", -1, 1), "other");
    keep(source_of("a.py", 2, 1), "optimised");
    CHECK(is_kept(source_of("a.py", -1, 1), "first"));
    CHECK(is_kept(source_of("a.py", 2, 1), "optimised"));
    CHECK(!is_kept(source_of("a.py", -1, 2), "first"));
    CHECK(!is_kept(source_of("c.py", -1, 1), "first"));
    code_source longer = source_of("a.py", -1, 1);
    longer.source_size++;
    CHECK(!is_kept(longer, "first"));
    code_source held = source_of("a.py", -1, 1);
    code *old = code_find(&held);
    keep(source_of("a.py", -1, 2), "second");
    CHECK(is_kept(source_of("a.py", -1, 2), "second"));
    CHECK(!is_kept(source_of("a.py", -1, 1), "first"));
    CHECK(memcmp(old->marshaled, "first", 5) == 0); // as long as it is held
    code_decref(old);
    CHECK(code_count().modules == 3);
}

static void
check_limit(void)
{
    size_t before = code_limit(0);
    CHECK(before == code_count().limit || code_count().limit == 0);
    CHECK(code_count().modules == 0 && code_count().bytes == 0);
    keep(source_of("a.py", -1, 1), "first");
    CHECK(code_count().modules == 0);
    code_limit(3000);
    char path[32];
    for (int i = 0; i < 100; i++) {
        snprintf(path, sizeof path, "%d.py", i);
        keep(source_of(path, -1, i), "code");
        CHECK(code_count().bytes <= 3000);
        CHECK(is_kept(source_of(path, -1, i), "code"));
    }
    CHECK(code_count().modules > 5);
    CHECK(!is_kept(source_of("0.py", -1, 0), "code"));
    code_limit(before);
}

static void *
work(void *number)
{
    uint32_t random = (uint32_t)(intptr_t)number + 1;
    for (int i = 0; i < ROUNDS; i++) {
        char path[32], text[64];
        int file = (int)(next_random(&random) % FILES), version = (int)(next_random(&random) % 3);
        snprintf(path, sizeof path, "%d.py", file);
        snprintf(text, sizeof text, "code %d of %d", version, file);
        code_source source = source_of(path, -1, version);
        code *found = code_find(&source);
        if (found == NULL) {
            code_keep(&source, text, strlen(text));
            continue;
        }
        CHECK(found->size == strlen(text) && memcmp(found->marshaled, text, found->size) == 0);
        code_decref(found);
    }
    return NULL;
}

int
main(void)
{
    check_versions();
    check_limit();
    code_limit(20000); // not all of them
    threads_run(work, THREADS);
    CHECK(code_count().bytes <= 20000);
    code_limit(0);
    CHECK(code_count().modules == 0 && code_count().bytes == 0);
    return 0;
}
