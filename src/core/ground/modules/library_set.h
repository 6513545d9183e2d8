// library_set: what library.c, library_end.c and origin.c know of a set of libraries; for them
// alone.
//
// Threads. A comment at each field names its guard.
#ifndef ATOLL_GROUND_LIBRARY_SET_H
#define ATOLL_GROUND_LIBRARY_SET_H

#include <pthread.h>
#include <stdatomic.h>

#include "ground/modules/elf_copy.h"
#include "ground/modules/library.h"
#include "ground/modules/unique.h"
#include "ground/modules/unload_guard.h"

#define LIBRARY_TRAMPOLINES 5 // one for each table of replaced functions

typedef struct library {
    struct library *next; // loaded before it
    uint64_t device, inode;
    void *handle;
    char *path;    // owned: of the original; NULL while it is loaded
    char *name;    // owned: the copy's SONAME, or NULL
    elf_copy copy; // its descriptor is open only while it is loaded
    bool is_copy;
    bool may_rest;     // its read-only pages are as in the file
    bool is_python;    // it, or a library that it needs, calls CPython
    const char *stays; // why it can never be unloaded, or NULL
    // Only while it is loaded:
    elf_file *file;          // owned
    struct library **needed; // owned: indexed as the file's names; NULL: the system's
} library;

// A folder whose libraries are copied too.
typedef struct root {
    struct root *next;
    char path[];
} root;

struct libraries {
    pthread_mutex_t mutex; // recursive: a constructor may load more
    library *newest;       // mutex
    _Atomic(root *) roots; // written under mutex; only ever grows
    library_totals totals; // mutex
    unique_symbols unique; // mutex
    unload_guard guard;
    trampolines *bound[LIBRARY_TRAMPOLINES]; // owned
    bool is_finalized, is_closed;            // steps of libraries_end, which one thread calls
};

void library_free(library *self);

// The copy of a file of that name, if it can be found by another name.
library *library_named_locked(const libraries *self, const char *name);

#endif
