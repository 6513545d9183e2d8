// tracing: who refers to whom in one interpreter, without changing anything there.
//
// Purpose. As CPython's collector does: each object of a set begins with its count of references;
// those from within the set are taken away; what is left is held from outside, and with it all that
// it reaches. The counts are kept in a shadow, beside the objects.
//
// Threads. Under the GIL of state->interp, from tracing_init to the last use. Runs no Python.
//
// Errors. has_failed: no memory; then everything that was not yet found seems to be garbage, so
// that nothing of it may be used.
#ifndef ATOLL_BRIDGE_TRACING_H
#define ATOLL_BRIDGE_TRACING_H

#include <Python.h>
#include <stdbool.h>

#include "bridge/transfer/export.h"
#include "bridge/python/object_list.h"
#include "bridge/python/state.h"
#include "ground/gc/shadow.h"

// The bits of a word below its count; where the count is done with, an index may take its place.
enum {
    TRACING_MEMBER = 1, // in the set
    TRACING_LIVE = 2,
    TRACING_PASSED = 4,     // to be followed at once when found to be live
    TRACING_CANDIDATE = 8,  // of a verification: may become a member
    TRACING_NODE = 8,       // of a summary: has a number
    TRACING_COUNTED = 16,   // a reference of the object at hand to it was counted
    TRACING_COUNT_SHIFT = 5 // 2**27 references are as good as for ever
};

typedef struct {
    core_state *state;
    shadow words;
    object_list work;   // live ones whose references were not followed yet
    uint32_t **counted; // of the object at hand
    size_t counted_count, counted_capacity;
    bool has_failed;
} tracing;

void tracing_init(tracing *self, core_state *state);
void tracing_free(tracing *self);

// Make it a member; `extra` of its references are not to count.
void tracing_add(tracing *self, PyObject *object, unsigned bits, Py_ssize_t extra);

// One reference less to a member; other objects are ignored.
static inline void
tracing_discount(tracing *self, PyObject *object)
{
    uint32_t *word = shadow_find(&self->words, object);
    if (word != NULL && (*word & TRACING_MEMBER) && *word >> TRACING_COUNT_SHIFT) {
        *word -= 1 << TRACING_COUNT_SHIFT;
    }
}

// Take away the references that it owns to members.
void tracing_subtract(tracing *self, PyObject *object);

// Call visit for all that lives as long as it does.
void tracing_visit(tracing *self, PyObject *object, visitproc visit, void *argument);

// Each member in turn: one that is held from outside, or was found to be live, is live, and so is
// what it refers to. What has been passed before is left to tracing_follow.
void tracing_pass(tracing *self, PyObject *member);
void tracing_enliven(tracing *self, PyObject *object); // if it is a member
void tracing_follow(tracing *self);                    // all that live ones reach is live too

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
