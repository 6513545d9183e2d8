// collector: the thread that runs collections, one at a time: on request, and by itself when
// exports have grown.
//
// Purpose. It is attached to no interpreter: it never waits for a GIL, and no thread that holds one
// waits for it.
//
// 1. A deputy (a thread) enters each interpreter, between two bytecodes, also where nobody else is
//    preempted. One that is kept out, by a long call in C, is left behind. Deputies look whose
//    Proxies there are; interpreters in no circle of holders and owners have nothing to do with it.
// 2. Each other interpreter is summarised under its own GIL, as CPython's collector would find
//    garbage, but in words beside the objects (`shadow`). Exports that live only by the table of
//    exports are suspects; the `graph` is what they reach.
// 3. Without any GIL the graphs are put together. A suspect lives if it has references other than
//    the Proxies in the graphs (on their way, in a queue), or if something that lives reaches it.
// 4. What is left is counted once more, from the suspects' own objects on, with a deputy in each of
//    their interpreters and all of these standing still. This alone decides: summaries are out of
//    date. A deputy that does not come within 10 ms has the others let go, so nobody waits longer
//    with a GIL held.
// 5. If any suspect has a finalizer, all are held, the stop ends, finalizers run while everything
//    works, and step 4 is repeated. Then weak references are cleared, the exports are severed from
//    their objects, and the stop ends; each deputy drops what was its interpreter's.
//
// An object that only the table of exports holds is freed by dropping that reference; nothing else
// is taken apart. So a mistake could cut a Proxy off from its object, not leave a dangling pointer.
// Caches of classes, and a Proxy's cache of its latest method, keep nothing alive.
//
// Lifetime. Started when first needed, stopped before Python finalises; a forked child starts its
// own.
//
// Cost. It runs by itself only if one interpreter's exports have grown, since the last time, by the
// threshold and by a quarter; and not before 40 times as much time has passed as the last
// collection spent on what was not garbage.
//
// Threads. Any, except where said otherwise.
#ifndef ATOLL_BRIDGE_COLLECTOR_H
#define ATOLL_BRIDGE_COLLECTOR_H

#include <Python.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bridge/python/state.h"

typedef struct {
    size_t collections, automatic;
    size_t freed;
    size_t abandoned; // stops
    int64_t busy, longest, stopped;
} collector_totals;

// Collects, and returns how many exports were freed. Attached to home->interp, whose GIL is
// released meanwhile. In a deputy's thread it returns 0 at once. -1 with an exception: out of
// memory or threads, or a signal handler raised.
MUST_CHECK Py_ssize_t collector_collect(core_state *home);

void collector_enable(bool is_enabled);
bool collector_is_enabled(void);
void collector_set_threshold(size_t threshold); // 0: never by itself
size_t collector_get_threshold(void);
void collector_count(collector_totals *totals);

// Under the GIL of state->interp: it has more exports than growth_limit; a collection has visited
// it.
void collector_note_growth(core_state *state);
void collector_note_survivors(core_state *state);

// Detached. They wait for the running collection to end, but not for ever: a finalizer may hang.
void collector_stop(void);   // for good
void collector_rest(void);   // before a fork
void collector_resume(void); // after a fork: goes on if threads wait for a collection

void collector_fork_child(void);

#endif
