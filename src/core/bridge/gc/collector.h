// collector: the thread that runs collections, one at a time: when asked to, and by itself as
// exports grow.
//
// Purpose. It is attached to no interpreter, so that it never waits for a GIL, and nobody waits for
// it who holds one.
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
// Caches of classes and the latest method of a Proxy are no reason to live.
//
// Lifetime. Started when first needed, stopped before Python finalises; a forked child starts its
// own.
//
// Cost. By itself it runs only where, since the last time, one interpreter's exports have grown by
// the threshold and by a quarter; and not before 40 times as much time has passed as the last
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

// Attached to home->interp, whose GIL is let go meanwhile; collects, and returns how many exports
// were freed. 0 at once in a thread of a collection itself. -1: exception: memory or
// threads are short, a signal handler has raised.
MUST_CHECK Py_ssize_t collector_collect(core_state *home);

void collector_enable(bool is_enabled);
bool collector_is_enabled(void);
void collector_set_threshold(size_t threshold); // 0: never by itself
size_t collector_get_threshold(void);
void collector_count(collector_totals *totals);

// Under the GIL of state->interp: it has more exports than the last time; it has been looked at.
void collector_note_growth(core_state *state);
void collector_note_survivors(core_state *state);

// Detached. They wait for the end of what is under way, though not for ever: a finalizer may hang.
void collector_stop(void);   // for good
void collector_rest(void);   // before a fork
void collector_resume(void); // and after it, if somebody is waiting

void collector_fork_child(void);

#endif
