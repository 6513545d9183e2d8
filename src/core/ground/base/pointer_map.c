#include "ground/base/pointer_map.h"

#include <stdlib.h>

static void
put(pointer_map *self, const void *key, void *value)
{
    size_t i = pointer_map_home(self, key);
    while (self->pairs[i].key != NULL && self->pairs[i].key != key) {
        i = (i + 1) & self->mask;
    }
    self->count += self->pairs[i].key == NULL;
    self->pairs[i] = (pointer_pair){key, value};
}

static bool
resize(pointer_map *self, size_t capacity)
{
    pointer_map larger = {calloc(capacity, sizeof(pointer_pair)), capacity - 1, 0};
    if (larger.pairs == NULL) {
        return false;
    }
    size_t position = 0;
    pointer_pair pair;
    while (pointer_map_next(self, &position, &pair)) {
        put(&larger, pair.key, pair.value);
    }
    free(self->pairs);
    *self = larger;
    return true;
}

bool
pointer_map_set(pointer_map *self, const void *key, void *value)
{
    size_t capacity = self->pairs == NULL ? 0 : self->mask + 1;
    if (3 * (self->count + 1) > 2 * capacity && !resize(self, capacity == 0 ? 16 : 2 * capacity)) {
        return false;
    }
    put(self, key, value);
    return true;
}

static bool
find(const pointer_map *self, const void *key, size_t *place)
{
    if (self->pairs == NULL || key == NULL) {
        return false;
    }
    size_t i = pointer_map_home(self, key);
    while (self->pairs[i].key != NULL && self->pairs[i].key != key) {
        i = (i + 1) & self->mask;
    }
    *place = i;
    return self->pairs[i].key != NULL;
}

// Pairs behind the gap move up when their home lies at or before it [Knuth 6.4, algorithm R].
static void
close_gap(pointer_map *self, size_t gap)
{
    for (size_t i = (gap + 1) & self->mask; self->pairs[i].key != NULL; i = (i + 1) & self->mask) {
        size_t home = pointer_map_home(self, self->pairs[i].key);
        if (((i - home) & self->mask) >= ((i - gap) & self->mask)) {
            self->pairs[gap] = self->pairs[i];
            gap = i;
        }
    }
    self->pairs[gap].key = NULL;
    self->count--;
}

void
pointer_map_remove(pointer_map *self, const void *key)
{
    size_t place;
    if (find(self, key, &place)) {
        close_gap(self, place);
    }
}

void
pointer_map_remove_pair(pointer_map *self, const void *key, const void *value)
{
    size_t place;
    if (find(self, key, &place) && self->pairs[place].value == value) {
        close_gap(self, place);
    }
}

void
pointer_map_free(pointer_map *self)
{
    free(self->pairs);
    *self = (pointer_map){0};
}

bool
pointer_map_next(const pointer_map *self, size_t *position, pointer_pair *pair)
{
    while (self->pairs != NULL && *position <= self->mask) {
        *pair = self->pairs[(*position)++];
        if (pair->key != NULL) {
            return true;
        }
    }
    return false;
}
