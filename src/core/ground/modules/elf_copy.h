// copy: a shared object loaded once more, so that all it keeps in memory exists once more.
//
// Purpose. glibc loads a file once, however often it is asked for, and takes libraries of one name
// (SONAME) for the same. So the copy is another file, one without a name that is gone with the
// process, in which the names of private libraries are replaced by others of the same length, and
// symbols that would exist once in the process (STB_GNU_UNIQUE) become ordinary ones. Once it is
// loaded, pages that are alike are mapped from the original again, and their memory is given back.
//
// Lifetime. From elf_copy_make until elf_copy_load or elf_copy_drop; path and statistics remain.
//
// Threads. Any; one at a time for one copy.
//
// Errors. elf_copy_make and elf_copy_patch: errno. elf_copy_load returns NULL with the reason in
// `failure`.
#ifndef ATOLL_GROUND_ELF_COPY_H
#define ATOLL_GROUND_ELF_COPY_H

#include <stddef.h>

#include "ground/modules/elf.h"

#define COPY_PATH_SIZE 96

typedef struct {
    int descriptor;
    char path[COPY_PATH_SIZE]; // that dlopen opens it by, once it is made
    size_t copied, shared;     // bytes
    size_t *patched;           // owned: offsets in the file, the ends of what was written over
    size_t patch_count;
} elf_copy;

// What is written over a name in the file; not longer than that.
typedef struct {
    elf_name name;
    const char *by;
} elf_copy_renaming;

// The shortest name that can be made unlike all others.
#define COPY_SHORTEST_NAME 9

// Write a name that is as long and that nobody else has.
void elf_copy_new_name(const char *name, char *fresh);

// If possible its path is so short that it fits in the place of that name, which may be NULL.
bool elf_copy_make(elf_copy *self, const elf_file *file, const char *name);
bool elf_copy_patch(elf_copy *self, const elf_file *file, const elf_copy_renaming *renamings,
                    size_t count);
void *elf_copy_load(elf_copy *self, const elf_file *file, int flags, char *failure,
                    size_t failure_size);
void elf_copy_drop(elf_copy *self); // not loaded
bool elf_copy_is_loaded(const char *path);

// A loaded copy is not used for now: pages that are as in a file are let go until they are read.
void elf_copy_rest(const char *path);

#endif
