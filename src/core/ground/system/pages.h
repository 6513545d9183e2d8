// pages: ranges of memory, and hints about them.
//
// Errors. Hints have none: what the system does not know it leaves out.
#ifndef ATOLL_GROUND_PAGES_H
#define ATOLL_GROUND_PAGES_H

#include <stddef.h>
#include <sys/mman.h>

// Addresses that nothing else gets, without memory: that is counted when mprotect() makes it
// writable. NULL: refused.
static inline void *
pages_reserve(size_t size)
{
    void *start = mmap(NULL, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return start == MAP_FAILED ? NULL : start;
}

// Zeros, which take no memory until they are written to. NULL: refused.
static inline void *
pages_map(size_t size)
{
    void *start = mmap(NULL, size, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return start == MAP_FAILED ? NULL : start;
}

// All of it will be written to soon: one call for many faults.
static inline void
pages_will_be_written(void *start, size_t size)
{
#if defined(MADV_POPULATE_WRITE) // Linux 5.14
    (void)madvise(start, size, MADV_POPULATE_WRITE);
#else
    (void)start, (void)size;
#endif
}

static inline void
pages_are_very_large(void *start, size_t size)
{
    (void)madvise(start, size, MADV_HUGEPAGE);
}

// They become zeros again, and take no memory.
static inline void
pages_forget(void *start, size_t size)
{
    (void)madvise(start, size, MADV_DONTNEED);
}

// Of a mapped file, and unchanged: they are read again when they are needed.
static inline void
pages_can_be_dropped(void *start, size_t size)
{
    (void)madvise(start, size, MADV_DONTNEED);
}

#endif
