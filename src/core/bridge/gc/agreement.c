#include "bridge/gc/agreement.h"

#include <stdlib.h>

#include "bridge/python/cpython.h"
#include "ground/base/clock.h"

// How long stopped interpreters wait for those that have not stopped yet.
#define MEETING_PATIENCE (10 * MILLISECOND)
#define MOST_MEETINGS    5
// How many objects are verified at once, if they can be divided: about 0.3 ms.
#define MOST_OBJECTS 2000
#define MOST_ROUNDS  100 // of counting, while all are stopped; each takes some microseconds

typedef struct {
    participants *those;
    const collection_request *request;
    collection_report *report;
    size_t batches;
} agreement;

static bool
must_stop(const agreement *self)
{
    return atomic_load(self->request->must_stop);
}

// ---- the candidates ----

static bool
is_candidate(const participant *each)
{
    const graph *proposed = &each->summary.graph;
    return each->has_summary &&
           proposed->batch_exports[each->batch] < proposed->batch_exports[each->batch + 1];
}

static bool
list_candidates(participants *those)
{
    pointer_map_free(&those->candidates);
    for (size_t i = 0; i < those->count; i++) {
        const participant *each = &those->items[i];
        for (size_t j = 0; each->has_summary && j < each->summary.graph.export_count; j++) {
            const graph_export *suspect = &each->summary.graph.exports[j];
            if (!suspect->is_live &&
                !pointer_map_set(&those->candidates, suspect->key, (void *)suspect->key)) {
                return false;
            }
        }
    }
    return those->candidates.count > 0;
}

// Time spent on garbage is not overhead: after a collection that finds much the next may come soon.
static void
forgive_overhead(agreement *self)
{
    for (size_t i = 0; i < self->those->count; i++) {
        participant *each = &self->those->items[i];
        if (each->has_summary) {
            double garbage = each->summary.graph.batch_nodes[self->batches];
            double share = garbage / (double)(each->summary.objects + 1);
            self->report->overhead -= (int64_t)(share * (double)each->duration);
            each->duration = 0; // once
        }
    }
}

// Put the summaries together. False: there are no candidates, or out of memory.
static bool
find_candidates(agreement *self)
{
    participants *those = self->those;
    graph **graphs = calloc(those->count + 1, sizeof *graphs);
    if (graphs == NULL) {
        return false;
    }
    for (size_t i = 0; i < those->count; i++) {
        if (those->items[i].has_summary) {
            summary_count(&those->items[i].summary);
            graphs[i] = &those->items[i].summary.graph;
        }
    }
    bool are_candidates = graphs_settle(graphs, those->count) && list_candidates(those) &&
                          graphs_divide(graphs, those->count, MOST_OBJECTS, &self->batches);
    free(graphs);
    if (are_candidates) {
        forgive_overhead(self);
    }
    return are_candidates;
}

// ---- meetings ----

static bool
meet(agreement *self)
{
    participants *those = self->those;
    for (int i = 0; i < MOST_MEETINGS && !must_stop(self); i++) {
        if (deputies_meet(those->deputies, those->selected_count, clock_now() + MEETING_PATIENCE)) {
            return true;
        }
        self->report->abandoned++;
        // Try again only after the late deputies have entered and left.
        if (!deputies_rest(those->deputies, those->selected_count,
                           clock_now() + self->request->patience)) {
            break;
        }
    }
    return false;
}

// Leave out interpreters that could not be entered: what they hold lives. False: all could be
// entered, but not at the same time.
static bool
exclude_absent(agreement *self)
{
    bool is_one_absent = false;
    for (size_t i = 0; i < self->those->selected_count; i++) {
        participant *each = self->those->selected[i];
        if (deputy_is_kept_out(each->deputy)) {
            summary_free(&each->summary);
            each->has_summary = false;
            is_one_absent = true;
        }
    }
    return is_one_absent;
}

static void
do_all(agreement *self, deputy_job job)
{
    deputies_do(self->those->deputies, self->those->selected, self->those->selected_count, job);
}

static void
end_stop(agreement *self, int64_t start)
{
    int64_t duration = clock_now() - start;
    self->report->busy += duration;
    if (duration > self->report->stopped) {
        self->report->stopped = duration;
    }
}

static void
part(agreement *self, deputy_job job)
{
    deputies_part(self->those->deputies, self->those->selected, self->those->selected_count, job);
}

// ---- jobs ----

static void
begin(core_state *state, void *argument)
{
    participant *self = argument;
    verification_begin(&self->verification, state, &self->summary, self->batch, self->candidates);
    if (!self->verification.has_failed) {
        verification_proceed(&self->verification);
    }
}

static void
proceed(core_state *state, void *argument)
{
    verification_proceed(&((participant *)argument)->verification);
}

static void
conclude(core_state *state, void *argument)
{
    participant *self = argument;
    verification_conclude(&self->verification);
    self->has_finalizers = verification_has_finalizers(&self->verification);
}

static void
detain(core_state *state, void *argument)
{
    verification_detain(&((participant *)argument)->verification);
}

static void
finalize(core_state *state, void *unused)
{
    detained_finalize(state);
}

static void
sever(core_state *state, void *argument)
{
    verification_sever(&((participant *)argument)->verification);
}

static void
free_own(core_state *state, void *argument)
{
    participant *self = argument;
    int64_t start = clock_now();
    self->freed = verification_free_garbage(&self->verification, &self->has_own_cycles);
    self->duration = clock_now() - start;
}

static void
release(core_state *state, void *unused)
{
    detained_drop(state);
}

static void
do_nothing(core_state *state, void *unused)
{
}

// ---- verifications ----

static bool
has_failed(const agreement *self)
{
    for (size_t i = 0; i < self->those->selected_count; i++) {
        if (((participant *)self->those->selected[i])->verification.has_failed) {
            return true;
        }
    }
    return false;
}

static void
free_verifications(agreement *self)
{
    for (size_t i = 0; i < self->those->selected_count; i++) {
        verification_free(&((participant *)self->those->selected[i])->verification);
    }
}

// While all are stopped: what is garbage? False: nothing, or out of memory.
static bool
try(agreement *self)
{
    size_t count = self->those->selected_count, garbage = 0;
    int rounds = 0;
    bool is_changed = true;
    verification **verifications = calloc(count + 1, sizeof *verifications);
    for (size_t i = 0; verifications != NULL && i < count; i++) {
        verifications[i] = &((participant *)self->those->selected[i])->verification;
    }
    do_all(self, begin);
    while (verifications != NULL && !has_failed(self) && rounds++ < MOST_ROUNDS &&
           (is_changed = verification_count(verifications, count))) {
        do_all(self, proceed);
    }
    if (verifications != NULL && !has_failed(self) && !is_changed) {
        do_all(self, conclude);
    }
    for (size_t i = 0; verifications != NULL && i < count; i++) {
        garbage += verifications[i]->garbage.count;
    }
    free(verifications);
    return garbage > 0 && !has_failed(self);
}

static bool
has_finalizers(const agreement *self)
{
    for (size_t i = 0; i < self->those->selected_count; i++) {
        if (((participant *)self->those->selected[i])->has_finalizers) {
            return true;
        }
    }
    return false;
}

// Let all run, run the finalizers while nothing has been taken apart, and stop all again. False:
// they could not be stopped.
static bool
finalize_all(agreement *self, int64_t *start)
{
    do_all(self, detain);
    bool are_detained = !has_failed(self);
    free_verifications(self);
    end_stop(self, *start);
    part(self, are_detained ? finalize : release);
    if (!are_detained) {
        return false;
    }
    bool are_stopped = meet(self);
    *start = clock_now();
    if (!are_stopped) {
        participants_visit(self->those, release, *start + self->request->patience);
    }
    return are_stopped;
}

static size_t
free_garbage(agreement *self, int64_t start)
{
    do_all(self, sever);
    end_stop(self, start);
    part(self, free_own);
    size_t freed = 0;
    for (size_t i = 0; i < self->those->selected_count; i++) {
        participant *each = self->those->selected[i];
        self->report->busy += each->duration;
        freed += each->freed;
    }
    return freed;
}

static size_t
hold_verifications(agreement *self)
{
    int64_t start = clock_now();
    size_t freed = 0;
    bool is_garbage = try(self), are_stopped = true, are_detained = false;
    if (is_garbage && has_finalizers(self)) {
        are_detained = true;
        are_stopped = finalize_all(self, &start);
        is_garbage = are_stopped && try(self);
    }
    if (is_garbage) {
        freed = free_garbage(self, start);
    }
    else if (are_stopped) {
        end_stop(self, start);
        part(self, are_detained ? release : do_nothing);
    }
    free_verifications(self);
    return freed;
}

typedef enum { AGREEMENT_REACHED, AGREEMENT_EXCLUDED, AGREEMENT_GIVEN_UP } agreement_end;

static agreement_end
try_batches(agreement *self, size_t *freed)
{
    for (size_t batch = 0; batch < self->batches; batch++) {
        for (size_t i = 0; i < self->those->count; i++) {
            self->those->items[i].batch = batch;
        }
        participants_select(self->those, is_candidate);
        if (self->those->selected_count == 0) {
            continue;
        }
        if (!meet(self)) {
            return exclude_absent(self) ? AGREEMENT_EXCLUDED : AGREEMENT_GIVEN_UP;
        }
        *freed += hold_verifications(self);
    }
    return AGREEMENT_REACHED;
}

static void
collect_own(core_state *state, void *argument)
{
    participant *self = argument;
    int64_t start = clock_now();
    cpython_collect();
    self->duration = clock_now() - start;
}

static bool
has_own_cycles(const participant *each)
{
    return each->has_own_cycles;
}

// Run CPython's collector where freed exports have left cycles within one interpreter.
static void
collect_each(agreement *self)
{
    participants_select(self->those, has_own_cycles);
    for (size_t i = 0; i < self->those->selected_count; i++) {
        ((participant *)self->those->selected[i])->duration = 0;
    }
    participants_visit(self->those, collect_own, clock_now() + self->request->patience);
    for (size_t i = 0; i < self->those->selected_count; i++) {
        participant *each = self->those->selected[i];
        each->has_own_cycles = false;
        self->report->busy += each->duration;
    }
}

size_t
agreement_reach(participants *those, const collection_request *request, collection_report *report)
{
    agreement self = {.those = those, .request = request, .report = report};
    size_t freed = 0;
    agreement_end end = AGREEMENT_EXCLUDED;
    while (end == AGREEMENT_EXCLUDED && !must_stop(&self) && find_candidates(&self)) {
        end = try_batches(&self, &freed);
    }
    collect_each(&self);
    return freed;
}
