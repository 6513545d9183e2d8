#include "bridge/gc/consensus.h"

#include <stdlib.h>

#include "bridge/python/cpython.h"
#include "ground/base/clock.h"

// How long those that have come to a meeting stand still for those that have not.
#define MEETING_PATIENCE (10 * MILLISECOND)
#define MOST_MEETINGS    5
// How many objects are tried at once, if they can be divided: about 0.3 ms.
#define MOST_OBJECTS 2000
#define MOST_ROUNDS  100 // of letting off, while all stand still; each takes some microseconds

typedef struct {
    participants *those;
    const collection_request *request;
    collection_report *report;
    size_t batches;
} consensus;

static bool
must_stop(const consensus *self)
{
    return atomic_load(self->request->must_stop);
}

// ---- the accused ----

static bool
is_accused(const participant *each)
{
    const graph *proposed = &each->summary.graph;
    return each->has_summary &&
           proposed->batch_exports[each->batch] < proposed->batch_exports[each->batch + 1];
}

static bool
list_accused(participants *those)
{
    pointer_map_free(&those->accused);
    for (size_t i = 0; i < those->count; i++) {
        const participant *each = &those->items[i];
        for (size_t j = 0; each->has_summary && j < each->summary.graph.export_count; j++) {
            const graph_export *suspect = &each->summary.graph.exports[j];
            if (!suspect->is_live &&
                !pointer_map_set(&those->accused, suspect->key, (void *)suspect->key)) {
                return false;
            }
        }
    }
    return those->accused.count > 0;
}

// The time that went into garbage is not wasted: one that finds much may soon run again.
static void
forgive_overhead(consensus *self)
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

// Put the summaries together. False: nobody is accused, or no memory.
static bool
accuse(consensus *self)
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
    bool are_accused = graphs_settle(graphs, those->count) && list_accused(those) &&
                       graphs_divide(graphs, those->count, MOST_OBJECTS, &self->batches);
    free(graphs);
    if (are_accused) {
        forgive_overhead(self);
    }
    return are_accused;
}

// ---- meetings ----

static bool
meet(consensus *self)
{
    participants *those = self->those;
    for (int i = 0; i < MOST_MEETINGS && !must_stop(self); i++) {
        if (deputies_meet(those->deputies, those->selected_count, clock_now() + MEETING_PATIENCE)) {
            return true;
        }
        self->report->abandoned++;
        // Not again before the late ones have come.
        if (!deputies_rest(those->deputies, those->selected_count,
                           clock_now() + self->request->patience)) {
            break;
        }
    }
    return false;
}

// Of those who did not come, what they hold lives. False: all are there, but they never meet.
static bool
exclude_absent(consensus *self)
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
do_all(consensus *self, deputy_job job)
{
    deputies_do(self->those->deputies, self->those->selected, self->those->selected_count, job);
}

static void
end_stop(consensus *self, int64_t start)
{
    int64_t duration = clock_now() - start;
    self->report->busy += duration;
    if (duration > self->report->stopped) {
        self->report->stopped = duration;
    }
}

static void
part(consensus *self, deputy_job job)
{
    deputies_part(self->those->deputies, self->those->selected, self->those->selected_count, job);
}

// ---- jobs ----

static void
begin(core_state *state, void *argument)
{
    participant *self = argument;
    trial_begin(&self->trial, state, &self->summary, self->batch, self->accused);
    if (!self->trial.has_failed) {
        trial_proceed(&self->trial);
    }
}

static void
proceed(core_state *state, void *argument)
{
    trial_proceed(&((participant *)argument)->trial);
}

static void
conclude(core_state *state, void *argument)
{
    participant *self = argument;
    trial_conclude(&self->trial);
    self->has_finalizers = trial_has_finalizers(&self->trial);
}

static void
detain(core_state *state, void *argument)
{
    trial_detain(&((participant *)argument)->trial);
}

static void
finalize(core_state *state, void *unused)
{
    detained_finalize(state);
}

static void
sever(core_state *state, void *argument)
{
    trial_sever(&((participant *)argument)->trial);
}

static void
bury(core_state *state, void *argument)
{
    participant *self = argument;
    int64_t start = clock_now();
    self->freed = trial_bury(&self->trial, &self->has_own_cycles);
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

// ---- trials ----

static bool
has_failed(const consensus *self)
{
    for (size_t i = 0; i < self->those->selected_count; i++) {
        if (((participant *)self->those->selected[i])->trial.has_failed) {
            return true;
        }
    }
    return false;
}

static void
free_trials(consensus *self)
{
    for (size_t i = 0; i < self->those->selected_count; i++) {
        trial_free(&((participant *)self->those->selected[i])->trial);
    }
}

// While all stand still: who is guilty. False: nobody, or no memory.
static bool
try(consensus *self)
{
    size_t count = self->those->selected_count, guilty = 0;
    int rounds = 0;
    bool is_changed = true;
    trial **trials = calloc(count + 1, sizeof *trials);
    for (size_t i = 0; trials != NULL && i < count; i++) {
        trials[i] = &((participant *)self->those->selected[i])->trial;
    }
    do_all(self, begin);
    while (trials != NULL && !has_failed(self) && rounds++ < MOST_ROUNDS &&
           (is_changed = trial_count(trials, count))) {
        do_all(self, proceed);
    }
    if (trials != NULL && !has_failed(self) && !is_changed) {
        do_all(self, conclude);
    }
    for (size_t i = 0; trials != NULL && i < count; i++) {
        guilty += trials[i]->guilty.count;
    }
    free(trials);
    return guilty > 0 && !has_failed(self);
}

static bool
has_finalizers(const consensus *self)
{
    for (size_t i = 0; i < self->those->selected_count; i++) {
        if (((participant *)self->those->selected[i])->has_finalizers) {
            return true;
        }
    }
    return false;
}

// Run the finalizers while all is as it was, and stop all again. False: they could not be stopped.
static bool
finalize_all(consensus *self, int64_t *start)
{
    do_all(self, detain);
    bool are_detained = !has_failed(self);
    free_trials(self);
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
punish(consensus *self, int64_t start)
{
    do_all(self, sever);
    end_stop(self, start);
    part(self, bury);
    size_t freed = 0;
    for (size_t i = 0; i < self->those->selected_count; i++) {
        participant *each = self->those->selected[i];
        self->report->busy += each->duration;
        freed += each->freed;
    }
    return freed;
}

static size_t
hold_trials(consensus *self)
{
    int64_t start = clock_now();
    size_t freed = 0;
    bool are_guilty = try(self), are_stopped = true, are_detained = false;
    if (are_guilty && has_finalizers(self)) {
        are_detained = true;
        are_stopped = finalize_all(self, &start);
        are_guilty = are_stopped && try(self);
    }
    if (are_guilty) {
        freed = punish(self, start);
    }
    else if (are_stopped) {
        end_stop(self, start);
        part(self, are_detained ? release : do_nothing);
    }
    free_trials(self);
    return freed;
}

typedef enum { CONSENSUS_REACHED, CONSENSUS_EXCLUDED, CONSENSUS_GIVEN_UP } consensus_end;

static consensus_end
try_batches(consensus *self, size_t *freed)
{
    for (size_t batch = 0; batch < self->batches; batch++) {
        for (size_t i = 0; i < self->those->count; i++) {
            self->those->items[i].batch = batch;
        }
        participants_select(self->those, is_accused);
        if (self->those->selected_count == 0) {
            continue;
        }
        if (!meet(self)) {
            return exclude_absent(self) ? CONSENSUS_EXCLUDED : CONSENSUS_GIVEN_UP;
        }
        *freed += hold_trials(self);
    }
    return CONSENSUS_REACHED;
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

// In those interpreters where the dead refer to each other at home.
static void
collect_each(consensus *self)
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
consensus_reach(participants *those, const collection_request *request, collection_report *report)
{
    consensus self = {.those = those, .request = request, .report = report};
    size_t freed = 0;
    consensus_end end = CONSENSUS_EXCLUDED;
    while (end == CONSENSUS_EXCLUDED && !must_stop(&self) && accuse(&self)) {
        end = try_batches(&self, &freed);
    }
    collect_each(&self);
    return freed;
}
