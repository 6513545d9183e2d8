// hash: FNV-1a of bytes, for tables. Not for keys that an enemy chooses.
#ifndef ATOLL_GROUND_HASH_H
#define ATOLL_GROUND_HASH_H

#include <stddef.h>
#include <stdint.h>

#define HASH_BEGIN UINT32_C(2166136261)

static inline uint32_t
hash_add(uint32_t hash, const char *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        hash = (hash ^ (unsigned char)bytes[i]) * UINT32_C(16777619);
    }
    return hash;
}

#endif
