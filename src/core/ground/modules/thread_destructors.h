// thread_destructors: destructors of thread-local variables of private copies of libraries.
//
// Purpose. The C++ and Rust run-times register a destructor for each such variable of each thread,
// and the system keeps the library loaded until that thread ends; main's ends last. Here they are
// noted, and run when the thread ends, the latest first. When the copies end before, the closing
// thread runs its own. Those of other threads are dropped: only they could run them, and what
// memory the variables own is not worth a library.
//
// Threads. Any. No lock is held while a destructor runs.
#ifndef ATOLL_GROUND_THREAD_DESTRUCTORS_H
#define ATOLL_GROUND_THREAD_DESTRUCTORS_H

#include "ground/modules/unload_guard.h"

extern const interposition thread_destructors_table[]; // the context is the guard
extern const size_t thread_destructors_table_size;

// Runs those of this thread and drops all others. False: the guard is not idle, and nothing was
// done.
bool thread_destructors_end(unload_guard *of);

// Drops all of other threads: they are not there, and new ones may get their addresses.
void thread_destructors_fork_child_locked(void); // under the guards' lock

#endif
