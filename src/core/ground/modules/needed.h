// needed: finds the libraries that a shared object needs [ld.so(8)].
//
// Threads. Any.
#ifndef ATOLL_GROUND_NEEDED_H
#define ATOLL_GROUND_NEEDED_H

#include <limits.h>
#include <stdbool.h>

#include "ground/modules/elf.h"

// A file, and the one that needs it.
typedef struct needed_search {
    const elf_file *file;
    const struct needed_search *needed_by;
} needed_search;

// Searches RPATH and RUNPATH as the dynamic linker does, or the name's own $ORIGIN. False: not
// there; the system may have it.
// `path` has room for PATH_MAX.
bool needed_find(const needed_search *from, const char *name, char *path);

#endif
