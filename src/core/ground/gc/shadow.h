// shadow: a 32-bit word for each of many addresses, found without hashing each of them.
//
// Purpose. A walk over all objects of an interpreter keeps a count and some marks for each. Memory
// is divided into regions; each region in use has an array with a word for every 16 bytes, zero at
// first.
//
// Threads. Not locked. Errors. shadow_put returns NULL when out of memory.
#ifndef ATOLL_GROUND_SHADOW_H
#define ATOLL_GROUND_SHADOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ground/base/attributes.h"

#define SHADOW_REGION_BITS 20 // as large as an arena of pymalloc
#define SHADOW_GRAIN_BITS  4  // no two objects begin within 16 bytes

typedef struct {
    uintptr_t key;   // 1 + number of the region; 0: free
    uint32_t *words; // owned
} shadow_region;

typedef struct {
    shadow_region *regions; // owned; open addressing
    size_t mask, count;
    shadow_region recent;
} shadow;

MUST_CHECK bool shadow_init(shadow *self); // false: out of memory
void shadow_free(shadow *self);
uint32_t *shadow_put(shadow *self, const void *address); // its word; NULL: out of memory

static inline size_t
shadow_home(const shadow *self, uintptr_t key)
{
    return (size_t)((uint64_t)key * UINT64_C(0x9E3779B97F4A7C15) >> 32) & self->mask;
}

// The word of an address, or NULL if nothing near it was ever put.
static inline uint32_t *
shadow_find(shadow *self, const void *address)
{
    uintptr_t bits = (uintptr_t)address, key = (bits >> SHADOW_REGION_BITS) + 1;
    if (UNLIKELY(key != self->recent.key)) {
        size_t i = shadow_home(self, key);
        while (self->regions[i].key != key) {
            if (self->regions[i].key == 0) {
                return NULL;
            }
            i = (i + 1) & self->mask;
        }
        self->recent = self->regions[i];
    }
    uintptr_t offset = bits & (((uintptr_t)1 << SHADOW_REGION_BITS) - 1);
    return &self->recent.words[offset >> SHADOW_GRAIN_BITS];
}

#endif
