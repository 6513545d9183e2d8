// process: what is done once per process, and when it divides by fork.
//
// Purpose. Only the main interpreter and the forking thread live on in a child; everything that the
// process knows of others is forgotten there, before CPython looks at it.
//
// Threads. process_init: any, attached. The rest runs in fork handlers.
#ifndef ATOLL_BRIDGE_PROCESS_H
#define ATOLL_BRIDGE_PROCESS_H

void process_init(void); // does nothing the second time

#endif
