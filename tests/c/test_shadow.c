// shadow: words start at 0, keep what is written, and are found for addresses far and near.
#include <string.h>

#include "check.h"
#include "ground/gc/shadow.h"

#define ADDRESSES 3000

static uintptr_t addresses[ADDRESSES];

static const void *
pointer(uintptr_t bits)
{
    return (const void *)bits;
}

int
main(void)
{
    shadow words;
    CHECK(shadow_init(&words));
    CHECK(shadow_find(&words, &words) == NULL);

    uint32_t random = 12345;
    for (int i = 0; i < ADDRESSES; i++) {
        // Many regions, some of them shared; never twice the same grain.
        uintptr_t region = next_random(&random) % 500;
        addresses[i] = (region << 30) + ((uintptr_t)i << SHADOW_GRAIN_BITS);
        uint32_t *word = shadow_put(&words, pointer(addresses[i]));
        CHECK(word != NULL && *word == 0);
        *word = (uint32_t)i + 1;
    }
    for (int i = 0; i < ADDRESSES; i++) {
        uint32_t *word = shadow_find(&words, pointer(addresses[i]));
        CHECK(word != NULL && *word == (uint32_t)i + 1);
        CHECK(shadow_put(&words, pointer(addresses[i])) == word);
    }
    CHECK(shadow_find(&words, pointer((uintptr_t)501 << 30)) == NULL);
    // The ends of a region.
    uintptr_t size = (uintptr_t)1 << SHADOW_REGION_BITS, far = (uintptr_t)600 << 30;
    *shadow_put(&words, pointer(far)) = 1;
    *shadow_put(&words, pointer(far + size - 1)) = 2;
    CHECK(*shadow_find(&words, pointer(far)) == 1);
    CHECK(*shadow_find(&words, pointer(far + size - 16)) == 2);
    CHECK(shadow_find(&words, pointer(far + size)) == NULL);
    shadow_free(&words);
    return 0;
}
