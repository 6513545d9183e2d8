#include "bridge/gc/verification.h"

#include <stdlib.h>
#include <string.h>

#include "bridge/gc/collector.h"
#include "bridge/python/cpython.h"

#define ROUNDS_OF_DROPPING 4

typedef struct detained {
    object_list objects; // owned
} detained;

// ---- members ----

static void
add_candidate(verification *self, PyObject *object)
{
    uint32_t *word = shadow_put(&self->tracing.words, object);
    if (word == NULL) {
        self->has_failed = true;
    }
    else {
        *word = TRACING_CANDIDATE;
    }
}

// Only a candidate that is reached is read: others may have been freed since they were listed.
static int
reach(PyObject *object, void *argument)
{
    verification *self = argument;
    uint32_t *word = shadow_find(&self->tracing.words, object);
    if (word != NULL && *word == TRACING_CANDIDATE) {
        *word |= TRACING_MEMBER;
        self->has_failed |= !object_list_add(&self->reached, object);
    }
    return 0;
}

static bool
is_candidate(verification *self, PyObject *object)
{
    uint32_t *word = object == NULL ? NULL : shadow_find(&self->tracing.words, object);
    return word != NULL && (*word & TRACING_CANDIDATE);
}

static void
add_suspects(verification *self, const graph *proposed, size_t batch)
{
    uint32_t begin = proposed->batch_exports[batch], end = proposed->batch_exports[batch + 1];
    self->suspects = calloc(end - begin + 1, sizeof *self->suspects);
    if (self->suspects == NULL) {
        self->has_failed = true;
        return;
    }
    for (uint32_t i = begin; i < end; i++) {
        exported *target = (exported *)proposed->exports[proposed->exports_by_batch[i]].key;
        if (is_candidate(self, target->object)) {
            self->suspects[self->suspect_count++] = (verification_suspect){.target = target};
            (void)reach(target->object, self);
        }
    }
}

// The cache keeps a class alive, unless its original is a candidate too.
static void
find_cached(verification *self, const pointer_map *candidates)
{
    for (int i = 0; i < RECENT_CLASSES; i++) {
        PyObject *class = self->state->recent_classes[i];
        const exported *held = class == NULL ? NULL : tracing_target(&self->tracing, class);
        self->is_cached[i] = held != NULL && pointer_map_get(candidates, held) != NULL;
    }
}

static void
gather(verification *self, const summary *proposed, size_t batch)
{
    const detained *kept = self->state->detained;
    const graph *graph = &proposed->graph;
    self->is_of_detained = kept != NULL;
    if (kept != NULL) {
        for (size_t i = 0; i < kept->objects.count && !self->has_failed; i++) {
            add_candidate(self, kept->objects.items[i]);
        }
        for (size_t i = 0; i < kept->objects.count && !self->has_failed; i++) {
            (void)reach(kept->objects.items[i], self);
        }
    }
    else {
        uint32_t i = graph->batch_nodes[batch], end = graph->batch_nodes[batch + 1];
        for (; i < end && !self->has_failed; i++) {
            add_candidate(self, proposed->nodes[graph->nodes_by_batch[i]]);
        }
    }
    if (!self->has_failed) {
        add_suspects(self, graph, batch);
    }
    for (size_t i = 0; i < self->reached.count && !self->has_failed; i++) {
        tracing_visit(&self->tracing, self->reached.items[i], reach, self);
    }
}

// Mark what is held from outside as live.
static void
find_live(verification *self, const pointer_map *candidates)
{
    tracing *tracer = &self->tracing;
    for (size_t i = 0; i < self->reached.count && !self->has_failed; i++) {
        unsigned bits = TRACING_CANDIDATE | TRACING_PASSED;
        tracing_add(tracer, self->reached.items[i], bits, self->is_of_detained);
    }
    for (size_t i = 0; i < self->reached.count && !self->has_failed; i++) {
        tracing_subtract(tracer, self->reached.items[i]);
    }
    find_cached(self, candidates);
    for (int i = 0; i < RECENT_CLASSES; i++) {
        if (self->is_cached[i]) {
            tracing_discount(tracer, self->state->recent_classes[i]);
        }
    }
    for (size_t i = 0; i < self->suspect_count && !self->has_failed; i++) {
        tracing_discount(tracer, self->suspects[i].target->object); // the table's
    }
    for (size_t i = 0; i < self->reached.count && !self->has_failed; i++) {
        uint32_t word = *shadow_find(&tracer->words, self->reached.items[i]);
        if (word >> TRACING_COUNT_SHIFT) {
            tracing_enliven(tracer, self->reached.items[i]);
        }
    }
}

void
verification_begin(verification *self, core_state *state, const summary *proposed, size_t batch,
                   const pointer_map *candidates)
{
    *self = (verification){.state = state, .has_begun = true};
    tracing *tracer = &self->tracing;
    tracing_init(tracer, state);
    self->has_failed = tracer->has_failed;
    if (!self->has_failed) {
        gather(self, proposed, batch);
        find_live(self, candidates);
    }
    self->held = malloc((self->reached.count + 1) * sizeof(exported *));
    self->has_failed |= tracer->has_failed || self->held == NULL;
}

// ---- rounds ----

void
verification_proceed(verification *self)
{
    tracing *tracer = &self->tracing;
    for (size_t i = 0; i < self->suspect_count; i++) {
        if (self->suspects[i].is_live) {
            tracing_enliven(tracer, self->suspects[i].target->object);
        }
    }
    tracing_follow(tracer);
    for (size_t i = 0; i < self->suspect_count; i++) {
        self->suspects[i].is_live |= tracing_is_live(tracer, self->suspects[i].target->object);
    }
    self->held_count = 0;
    for (size_t i = 0; i < self->reached.count; i++) {
        PyObject *object = self->reached.items[i];
        exported *held = tracing_target(tracer, object);
        if (held != NULL && !tracing_is_live(tracer, object)) {
            self->held[self->held_count++] = held;
        }
    }
    self->has_failed |= tracer->has_failed;
}

static bool
list_suspects(verification *const *verifications, size_t count, pointer_map *suspects)
{
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < verifications[i]->suspect_count; j++) {
            verification_suspect *each = &verifications[i]->suspects[j];
            each->holders = 0;
            if (!pointer_map_set(suspects, each->target, each)) {
                return false;
            }
        }
    }
    return true;
}

bool
verification_count(verification *const *verifications, size_t count)
{
    pointer_map suspects = {0};
    bool has_failed = !list_suspects(verifications, count, &suspects), is_changed = false;
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < verifications[i]->held_count; j++) {
            verification_suspect *held = pointer_map_get(&suspects, verifications[i]->held[j]);
            if (held != NULL) {
                held->holders++;
            }
        }
    }
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < verifications[i]->suspect_count; j++) {
            verification_suspect *each = &verifications[i]->suspects[j];
            // Exact: only a thread that holds a reference can add one, and all of those are
            // stopped.
            intptr_t others = atomic_load(&each->target->count) - 1; // without the summary's own
            if (!each->is_live && each->holders != others) {
                each->is_live = is_changed = true;
            }
        }
        verifications[i]->has_failed |= has_failed;
    }
    pointer_map_free(&suspects);
    return is_changed;
}

void
verification_conclude(verification *self)
{
    for (size_t i = 0; i < self->reached.count && !self->has_failed; i++) {
        if (!tracing_is_live(&self->tracing, self->reached.items[i])) {
            self->has_failed |= !object_list_add(&self->garbage, self->reached.items[i]);
        }
    }
    // Reserve now: severing must not fail half-way.
    size_t most = self->suspect_count + RECENT_CLASSES;
    self->has_failed |= !object_list_reserve(&self->severed, most);
}

// ---- finalizers ----

static bool
must_be_finalized(PyObject *object)
{
    return Py_TYPE(object)->tp_finalize != NULL && !PyObject_GC_IsFinalized(object);
}

bool
verification_has_finalizers(const verification *self)
{
    for (size_t i = 0; i < self->garbage.count; i++) {
        if (must_be_finalized(self->garbage.items[i])) {
            return true;
        }
    }
    return false;
}

void
verification_detain(verification *self)
{
    detained *kept = calloc(1, sizeof *kept);
    if (kept == NULL) {
        self->has_failed = true;
        return;
    }
    kept->objects = self->garbage;
    self->garbage = (object_list){0};
    for (size_t i = 0; i < kept->objects.count; i++) {
        Py_INCREF(kept->objects.items[i]);
    }
    self->state->detained = kept;
}

void
detained_finalize(core_state *state)
{
    const detained *kept = state->detained;
    for (size_t i = 0; kept != NULL && i < kept->objects.count; i++) {
        if (must_be_finalized(kept->objects.items[i])) {
            PyObject_CallFinalizer(kept->objects.items[i]);
        }
    }
}

// Drops the objects, first those that nothing else holds. True: some are left in cycles.
static bool
drop_objects(object_list *objects)
{
    for (int round = 0; round < ROUNDS_OF_DROPPING && objects->count > 0; round++) {
        size_t left = 0;
        for (size_t i = objects->count;
             i-- > 0;) { // backwards: objects come after those that refer to them
            PyObject *object = objects->items[i];
            objects->items[i] = NULL;
            if (Py_REFCNT(object) == 1) {
                Py_DECREF(object);
            }
            else {
                objects->items[i] = object;
                left++;
            }
        }
        size_t kept = 0;
        for (size_t i = 0; i < objects->count; i++) {
            if (objects->items[i] != NULL) {
                objects->items[kept++] = objects->items[i];
            }
        }
        bool has_gone_on = left < objects->count;
        objects->count = left;
        if (!has_gone_on) {
            break;
        }
    }
    bool has_cycles = objects->count > 0;
    for (size_t i = 0; i < objects->count; i++) {
        Py_DECREF(objects->items[i]);
    }
    free(objects->items);
    *objects = (object_list){0};
    return has_cycles;
}

void
detained_drop(core_state *state)
{
    detained *kept = state->detained;
    if (kept != NULL) {
        state->detained = NULL;
        (void)drop_objects(&kept->objects);
        free(kept);
    }
}

// ---- the end of the garbage ----

// Nothing may reach the garbage any more. Callbacks are called at the end, except those of weak
// references that are garbage too.
static void
clear_weak_references(verification *self, PyObject *object)
{
    PyObject *reference;
    while ((reference = cpython_first_weak_reference(object)) != NULL) {
        PyObject *callback = cpython_weak_reference_callback(reference);
        bool is_called = callback != NULL && Py_REFCNT(reference) > 0 &&
                         !(is_candidate(self, reference) &&
                           (*shadow_find(&self->tracing.words, reference) & TRACING_MEMBER) &&
                           !tracing_is_live(&self->tracing, reference));
        if (is_called && object_list_add(&self->callbacks, reference)) {
            if (object_list_add(&self->callbacks, callback)) {
                Py_INCREF(reference);
                Py_INCREF(callback);
            }
            else {
                self->callbacks.count--;
            }
        }
        cpython_clear_weak_reference(reference);
    }
}

// Take a garbage class out of the cache of classes.
static void
forget_class(verification *self, PyObject *object)
{
    core_state *state = self->state;
    for (int i = 0; i < RECENT_CLASSES; i++) {
        if (self->is_cached[i] && state->recent_classes[i] == object) {
            state->recent_classes[i] = NULL;
            self->severed.items[self->severed.count++] = object;
        }
    }
}

void
verification_sever(verification *self)
{
    for (size_t i = 0; i < self->garbage.count; i++) {
        PyObject *object = self->garbage.items[i];
        clear_weak_references(self, object);
        if (PyType_Check(object)) {
            forget_class(self, object);
        }
    }
    for (size_t i = 0; i < self->suspect_count; i++) {
        if (!self->suspects[i].is_live) {
            PyObject *object = export_sever(self->state, self->suspects[i].target);
            self->severed.items[self->severed.count++] = object;
        }
    }
    collector_note_survivors(self->state);
}

static void
call_back(object_list *callbacks)
{
    for (size_t i = 0; i < callbacks->count; i += 2) {
        PyObject *reference = callbacks->items[i], *callback = callbacks->items[i + 1];
        PyObject *result = PyObject_CallOneArg(callback, reference);
        if (result == NULL) {
            PyErr_WriteUnraisable(callback);
        }
        Py_XDECREF(result);
        Py_DECREF(callback);
        Py_DECREF(reference);
    }
    callbacks->count = 0;
}

// Hold one reference to each garbage object. Of detained ones the references are ours already;
// those that finalizers brought back to life are dropped.
static void
take_garbage(verification *self)
{
    detained *kept = self->state->detained;
    self->state->detained = NULL;
    for (size_t i = 0; kept != NULL && i < kept->objects.count; i++) {
        if (tracing_is_live(&self->tracing, kept->objects.items[i])) {
            Py_DECREF(kept->objects.items[i]);
        }
    }
    for (size_t i = 0; kept == NULL && i < self->garbage.count; i++) {
        Py_INCREF(self->garbage.items[i]);
    }
    if (kept != NULL) {
        free(kept->objects.items);
        free(kept);
    }
}

size_t
verification_free_garbage(verification *self, bool *has_cycles)
{
    size_t exports = 0;
    for (size_t i = 0; i < self->suspect_count; i++) {
        exports += !self->suspects[i].is_live;
    }
    take_garbage(self);
    for (size_t i = 0; i < self->severed.count; i++) {
        Py_DECREF(self->severed.items[i]);
    }
    self->severed.count = 0;
    *has_cycles |= drop_objects(&self->garbage);
    call_back(&self->callbacks);
    return exports;
}

void
verification_free(verification *self)
{
    if (self->has_begun) {
        tracing_free(&self->tracing);
    }
    free(self->reached.items);
    free(self->garbage.items);
    free(self->suspects);
    free(self->held);
    free(self->severed.items);
    free(self->callbacks.items);
    *self = (verification){0};
}
