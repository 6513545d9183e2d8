// library: the shared objects of which one interpreter has private copies, with all that they need.
//
// Purpose. A copy is deep: needed libraries that lie in the same tree (a folder such as
// site-packages) are copied too, and the copies need each other. Libraries of the system, and those
// that only compute or belong to a compiler, stay shared. Threads that copies start, and
// thread-specific keys that they make, are counted: they would outlast the copies.
//
// A copy is a nameless file with a new SONAME. The names of what it needs are replaced by those of
// other copies. Relocations to functions that would answer for the main interpreter lead to
// trampolines instead, which add this interpreter as an argument. Variables that the loader would
// make one for the process are one for all copies (unique). Pages equal to the original's are
// mapped from the original. A copy that looks for files and libraries beside itself finds those of
// the original (origin).
//
// Lifetime. Ended with the interpreter. If one cannot be unloaded (a thread of it is running, say)
// all stay in memory, with their records: they may call each other.
//
// Threads. Any. The mutex is held while a library's constructors run, and they may wait for a GIL.
// So a thread that holds a GIL takes the mutex by libraries_try_lock, or releases the GIL first.
//
// Errors. libraries_load_locked returns NULL with the reason in `failure`, as dlerror would say it.
#ifndef ATOLL_GROUND_LIBRARY_H
#define ATOLL_GROUND_LIBRARY_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ground/modules/interposition.h"

typedef struct libraries libraries;

// `table` and `context`: functions to be replaced in the copies, besides those that library.c
// replaces.
libraries *libraries_new(const interposition *table, size_t count,
                         void *context); // NULL: out of memory

bool libraries_try_lock(libraries *self);
void libraries_lock(libraries *self);
void libraries_unlock(libraries *self);

// The handle of this interpreter's copy of `path`, made at the first call; borrowed. `tree` ends
// with a slash.
void *libraries_load_locked(libraries *self, const char *path, const char *tree, char *failure,
                            size_t failure_size);

typedef struct {
    int copies, threads;
    size_t copied,
        shared;          // bytes written; of those, how many are mapped from originals again
    int64_t nanoseconds; // spent in loading
} library_totals;

library_totals libraries_count(libraries *self);

// Call after the interpreter has ended, with no thread state attached. True: all is unloaded, and
// `self` freed. False: something stays, and the call can be repeated.
bool libraries_end(libraries *self);

// A key for thread-specific data, without a destructor; deleted when the copies are unloaded.
// Returns what pthread_key_create returns.
int libraries_create_key(libraries *self, pthread_key_t *key);
void libraries_delete_key(libraries *self, pthread_key_t key);

// If one of the copies has this code, all are held for good: they will be called.
void libraries_hold_for(libraries *self, const void *code, const char *reason);

// Tell why libraries_end has returned false: which library stays for which reason. Nothing is told
// if the reason has gone meanwhile. At most so many threads are named.
#define LIBRARIES_NAMED_THREADS 64

typedef void libraries_listener(const char *path, const char *reason, void *argument);
void libraries_explain(libraries *self, libraries_listener *tell, void *argument);

#endif
