// unique: variables that exist once among all copies of a set, although several libraries have
// them.
//
// Purpose. A static variable of an inline function or of a template is in each library that uses
// it. Compilers mark it (STB_GNU_UNIQUE), and the loader takes the first for all of the process. In
// copies it is an ordinary symbol (elf_copy), so that each set has its own; here all copies of a
// set are led to the first one that was loaded, or to that of C++'s run-time, which is not copied.
//
// Lifetime. Until unique_free; a library that is unloaded before is forgotten first.
//
// Threads. Under the lock of the set.
//
// Errors. unique_join: errno.
#ifndef ATOLL_GROUND_UNIQUE_H
#define ATOLL_GROUND_UNIQUE_H

#include "ground/base/pointer_map.h"
#include "ground/modules/elf.h"

typedef struct {
    pointer_map by_hash; // of the name -> a list of unique_symbol
} unique_symbols;

// `library` is the handle of a copy whose constructors have not run, `file` what was copied.
bool unique_join(unique_symbols *self, void *library, const elf_file *file);
void unique_forget(unique_symbols *self, const void *library);
void unique_free(unique_symbols *self);

#endif
