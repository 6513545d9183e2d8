// tracing: finds which objects of a set are live in one interpreter, without changing anything
// there.
//
// Purpose. Works as CPython's collector: each object of the set begins with its count of
// references, and those from within the set are subtracted. An object with some left is held from
// outside, so it is live, and so is all that it reaches. The counts are kept in a shadow, beside
// the objects.
//
// Threads. Under the GIL of state->interp, from tracing_init to the last use. Runs no Python.
//
// Errors. has_failed: out of memory. Live objects may then look like garbage: do not use the
// result.
#ifndef ATOLL_BRIDGE_TRACING_H
#define ATOLL_BRIDGE_TRACING_H

#include <Python.h>
#include <stdbool.h>

#include "bridge/transfer/export.h"
#include "bridge/python/object_list.h"
#include "bridge/python/state.h"
#include "ground/gc/shadow.h"

// The bits of a word below its count. When the count is not needed any more an index may replace
// it.
enum {
    TRACING_MEMBER = 1, // in the set
    TRACING_LIVE = 2,
    TRACING_PASSED = 4,     // tracing_pass has passed it: to be followed when found to be live
    TRACING_CANDIDATE = 8,  // of a verification: may become a member
    TRACING_NODE = 8,       // of a summary: has a number
    TRACING_COUNTED = 16,   // a reference of the object at hand to it was counted
    TRACING_COUNT_SHIFT = 5 // 2**27 references or more: as immortal
};

typedef struct {
    core_state *state;
    shadow words;
    object_list work;   // live objects whose references were not followed yet
    uint32_t **counted; // words with TRACING_COUNTED
    size_t counted_count, counted_capacity;
    bool has_failed;
} tracing;

void tracing_init(tracing *self, core_state *state);
void tracing_free(tracing *self);

// Make it a member; `extra` of its references do not count.
void tracing_add(tracing *self, PyObject *object, unsigned bits, Py_ssize_t extra);

// Subtract one reference to a member; other objects are ignored.
static inline void
tracing_discount(tracing *self, PyObject *object)
{
    uint32_t *word = shadow_find(&self->words, object);
    if (word != NULL && (*word & TRACING_MEMBER) && *word >> TRACING_COUNT_SHIFT) {
        *word -= 1 << TRACING_COUNT_SHIFT;
    }
}

// Subtract the references to members that this object owns.
void tracing_subtract(tracing *self, PyObject *object);

// Call `visit` for all that it keeps alive.
void tracing_visit(tracing *self, PyObject *object, visitproc visit, void *argument);

// Call for each member in turn, after subtracting: if it is held from outside, or was found to be
// live, it is live, and so is what it refers to. Members passed before are left to tracing_follow.
void tracing_pass(tracing *self, PyObject *member);
void tracing_enliven(tracing *self, PyObject *object); // if it is a member
void tracing_follow(tracing *self);                    // what live members reach is live too

static inline bool
tracing_is_live(tracing *self, PyObject *member)
{
    return (*shadow_find(&self->words, member) & TRACING_LIVE) != 0;
}

// The export that a Proxy or a remote class holds; NULL: it is neither.
static inline exported *
tracing_target(tracing *self, PyObject *object)
{
    return self->state->references->target(object);
}

#endif
