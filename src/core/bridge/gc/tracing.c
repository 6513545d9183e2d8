#include "bridge/gc/tracing.h"

#include <stdlib.h>

#include "bridge/python/cpython.h"

#define MOST_COUNT (UINT32_MAX >> TRACING_COUNT_SHIFT)

void
tracing_init(tracing *self, core_state *state)
{
    *self = (tracing){.state = state};
    self->has_failed = !shadow_init(&self->words);
}

void
tracing_free(tracing *self)
{
    shadow_free(&self->words);
    free(self->work.items);
    free(self->counted);
}

void
tracing_add(tracing *self, PyObject *object, unsigned bits, Py_ssize_t extra)
{
    uint32_t *word = shadow_put(&self->words, object);
    if (UNLIKELY(word == NULL)) {
        self->has_failed = true;
        return;
    }
    Py_ssize_t count = Py_REFCNT(object) - extra;
    bool is_endless = cpython_is_immortal(object) || count >= (Py_ssize_t)MOST_COUNT;
    uint32_t kept = is_endless ? MOST_COUNT : count < 0 ? 0 : (uint32_t)count;
    *word = kept << TRACING_COUNT_SHIFT | TRACING_MEMBER | bits;
}

// ---- what is owned ----

static int
discount(PyObject *object, void *tracer)
{
    tracing_discount(tracer, object);
    return 0;
}

static bool
note_counted(tracing *self, uint32_t *word)
{
    if (self->counted_count == self->counted_capacity) {
        size_t capacity = self->counted_capacity == 0 ? 64 : 2 * self->counted_capacity;
        uint32_t **larger = realloc(self->counted, capacity * sizeof *larger);
        if (larger == NULL) {
            return false;
        }
        self->counted = larger;
        self->counted_capacity = capacity;
    }
    self->counted[self->counted_count++] = word;
    return true;
}

static int
discount_once(PyObject *object, void *tracer)
{
    tracing *self = tracer;
    uint32_t *word = shadow_find(&self->words, object);
    if (word == NULL || (*word & (TRACING_MEMBER | TRACING_COUNTED)) != TRACING_MEMBER) {
        return 0;
    }
    if (!note_counted(self, word)) {
        self->has_failed = true;
        return 0;
    }
    *word |= TRACING_COUNTED;
    tracing_discount(self, object);
    return 0;
}

void
tracing_subtract(tracing *self, PyObject *object)
{
    traverseproc traverse = state_is_type(self->state, TYPE_REMOTE_METHOD, object)
                                ? self->state->references->traverse_method
                                : Py_TYPE(object)->tp_traverse;
    if (traverse == NULL) {
        return;
    }
    if (LIKELY(!cpython_may_borrow(object))) {
        (void)traverse(object, discount, self);
        return;
    }
    // Of several references to one object some may be borrowed, from an owned one in the same
    // frame: count one.
    (void)traverse(object, discount_once, self);
    while (self->counted_count > 0) {
        *self->counted[--self->counted_count] &= ~(uint32_t)TRACING_COUNTED;
    }
}

// ---- what is reached ----

void
tracing_visit(tracing *self, PyObject *object, visitproc visit, void *argument)
{
    traverseproc traverse = Py_TYPE(object)->tp_traverse;
    if (traverse != NULL) {
        (void)traverse(object, visit, argument);
    }
}

static int
enliven(PyObject *object, void *tracer)
{
    tracing *self = tracer;
    uint32_t *word = shadow_find(&self->words, object);
    if (word != NULL && (*word & (TRACING_MEMBER | TRACING_LIVE)) == TRACING_MEMBER) {
        *word |= TRACING_LIVE;
        if ((*word & TRACING_PASSED) && !object_list_add(&self->work, object)) {
            self->has_failed = true;
        }
    }
    return 0;
}

void
tracing_enliven(tracing *self, PyObject *object)
{
    (void)enliven(object, self);
}

void
tracing_pass(tracing *self, PyObject *member)
{
    uint32_t *word = shadow_find(&self->words, member);
    *word |= TRACING_PASSED;
    if (!(*word & TRACING_LIVE)) {
        if (*word >> TRACING_COUNT_SHIFT == 0) {
            return;
        }
        *word |= TRACING_LIVE;
    }
    tracing_visit(self, member, enliven, self);
}

void
tracing_follow(tracing *self)
{
    while (self->work.count > 0) {
        PyObject *object = self->work.items[--self->work.count];
        tracing_visit(self, object, enliven, self);
    }
}
