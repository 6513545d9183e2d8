// pointer_map: a hash table from addresses to addresses, open addressing, no tombstones.
//
// Threads. Not locked: the map's owner serialises its uses.
// Errors. pointer_map_set returns false when out of memory, and then has changed nothing.
#ifndef ATOLL_GROUND_POINTER_MAP_H
#define ATOLL_GROUND_POINTER_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ground/base/attributes.h"

typedef struct {
    const void *key; // NULL: free
    void *value;
} pointer_pair;

typedef struct {
    pointer_pair *pairs; // owned
    size_t mask;         // capacity - 1; 0 while empty
    size_t count;
} pointer_map;

static inline size_t
pointer_map_home(const pointer_map *self, const void *key)
{
    uint64_t bits = (uint64_t)(uintptr_t)key * UINT64_C(0x9E3779B97F4A7C15);
    return (size_t)(bits >> 32) & self->mask;
}

static inline void *
pointer_map_get(const pointer_map *self, const void *key)
{
    if (self->pairs == NULL) {
        return NULL;
    }
    size_t i = pointer_map_home(self, key);
    while (self->pairs[i].key != key) {
        if (self->pairs[i].key == NULL) {
            return NULL;
        }
        i = (i + 1) & self->mask;
    }
    return self->pairs[i].value;
}

MUST_CHECK bool pointer_map_set(pointer_map *self, const void *key, void *value);
void pointer_map_remove(pointer_map *self, const void *key);
// Does nothing if the key has another value by now.
void pointer_map_remove_pair(pointer_map *self, const void *key, const void *value);
void pointer_map_free(pointer_map *self);

// Walk: start with *position = 0; false at the end. The map must not change meanwhile.
bool pointer_map_next(const pointer_map *self, size_t *position, pointer_pair *pair);

#endif
