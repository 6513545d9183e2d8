#include "ground/gc/shadow.h"

#include <stdlib.h>

#define FIRST_CAPACITY 64
#define REGION_WORDS   ((size_t)1 << (SHADOW_REGION_BITS - SHADOW_GRAIN_BITS))

bool
shadow_init(shadow *self)
{
    *self = (shadow){.regions = calloc(FIRST_CAPACITY, sizeof *self->regions),
                     .mask = FIRST_CAPACITY - 1};
    return self->regions != NULL;
}

void
shadow_free(shadow *self)
{
    for (size_t i = 0; self->regions != NULL && i <= self->mask; i++) {
        free(self->regions[i].words);
    }
    free(self->regions);
    *self = (shadow){0};
}

static void
insert(shadow *self, shadow_region region)
{
    size_t i = shadow_home(self, region.key);
    while (self->regions[i].key != 0) {
        i = (i + 1) & self->mask;
    }
    self->regions[i] = region;
}

static bool
grow(shadow *self)
{
    size_t capacity = 2 * (self->mask + 1);
    shadow larger = {calloc(capacity, sizeof *larger.regions), capacity - 1, self->count,
                     self->recent};
    if (larger.regions == NULL) {
        return false;
    }
    for (size_t i = 0; i <= self->mask; i++) {
        if (self->regions[i].key != 0) {
            insert(&larger, self->regions[i]);
        }
    }
    free(self->regions);
    *self = larger;
    return true;
}

uint32_t *
shadow_put(shadow *self, const void *address)
{
    uint32_t *known = shadow_find(self, address);
    if (LIKELY(known != NULL)) {
        return known;
    }
    if (2 * self->count > self->mask && !grow(self)) {
        return NULL;
    }
    // calloc takes memory of this size from the system, which supplies each page when it is first
    // written.
    shadow_region region = {((uintptr_t)address >> SHADOW_REGION_BITS) + 1,
                            calloc(REGION_WORDS, sizeof(uint32_t))};
    if (region.words == NULL) {
        return NULL;
    }
    insert(self, region);
    self->count++;
    return shadow_find(self, address);
}
