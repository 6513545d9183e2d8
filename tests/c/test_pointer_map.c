// pointer_map: against a plain array, with keys that collide, removals in the middle of runs, and growth.
#include "check.h"
#include "ground/base/pointer_map.h"

enum { KEYS = 3000 };

static char keys[KEYS * 16];

static void
test_like_an_array(uint32_t seed, int stride)
{
    pointer_map map = {0};
    void *expected[KEYS] = {0};
    size_t count = 0;
    for (int step = 0; step < 60000; step++) {
        int i = (int)(next_random(&seed) % KEYS);
        const void *key = keys + (size_t)i % (size_t)(KEYS * 16 / stride) * (size_t)stride;
        i = (int)((const char *)key - keys) / stride;
        if (next_random(&seed) % 3 != 0) {
            void *value = &keys[next_random(&seed) % KEYS];
            CHECK(pointer_map_set(&map, key, value));
            count += expected[i] == NULL;
            expected[i] = value;
        }
        else {
            pointer_map_remove(&map, key);
            count -= expected[i] != NULL;
            expected[i] = NULL;
        }
        CHECK(map.count == count);
        CHECK(pointer_map_get(&map, key) == expected[i]);
    }
    size_t seen = 0, position = 0;
    pointer_pair pair;
    while (pointer_map_next(&map, &position, &pair)) {
        CHECK(pair.value == expected[((const char *)pair.key - keys) / stride]);
        seen++;
    }
    CHECK(seen == count);
    pointer_map_free(&map);
    CHECK(pointer_map_get(&map, keys) == NULL && map.count == 0);
}

static void
test_empty(void)
{
    pointer_map map = {0};
    size_t position = 0;
    pointer_pair pair;
    CHECK(pointer_map_get(&map, keys) == NULL);
    pointer_map_remove(&map, keys);
    CHECK(!pointer_map_next(&map, &position, &pair));
    CHECK(pointer_map_set(&map, keys, keys));
    pointer_map_remove(&map, keys + 1);
    pointer_map_remove(&map, keys);
    pointer_map_remove(&map, keys);
    pointer_map_remove(&map, NULL); // of an empty place
    CHECK(pointer_map_set(&map, keys, keys));
    pointer_map_remove_pair(&map, keys, keys + 1); // it has another value
    pointer_map_remove_pair(&map, keys + 1, keys); // it is not there
    CHECK(map.count == 1 && pointer_map_get(&map, keys) == keys);
    pointer_map_remove_pair(&map, keys, keys);
    pointer_map_remove_pair(&map, keys, keys);
    CHECK(map.count == 0 && pointer_map_get(&map, keys) == NULL);
    pointer_map_free(&map);
}

int
main(void)
{
    test_empty();
    for (uint32_t seed = 1; seed < 6; seed++) {
        test_like_an_array(seed, 1);
        test_like_an_array(seed * 7, 8);
        test_like_an_array(seed * 77, 16);
    }
    return 0;
}
