#include "bridge/gc/collection.h"

#include <stdlib.h>
#include <string.h>

#include "bridge/gc/collector.h"
#include "bridge/gc/agreement.h"
#include "bridge/python/cpython.h"
#include "bridge/transfer/export.h"
#include "bridge/gc/participants.h"
#include "ground/base/clock.h"

#define MOST_PASSES 8

typedef struct {
    const collection_request *request;
    collection_report report;
    participants those;
} collection;

static bool
must_stop(const collection *self)
{
    return atomic_load(self->request->must_stop);
}

static int64_t
deadline(const collection *self)
{
    return clock_now() + self->request->patience;
}

static bool
is_anybody(const participant *each)
{
    return true;
}

static bool
is_in_cycle(const participant *each)
{
    return each->is_in_cycle;
}

// ---- callbacks of users ----

static void
call_all(PyObject *callbacks, const char *phase, size_t freed)
{
    PyObject *list = PySequence_Tuple(callbacks); // a callback may change the list
    PyObject *info = list == NULL ? NULL
                                  : Py_BuildValue("{s:i,s:n,s:i}", "generation", 2, "collected",
                                                  (Py_ssize_t)freed, "uncollectable", 0);
    if (info == NULL) {
        PyErr_WriteUnraisable(callbacks);
    }
    for (Py_ssize_t i = 0; info != NULL && i < PyTuple_GET_SIZE(list); i++) {
        PyObject *done = PyObject_CallFunction(PyTuple_GET_ITEM(list, i), "sO", phase, info);
        if (done == NULL) {
            PyErr_WriteUnraisable(PyTuple_GET_ITEM(list, i));
        }
        Py_XDECREF(done);
    }
    Py_XDECREF(list);
    Py_XDECREF(info);
}

static void
announce_start(core_state *state, void *argument)
{
    participant *self = argument;
    self->has_callbacks = state->callbacks != NULL && PyList_GET_SIZE(state->callbacks) > 0;
    if (self->has_callbacks) {
        call_all(state->callbacks, "start", 0);
    }
}

static void
announce_stop(core_state *state, void *argument)
{
    if (state->callbacks != NULL) {
        call_all(state->callbacks, "stop", ((participant *)argument)->freed);
    }
}

static bool
has_callbacks(const participant *each)
{
    return each->has_callbacks;
}

// ---- which interpreters hold Proxies of which ----

// The cache keeps remote classes of which there is no Proxy any more.
static void
drop_unused_classes(core_state *state)
{
    pointer_map used = {0};
    bool has_failed = false;
    size_t position = 0;
    pointer_pair pair;
    while (!has_failed && pointer_map_next(&state->proxies, &position, &pair)) {
        PyTypeObject *class = Py_TYPE((PyObject *)pair.value);
        has_failed = !pointer_map_set(&used, class, class);
    }
    for (int i = 0; i < RECENT_CLASSES && !has_failed; i++) {
        PyObject *class = state->recent_classes[i];
        if (class != NULL && state->references->target(class) != NULL &&
            pointer_map_get(&used, class) == NULL) {
            Py_CLEAR(state->recent_classes[i]);
        }
    }
    pointer_map_free(&used);
}

static void
look_around(core_state *state, void *argument)
{
    participant *self = argument;
    int64_t start = clock_now();
    detained_drop(state); // of a collection that could not end, or that the parent process was in
    if (self->is_thorough) {
        drop_unused_classes(state);
        cpython_collect();
    }
    export_run_all_deferred(state);
    size_t position = 0;
    pointer_pair pair;
    while (pointer_map_next(&state->proxies, &position, &pair)) {
        const exported *held = pair.key;
        uintptr_t place = (uintptr_t)pointer_map_get(self->places, held->owner);
        if (place != 0) {
            self->holds[place - 1] = true;
        }
    }
    collector_note_survivors(state);
    self->duration = clock_now() - start;
}

static bool
find_cycles(collection *self)
{
    participants *those = &self->those;
    memset(those->holds, 0, those->count * those->count * sizeof *those->holds);
    participants_select(those, is_anybody);
    participants_visit(those, look_around, deadline(self));
    bool *are_in_cycle = calloc(those->count + 1, sizeof *are_in_cycle);
    if (are_in_cycle == NULL) {
        return false;
    }
    graph_find_cycles(those->holds, those->count, are_in_cycle);
    bool is_one_found = false;
    for (size_t i = 0; i < those->count; i++) {
        those->items[i].is_in_cycle = are_in_cycle[i];
        is_one_found |= are_in_cycle[i];
        self->report.overhead += those->items[i].duration;
    }
    free(are_in_cycle);
    return is_one_found;
}

// ---- summaries ----

static void
summarise(core_state *state, void *argument)
{
    participant *self = argument;
    int64_t start = clock_now();
    self->has_summary = summary_make(&self->summary, state);
    self->duration = clock_now() - start;
}

// One after another, so that only one interpreter is stopped at a time.
static void
summarise_each(collection *self)
{
    for (size_t i = 0; i < self->those.count && !must_stop(self); i++) {
        participant *each = &self->those.items[i];
        if (!each->is_in_cycle) {
            continue;
        }
        void *argument = each;
        each->duration = 0;
        deputies_visit(&each->deputy, &argument, 1, summarise, deadline(self));
        self->report.busy += each->duration;
        self->report.overhead += each->duration;
        if (each->duration > self->report.longest) {
            self->report.longest = each->duration;
        }
    }
}

static void
drop_summaries(collection *self)
{
    for (size_t i = 0; i < self->those.count; i++) {
        participant *each = &self->those.items[i];
        if (each->has_summary) {
            summary_free(&each->summary);
            each->has_summary = false;
        }
    }
}

// ---- the whole ----

static size_t
make_pass(collection *self)
{
    size_t freed = 0;
    if (find_cycles(self)) {
        summarise_each(self);
        freed = agreement_reach(&self->those, self->request, &self->report);
        drop_summaries(self);
    }
    return freed;
}

static void
tidy(core_state *state, void *unused)
{
    export_run_all_deferred(state);
}

collection_report
collection_run(const collection_request *request)
{
    collection self = {.request = request};
    self.report.result = participants_open(&self.those, request->is_thorough);
    if (self.report.result == DEPUTY_SENT && self.those.count > 1) {
        participants_select(&self.those, is_anybody);
        participants_visit(&self.those, announce_start, deadline(&self));
        size_t freed = 0;
        int passes = 0;
        do {
            freed = make_pass(&self);
            self.report.freed += freed;
        } while (freed > 0 && request->is_thorough && ++passes < MOST_PASSES && !must_stop(&self));
        if (request->is_thorough) { // the caller must find everything freed
            participants_select(&self.those, is_in_cycle);
            participants_visit(&self.those, tidy, deadline(&self));
        }
        for (size_t i = 0; i < self.those.count; i++) {
            self.those.items[i].freed = self.report.freed;
        }
        participants_select(&self.those, has_callbacks);
        participants_visit(&self.those, announce_stop, deadline(&self));
    }
    participants_close(&self.those);
    return self.report;
}
