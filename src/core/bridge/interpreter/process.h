// process: what is done once per process, and when it divides by fork.
//
// Purpose. Only the main interpreter and the forking thread live on in a child; everything that the
// process knows of others is forgotten there, before CPython looks at it.
//
// A fork takes all locks of ours, in their order, so that the child finds everything whole. No lock
// of ours is held where CPython takes one of its own. From 3.14 on the child also forgets main's
// other thread states. glibc's loader is not whole in a child forked while another thread loads;
// one GIL rules that out, many do not: so shared objects are loaded between forks.
//
// A child that was forked in another thread than main's ends with its last thread, as CPython has
// it: nobody calls the exit handlers. Threads of ours do not keep it.
//
// Lock order: loading, reporter, alarm, threads, registry, `interp.mutex`; registry of queues,
// `queue`, `waker`. All others are leaves. No Python runs under any of them.
//
// Threads. process_init: any, attached. The rest runs in fork handlers.
#ifndef ATOLL_BRIDGE_PROCESS_H
#define ATOLL_BRIDGE_PROCESS_H

void process_init(void); // does nothing the second time

#endif
