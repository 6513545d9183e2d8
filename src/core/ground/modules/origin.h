// origin: private copies of libraries find what lies beside their originals.
//
// Purpose. A library that looks for files beside itself asks the loader for its own path, and would
// be told how the loader spells a copy's (elf_copy). Copies are told the path of the original. What
// they open is found where the original would find it; if it lies in a tree of which there are
// copies, it is a copy too. What they look up by name is replaced as what they are linked with.
//
// Threads. Any.
#ifndef ATOLL_GROUND_ORIGIN_H
#define ATOLL_GROUND_ORIGIN_H

#include "ground/modules/interposition.h"
#include "ground/modules/library.h"

extern const interposition origin_table[]; // the context is the set of libraries
extern const size_t origin_table_size;

// Opens the copy of a path, or of the name of a library that is loaded, once more: the caller may
// close it. NULL: it is not for copies, or there is none.
void *origin_open_locked(libraries *self, const char *path, int flags);

// The path of the library that has this code, of the original if it is a copy; valid as long as the
// library is there. "": none has it.
const char *origin_of(const void *code);

#endif
