// process: what is done once per process, and at a fork.
//
// Purpose. In a forked child only the main interpreter and the forking thread live on. All records
// of others are forgotten there, before CPython reads its own.
//
// A fork takes all locks of ours, in their order, so that the child finds all data consistent. No
// lock of ours is held where CPython takes one of its own. From 3.14 on the child also forgets
// main's other thread states. A lock keeps forks and the loading of shared objects apart
// (loading.h).
//
// A child that was forked in another thread than main's ends with its last thread, as CPython has
// it: nobody calls the exit handlers. Threads of ours do not keep it.
//
// Lock order: loading, server, reporter, alarm, threads, registry, `interp.mutex`; registry of
// queues, `queue`, `waker`. All others are leaves. No Python runs under any of them.
//
// Threads. process_init: any, attached. The rest runs in fork handlers.
#ifndef ATOLL_BRIDGE_PROCESS_H
#define ATOLL_BRIDGE_PROCESS_H

void process_init(void); // does nothing the second time

#endif
