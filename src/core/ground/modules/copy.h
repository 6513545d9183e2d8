// copy: a shared object loaded once more, so that all it keeps in memory exists once more.
//
// Purpose. glibc loads a file once, however often it is asked for, and takes libraries of one name
// (SONAME) for the same. So the copy is another file, one without a name that is gone with the
// process, in which the names of private libraries are replaced by others of the same length, and
// symbols that would exist once in the process (STB_GNU_UNIQUE) become ordinary ones. Once it is
// loaded, pages that are alike are mapped from the original again, and their memory is given back.
//
// Lifetime. From copy_make until copy_load or copy_drop; path and statistics remain.
//
// Threads. Any; one at a time for one copy.
//
// Errors. copy_make and copy_patch: errno. copy_load returns NULL with the reason in `failure`.
#ifndef ATOLL_GROUND_COPY_H
#define ATOLL_GROUND_COPY_H

#include <stddef.h>

#include "ground/modules/elf.h"

#define COPY_PATH_SIZE 96

typedef struct {
    int descriptor;
    char path[COPY_PATH_SIZE]; // that dlopen opens it by, once it is made
    size_t copied, shared;     // bytes
    size_t *patched;           // owned: offsets in the file, the ends of what was written over
    size_t patch_count;
} copy;

// What is written over a name in the file; not longer than that.
typedef struct {
    elf_name name;
    const char *by;
} copy_renaming;

// The shortest name that can be made unlike all others.
#define COPY_SHORTEST_NAME 9

// Write a name that is as long and that nobody else has.
void copy_new_name(const char *name, char *fresh);

// If possible its path is so short that it fits in the place of that name, which may be NULL.
bool copy_make(copy *self, const elf_file *file, const char *name);
bool copy_patch(copy *self, const elf_file *file, const copy_renaming *renamings, size_t count);
void *copy_load(copy *self, const elf_file *file, int flags, char *failure, size_t failure_size);
void copy_drop(copy *self); // not loaded
bool copy_is_loaded(const char *path);

// A loaded copy is not used for now: pages that are as in a file are let go until they are read.
void copy_rest(const char *path);

#endif
