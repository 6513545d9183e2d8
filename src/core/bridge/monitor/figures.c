#include "bridge/monitor/figures.h"

#include <Python.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "bridge/executor/worker_pool.h"
#include "bridge/gc/collector.h"
#include "bridge/monitor/sampling.h"
#include "bridge/monitor/whereabouts.h"
#include "bridge/python/arenas.h"
#include "bridge/python/state.h"
#include "bridge/traceback/snapshot.h"
#include "ground/base/clock.h"
#include "ground/system/peek.h"
#include "ground/monitor/json.h"
#include "ground/queue/queue.h"

#define INTERPRETERS 256
#define QUEUES       256
#define EXECUTORS    128

typedef struct {
    int64_t id;
    const interp *record; // only compared
    interp_phase phase;
    char name[INTERP_NAME_SIZE];
    bool is_preemptive;
    uint64_t crossings;
    int visitors, thread_states, buffers;
    bool has_tables; // the next ones are known
    state_counts tables;
    size_t memory;
} figures_interpreter;

typedef struct {
    int count, ready, left_out;
    figures_interpreter list[INTERPRETERS];
} figures_interpreters;

typedef struct {
    text *into;
    int count, left_out;
} listing;

// ---- interpreters ----

// What it keeps under its GIL. Of an interpreter that is living afterwards it is true.
static void
read_tables(interp *each, figures_interpreter *into)
{
    uintptr_t core;
    into->has_tables = peek_word(&core, (uintptr_t)&each->core_state) && core != 0 &&
                       state_peek_counts(core, &into->tables) &&
                       phase_is_living(interp_get_phase(each));
}

static void
see_interpreter(interp *each, void *argument)
{
    figures_interpreters *all = argument;
    if (atomic_load(&each->role) != ROLE_IN_USE) {
        all->ready += atomic_load(&each->role) != ROLE_RETIRED;
        return;
    }
    if (all->count == INTERPRETERS) {
        all->left_out++;
        return;
    }
    figures_interpreter *into = &all->list[all->count++];
    *into = (figures_interpreter){
        .id = each->id,
        .record = each,
        .phase = interp_get_phase(each),
        .is_preemptive = atomic_load(&each->is_preemptive),
        .crossings = atomic_load_explicit(&each->crossings, memory_order_relaxed),
        .visitors = interp_count_visitors(each),
        .thread_states = interp_count_owned(each),
        .buffers = atomic_load(&each->buffers),
    };
    text_fit(into->name, sizeof into->name, "%s", each->name);
    read_tables(each, into);
}

static void
see_arena(int64_t interpreter_id, size_t bytes, void *argument)
{
    figures_interpreters *all = argument;
    for (int i = 0; i < all->count; i++) {
        if (all->list[i].id == interpreter_id) {
            all->list[i].memory += bytes;
        }
    }
}

static const char *
phase_name(interp_phase phase)
{
    static const char *const names[] = {
        [INTERP_OPEN] = "open",
        [INTERP_CLOSING] = "closing",
        [INTERP_ENDING] = "closing",
        [INTERP_CLOSED] = "closed",
    };
    return names[phase];
}

static int
count_waiting(const snapshot *seen, const interp *record)
{
    int count = 0;
    for (int i = 0; i < seen->transit_count; i++) {
        count += seen->transits[i].where == record && seen->transits[i].how == GUEST_ENTERING;
    }
    return count;
}

static void
add_interpreter(text *into, const figures_interpreter *each, snapshot *seen, bool has_samples)
{
    const frames_state *holder = snapshot_find_holder(seen, snapshot_find_id(seen, each->id));
    const seen_thread *inside = holder == NULL ? NULL : snapshot_find_thread(seen, holder->ident);
    json_begin(into, NULL, '{');
    json_number(into, "id", each->id);
    json_string(into, "name", each->name, strlen(each->name));
    json_string(into, "state", phase_name(each->phase), strlen(phase_name(each->phase)));
    json_bool(into, "preemptive", each->is_preemptive);
    json_number_or_null(into, "inside", holder != NULL,
                        holder == NULL ? 0 : (int64_t)holder->ident);
    json_number(into, "depth", inside == NULL ? 0 : inside->depth);
    json_number(into, "waiting", count_waiting(seen, each->record));
    json_number(into, "crossings", (int64_t)each->crossings);
    json_number(into, "visitors", each->visitors);
    json_number(into, "thread_states", each->thread_states);
    json_number_or_null(into, "exports", each->has_tables, (int64_t)each->tables.exports);
    json_number_or_null(into, "proxies", each->has_tables, (int64_t)each->tables.proxies);
    json_number(into, "buffers", each->buffers);
    json_number_or_null(into, "memory", each->id != 0, (int64_t)each->memory);
    if (has_samples) {
        sampling_interpreter spent = sampling_of_interpreter(each->id);
        json_seconds(into, "busy", spent.busy);
        json_seconds(into, "cpu", spent.cpu);
    }
    json_end(into, '}');
}

static int
add_interpreters(text *into, snapshot *seen, bool has_samples)
{
    figures_interpreters *all = calloc(1, sizeof *all);
    if (all == NULL) {
        into->is_cut = true;
        return 0;
    }
    registry_each(see_interpreter, all);
    arenas_each(see_arena, all);
    json_number(into, "ready", all->ready);
    json_begin(into, "interpreters", '[');
    for (int i = all->count - 1; i >= 0; i--) { // oldest first
        add_interpreter(into, &all->list[i], seen, has_samples);
    }
    json_end(into, ']');
    int left_out = all->left_out;
    free(all);
    return left_out;
}

// ---- threads ----

static int
add_threads(text *into, snapshot *seen, bool has_samples)
{
    json_begin(into, "threads", '[');
    for (int i = 0; i < seen->thread_count; i++) {
        if (snapshot_is_worth_telling(seen, &seen->threads[i])) {
            whereabouts_add(into, seen, &seen->threads[i], has_samples);
        }
    }
    json_end(into, ']');
    return seen->thread_left_out;
}

// ---- executors and queues ----

static void
add_executor(const worker_pool_figures *each, void *argument)
{
    listing *all = argument;
    const char *state = each->phase == WORKER_POOL_OPEN     ? "open"
                        : each->phase == WORKER_POOL_BROKEN ? "broken"
                                                            : "closing";
    if (each->name[0] == '\0') { // of a single call
        return;
    }
    if (all->count++ >= EXECUTORS) {
        all->left_out++;
        return;
    }
    json_begin(all->into, NULL, '{');
    json_number(all->into, "id", (int64_t)each->id);
    json_string(all->into, "name", each->name, strlen(each->name));
    json_string(all->into, "state", state, strlen(state));
    json_number(all->into, "limit", each->limit);
    json_number(all->into, "workers", each->workers);
    json_number(all->into, "queued", (int64_t)each->queued);
    json_number(all->into, "running", each->running);
    json_number(all->into, "done", (int64_t)each->done);
    json_end(all->into, '}');
}

static int
add_executors(text *into)
{
    listing all = {.into = into};
    json_begin(into, "executors", '[');
    worker_pool_each(add_executor, &all);
    json_end(into, ']');
    return all.left_out;
}

static void
add_queue(const queue_figures *each, void *argument)
{
    listing *all = argument;
    if (all->count++ >= QUEUES) {
        all->left_out++;
        return;
    }
    json_begin(all->into, NULL, '{');
    json_number(all->into, "id", (int64_t)each->id);
    json_string(all->into, "state", each->status.is_shut_down ? "closing" : "open",
                each->status.is_shut_down ? 7 : 4);
    json_number(all->into, "length", each->status.count);
    json_number_or_null(all->into, "maxsize", each->status.capacity > 0, each->status.capacity);
    json_number(all->into, "unfinished", each->status.unfinished);
    json_number(all->into, "getters", each->waiting[QUEUE_GETTERS]);
    json_number(all->into, "putters", each->waiting[QUEUE_PUTTERS]);
    json_number(all->into, "joiners", each->waiting[QUEUE_JOINERS]);
    json_end(all->into, '}');
}

static int
add_queues(text *into)
{
    listing all = {.into = into};
    json_begin(into, "queues", '[');
    queue_each(add_queue, &all);
    json_end(into, ']');
    return all.left_out;
}

// ---- the process ----

static void
add_collections(text *into)
{
    collector_totals totals;
    collector_count(&totals);
    json_begin(into, "gc", '{');
    json_number(into, "collections", (int64_t)totals.collections);
    json_number(into, "automatic", (int64_t)totals.automatic);
    json_number(into, "freed", (int64_t)totals.freed);
    json_number(into, "abandoned", (int64_t)totals.abandoned);
    json_seconds(into, "seconds", totals.busy);
    json_seconds(into, "longest_pause", totals.longest);
    json_seconds(into, "longest_stop", totals.stopped);
    json_end(into, '}');
}

static int64_t
resident_bytes(void)
{
    long long whole = 0, resident = -1;
    FILE *file = fopen("/proc/self/statm", "re");
    if (file != NULL) {
        if (fscanf(file, "%lld %lld", &whole, &resident) != 2) {
            resident = -1;
        }
        fclose(file);
    }
    return resident < 0 ? -1 : (int64_t)resident * sysconf(_SC_PAGESIZE);
}

static void
add_process(text *into, bool has_samples)
{
    struct timespec used = {0};
    int64_t memory = resident_bytes();
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    json_number(into, "format", FIGURES_FORMAT);
    json_number(into, "pid", getpid());
    json_string(into, "python", PY_VERSION, strlen(PY_VERSION));
    json_seconds(into, "time", clock_now());
    json_seconds(into, "cpu", (int64_t)used.tv_sec * NANOSECONDS_PER_SECOND + used.tv_nsec);
    json_number_or_null(into, "memory", memory >= 0, memory);
    if (has_samples) {
        json_seconds(into, "observed", sampling_observed());
    }
}

void
figures_add(text *into, bool has_samples)
{
    snapshot *seen = snapshot_take(NULL, 0);
    if (seen == NULL) {
        into->is_cut = true;
        return;
    }
    json_begin(into, NULL, '{');
    add_process(into, has_samples);
    int interpreters = add_interpreters(into, seen, has_samples);
    int threads = add_threads(into, seen, has_samples);
    int executors = add_executors(into), queues = add_queues(into);
    add_collections(into);
    json_begin(into, "left_out", '{');
    json_number(into, "interpreters", interpreters);
    json_number(into, "threads", threads);
    json_number(into, "executors", executors);
    json_number(into, "queues", queues);
    json_end(into, '}');
    json_end(into, '}');
    free(seen);
}
