// event_loop: event loops that wait in an interpreter, and look up when they are called.
//
// Purpose. A pending call is made between two bytecodes; an event loop that waits for its sockets
// runs none. Whoever posts one rings these loops, which come back to Python for a moment.
//
// Lifetime. Part of whoever listens, who ends it. A forked child has no such loop of others.
//
// Threads. event_loop_begin and _end: under the interpreter's GIL. event_loop_ring_all: any; the
// interpreter is pinned or a visitor is inside.
#ifndef ATOLL_BRIDGE_EVENT_LOOP_H
#define ATOLL_BRIDGE_EVENT_LOOP_H

#include "ground/interpreter/interp.h"
#include "ground/queue/eventfd_waker.h"

typedef struct event_loop {
    interp *host;         // borrowed; NULL: it does not listen
    eventfd_waker *waker; // borrowed
    struct event_loop *next;
} event_loop;

void event_loop_begin(event_loop *self, interp *host, eventfd_waker *waker);
void event_loop_end(event_loop *self); // also if it does not listen
void event_loop_ring_all(interp *host);

#endif
