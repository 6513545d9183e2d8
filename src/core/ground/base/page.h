// The size of a page of memory.
#ifndef ATOLL_GROUND_PAGE_H
#define ATOLL_GROUND_PAGE_H

#include <stddef.h>
#include <unistd.h>

static inline size_t
page_size(void)
{
    return (size_t)sysconf(_SC_PAGESIZE);
}

#endif
