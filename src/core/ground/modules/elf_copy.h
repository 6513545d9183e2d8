// elf_copy: a shared object loaded once more, so that all its variables exist once more.
//
// Purpose. glibc loads a file once, however often it is asked for, and takes libraries with the
// same SONAME for one library. So the copy is another file, without a name, that ends with the
// process. In it the names of private libraries are replaced by others of the same length, symbols
// that would exist once in the process (STB_GNU_UNIQUE) become ordinary ones, and its constructors
// are hidden from the loader (ground/modules/constructors). Once it is loaded, pages equal to the
// original's are mapped from the original, and the copy's are given back. The loader is told the
// original's path, so that dladdr, dl_iterate_phdr and debuggers say where the code comes from, in
// a spelling of its own ("/usr//lib/./one.so"): a request for the original must not find the copy.
//
// Lifetime. From elf_copy_make until elf_copy_load or elf_copy_drop; paths and statistics remain
// until elf_copy_forget. No other copy gets `path` before that.
//
// Threads. Any; one copy in one thread at a time. One lock for the paths of all copies, a leaf.
//
// Errors. elf_copy_make and elf_copy_patch: errno. elf_copy_load returns NULL with the reason in
// `failure`.
#ifndef ATOLL_GROUND_ELF_COPY_H
#define ATOLL_GROUND_ELF_COPY_H

#include <stddef.h>

#include "ground/modules/elf.h"

#define COPY_PATH_SIZE 96

typedef struct elf_copy {
    int descriptor;
    char path[COPY_PATH_SIZE]; // for dlopen; set by elf_copy_make
    const char *original;      // its path: the file's, which must remain
    char *shown;               // owned: its path as only this copy spells it
    char *other_name;          // owned: for the loader; once it is loaded, the name that it had
    struct elf_copy *next;     // of those whose paths are in use; under the lock
    size_t copied, shared;     // bytes
    size_t *patched; // owned: offsets in the file of the first and last byte of each patch
    size_t patch_count;
} elf_copy;

// A name in the file and its replacement, which is not longer.
typedef struct {
    elf_name name;
    const char *by;
} elf_copy_renaming;

// elf_copy_new_name needs names of this length at least.
#define COPY_SHORTEST_NAME 9

// Write into `fresh` a unique name of the same length.
void elf_copy_new_name(const char *name, char *fresh);

// If possible, its path is no longer than `name` (may be NULL), so that it can replace that in a
// file.
bool elf_copy_make(elf_copy *self, const elf_file *file, const char *name);
bool elf_copy_patch(elf_copy *self, const elf_file *file, const elf_copy_renaming *renamings,
                    size_t count);
void *elf_copy_load(elf_copy *self, const elf_file *file, int flags, char *failure,
                    size_t failure_size);
void elf_copy_drop(elf_copy *self); // not loaded
bool elf_copy_is_loaded(const elf_copy *self);
void elf_copy_forget(elf_copy *self); // not loaded any more; last

void elf_copy_lock(void);
void elf_copy_unlock(void);

// A loaded copy is not used for now: release pages that can be read again from the file.
void elf_copy_rest(const elf_copy *self);

// The path of the original whose copy the loader names so; valid as long as that copy is there.
// NULL: it is no copy.
const char *elf_copy_original(const char *shown);

#endif
