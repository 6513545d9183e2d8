// allocation_tracing: tracemalloc, in a process with several interpreters.
//
// Purpose. tracemalloc has one table for the process, under main's GIL. It keeps names of files
// that belong to whoever allocated, also when that interpreter is gone: a crash. So it traces the
// main interpreter only: others allocate past it, and free with it, as a raw block may be main's.
// Allocators are replaced while there is nothing but main, which no other GIL keeps from it: it
// cannot be started later.
//
// Lifetime. Until tracemalloc stops, which puts the allocators back that it had found.
//
// Threads. Attached to main; _is_safe: any.
#ifndef ATOLL_BRIDGE_ALLOCATION_TRACING_H
#define ATOLL_BRIDGE_ALLOCATION_TRACING_H

#include <stdbool.h>

void allocation_tracing_install(void); // once, before there are other interpreters

// Can interpreters be made? Not if something else has been put over tracemalloc's allocators.
bool allocation_tracing_is_safe(void);

void allocation_tracing_fork_prepare(void);
void allocation_tracing_fork_parent(void);
void allocation_tracing_fork_child(void);

#endif
