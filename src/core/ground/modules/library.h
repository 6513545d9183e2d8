// library: the shared objects that one interpreter has private copies of, with what they need.
//
// Purpose. A copy is deep: libraries that lie in the same tree (a folder such as site-packages) are
// copied too, and the copies need each other. Shared remain those of the system, and those that
// only compute or belong to a compiler. What the copies do that would outlast them is counted:
// threads and thread-specific keys.
//
// A copy is a nameless file with a new SONAME. The names of what it needs are replaced by those of
// other copies. Relocations that lead to functions which would answer for the main interpreter are
// led to trampolines instead, which add this interpreter as an argument. Pages that are as in the
// original are mapped from there.
//
// Lifetime. Ended with the interpreter. What cannot be unloaded (a thread of it is running, say)
// stays in memory, with its record.
//
// Threads. Any. Its mutex is held while a library's constructors run, which may wait for a GIL: who
// holds one takes it by libraries_try_lock, or lets the GIL go.
//
// Errors. libraries_load returns NULL with the reason in `failure`, as dlerror would say it.
#ifndef ATOLL_GROUND_LIBRARY_H
#define ATOLL_GROUND_LIBRARY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ground/modules/interposition.h"

typedef struct libraries libraries;

// `table` and `context`: what is replaced in the copies besides what this file replaces itself.
libraries *libraries_new(const interposition *table, size_t count, void *context); // NULL: memory

bool libraries_try_lock(libraries *self);
void libraries_lock(libraries *self);
void libraries_unlock(libraries *self);

// The handle of this interpreter's copy of `path`, made when first asked for; borrowed. `tree`
// ends with a slash.
void *libraries_load_locked(libraries *self, const char *path, const char *tree, char *failure,
                            size_t failure_size);

typedef struct {
    int copies, threads;
    size_t copied, shared; // bytes that were written, and of those how many were given back
    int64_t nanoseconds;   // that it took
} library_totals;

library_totals libraries_count(libraries *self);

// The interpreter has ended. Nothing is attached. True: all is unloaded, and `self` freed.
bool libraries_end(libraries *self);

#endif
