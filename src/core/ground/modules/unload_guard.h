// unload_guard: knows what would call into private copies of libraries after they are unloaded.
//
// Purpose. A library must stay in memory while a thread runs in it, and while the system may call
// back into it. So the threads that it starts are listed, with std::thread's, and its keys for
// thread-specific data. What it wants to be called at the end (of the process, of a thread) is
// listed here as well (exit_handlers, thread_destructors), instead of with the system. What cannot
// be taken back, as a handler of signals, holds the libraries for good.
//
// Lifetime. That of the set of libraries.
//
// Threads. Any. One lock for all guards, a leaf.
#ifndef ATOLL_GROUND_UNLOAD_GUARD_H
#define ATOLL_GROUND_UNLOAD_GUARD_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "ground/modules/interposition.h"

typedef struct started_thread started_thread;
typedef struct unload_guard_key unload_guard_key;

// What holds the libraries for good.
typedef struct unload_guard_hold {
    struct unload_guard_hold *next;
    const void *code; // who is called
    char reason[64];
} unload_guard_hold;

// All fields: under the lock.
typedef struct {
    started_thread *threads; // that have not ended
    unload_guard_key *keys;
    struct exit_handler *exit_handlers; // the latest first
    int ending;               // threads that end, and run a destructor of the copies right now
    unload_guard_hold *holds; // without those for which there was no memory
    bool is_held;
} unload_guard;

extern const interposition unload_guard_table[]; // the context is the guard
extern const size_t unload_guard_table_size;

void unload_guard_init(unload_guard *self);
int unload_guard_count_threads(unload_guard *self);
void unload_guard_end(unload_guard *self); // it is idle; deletes the keys

// No thread runs in the libraries, and nothing holds them.
bool unload_guard_is_idle_locked(const unload_guard *self);

void unload_guard_hold_for(unload_guard *self, const void *code, const char *reason);
bool unload_guard_is_held(unload_guard *self);

// As pthread_key_create and pthread_key_delete, for a library.
int unload_guard_create_key(pthread_key_t *number, void (*destructor)(void *), unload_guard *self);
int unload_guard_delete_key(pthread_key_t number, unload_guard *self);

typedef struct {
    pid_t id;         // the kernel's; 0: it has not begun
    const void *code; // what it runs
} unload_guard_thread;

// Returns how many were written.
int unload_guard_list(unload_guard *self, unload_guard_thread *threads, int room);

void unload_guard_lock(void);
void unload_guard_unlock(void);

#endif
