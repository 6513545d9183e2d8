// names: one number for one text, from any thread; the table fills up and then says so.
#include <string.h>

#include "check.h"
#include "ground/base/names.h"

enum { COMMON = 3000 };

static int32_t found[THREADS][COMMON];

static void *
ask(void *number)
{
    intptr_t me = (intptr_t)number;
    for (int i = 0; i < COMMON; i++) {
        int which = (int)((i * 7 + me * 100) % COMMON);
        char text[32];
        size_t size = (size_t)snprintf(text, sizeof text, "name-%d", which);
        found[me][which] = names_index(text, size, true);
        size_t back_size;
        const char *back = names_text(found[me][which], &back_size);
        CHECK(back_size == size && memcmp(back, text, size + 1) == 0);
        if (which % 10 == 0) {
            names_mark_value(found[me][which]);
        }
        (void)names_is_value(found[me][(which + 1) % COMMON]);
        (void)names_value_epoch();
    }
    return NULL;
}

int
main(void)
{
    threads_run(ask, THREADS);
    for (int i = 0; i < COMMON; i++) {
        for (int thread = 1; thread < THREADS; thread++) {
            CHECK(found[thread][i] == found[0][i]);
        }
        CHECK(names_is_value(found[0][i]) == (i % 10 == 0));
    }
    CHECK(names_value_epoch() > 0);
    CHECK(names_index("a\0b", 3, true) != names_index("a\0c", 3, true));
    CHECK(names_index("", 0, true) == names_index("", 0, true));
    int made = 0;
    for (int i = 0; i < 2 * NAMES_MAX; i++) {
        char text[32];
        size_t size = (size_t)snprintf(text, sizeof text, "more-%d", i);
        made += names_index(text, size, true) != NAME_NONE;
    }
    CHECK(made > NAMES_MAX / 2 && made < NAMES_MAX);
    CHECK(names_index("name-5", 6, true) == found[0][5]);
    return 0;
}
