#include "bridge/gc/collector.h"

#include "bridge/gc/collection.h"
#include "bridge/gc/deputy.h"
#include "bridge/crossing/wakeup.h"
#include "bridge/trace/spans.h"
#include "ground/base/clock.h"
#include "ground/system/semaphore.h"
#include "ground/interpreter/thread.h"

#define DEFAULT_THRESHOLD 2000
#define LOOKS_APART       64 // exports between two checks of the threshold
#define PAUSE_FACTOR      40 // how many times as long as its overhead it pauses
// How long to wait for one interpreter.
#define PATIENCE_IF_ASKED  (500 * MILLISECOND)
#define PATIENCE_BY_ITSELF (50 * MILLISECOND)
#define STOP_PATIENCE      (1000 * MILLISECOND)

// A thread that waits for a collection.
typedef struct ticket {
    semaphore is_done;
    collection_report report;
    bool is_taken; // the collection that runs now answers it
    struct ticket *next;
} ticket;

static struct {
    pthread_mutex_t mutex; // guards all of it; a leaf
    pthread_cond_t called;
    pthread_cond_t ended;
    pthread_t thread;
    bool is_prepared, is_running, is_over;
    bool is_joinable; // its thread has not been joined
    ticket *tickets;
    int64_t resume_at; // not before that by itself
    collector_totals totals;
} collector = {.mutex = PTHREAD_MUTEX_INITIALIZER};

static atomic_bool must_stop = false;
static atomic_bool is_enabled = true;
static atomic_bool has_grown = false; // an interpreter's exports
static atomic_size_t threshold = DEFAULT_THRESHOLD;

// ---- its thread ----

static void
account_locked(const collection_report *report, bool is_automatic)
{
    collector_totals *totals = &collector.totals;
    totals->collections++;
    totals->automatic += is_automatic;
    totals->freed += report->freed;
    totals->abandoned += report->abandoned;
    totals->busy += report->busy;
    totals->longest = report->longest > totals->longest ? report->longest : totals->longest;
    totals->stopped = report->stopped > totals->stopped ? report->stopped : totals->stopped;
}

static void
answer_locked(const collection_report *report)
{
    ticket **each = &collector.tickets;
    while (*each != NULL) {
        ticket *taken = *each;
        if (taken->is_taken) {
            *each = taken->next;
            taken->report = *report;
            semaphore_post(&taken->is_done); // from here on the ticket may be freed
        }
        else {
            each = &taken->next;
        }
    }
}

static void
take_tickets_locked(void)
{
    for (ticket *each = collector.tickets; each != NULL; each = each->next) {
        each->is_taken = true;
    }
}

static void
collect_locked(bool is_automatic)
{
    collection_request request = {.is_thorough = !is_automatic,
                                  .patience = is_automatic ? PATIENCE_BY_ITSELF : PATIENCE_IF_ASKED,
                                  .must_stop = &must_stop};
    take_tickets_locked();
    atomic_store(&has_grown, false); // before collecting: later growth calls again
    pthread_mutex_unlock(&collector.mutex);
    int64_t since = trace_clock();
    collection_report report = collection_run(&request);
    spans_add(&(trace_event){.kind = TRACE_COLLECTION,
                             .number = (int64_t)report.freed,
                             .host = TRACE_NOWHERE,
                             .home = TRACE_NOWHERE,
                             .flags = is_automatic ? TRACE_BY_ITSELF : 0},
              since);
    pthread_mutex_lock(&collector.mutex);
    account_locked(&report, is_automatic);
    answer_locked(&report);
    if (is_automatic) {
        collector.resume_at = clock_now() + PAUSE_FACTOR * report.overhead;
    }
}

static bool
may_run_by_itself(void)
{
    return atomic_load(&has_grown) && atomic_load(&is_enabled);
}

static void *
run(void *unused)
{
    pthread_mutex_lock(&collector.mutex);
    while (!atomic_load(&must_stop)) {
        if (collector.tickets != NULL) {
            collect_locked(false);
        }
        else if (!may_run_by_itself()) {
            pthread_cond_wait(&collector.called, &collector.mutex);
        }
        else if (clock_now() >= collector.resume_at) {
            collect_locked(true);
        }
        else {
            (void)condition_wait(&collector.called, &collector.mutex, collector.resume_at);
        }
    }
    collector.is_running = false;
    pthread_cond_broadcast(&collector.ended);
    pthread_mutex_unlock(&collector.mutex);
    return NULL;
}

static void
start_locked(void)
{
    if (!collector.is_prepared) {
        collector.is_prepared = true;
        condition_init(&collector.called);
        condition_init(&collector.ended);
    }
    if (collector.is_joinable) { // the previous thread has ended by itself
        pthread_detach(collector.thread);
    }
    collector.is_running = thread_start(&collector.thread, run, NULL);
    collector.is_joinable = collector.is_running;
    if (!collector.is_running) {
        atomic_store(&has_grown, false); // later growth calls again
        take_tickets_locked();
        answer_locked(&(collection_report){.result = DEPUTY_NO_THREAD});
    }
}

// False: the collector has ended for good. True: all tickets are or will be answered.
static bool
call_locked(void)
{
    if (collector.is_running) {
        pthread_cond_signal(&collector.called);
    }
    else if (!collector.is_over && !atomic_load(&must_stop)) {
        start_locked();
    }
    return collector.is_running || !collector.is_over;
}

// ---- asking ----

static void
withdraw_locked(const ticket *mine)
{
    ticket **each = &collector.tickets;
    while (*each != NULL && *each != mine) {
        each = &(*each)->next;
    }
    if (*each != NULL) {
        *each = mine->next;
    }
}

// 0, or -1 with a signal handler's exception or a deadline's.
static int
wait_for(core_state *home, ticket *mine)
{
    for (;;) {
        wait_result why;
        int64_t limit = wakeup_wait_limit(DEADLINE_NEVER);
        Py_BEGIN_ALLOW_THREADS
        do {
            why = semaphore_wait(&mine->is_done, limit);
        } while (why == WAIT_INTERRUPTED && !thread_is_main());
        Py_END_ALLOW_THREADS
        if (why == WAIT_WOKEN) {
            return 0;
        }
        if (wakeup_check_wait(home, "to wait for a collection") < 0) {
            return -1;
        }
    }
}

// How many exports were freed, or -1 with an exception.
static Py_ssize_t
tell(const collection_report *report)
{
    switch (report->result) {
    case DEPUTY_NO_MEMORY:
        PyErr_NoMemory();
        return -1;
    case DEPUTY_NO_THREAD:
        PyErr_SetString(PyExc_RuntimeError, "can't start new thread");
        return -1;
    default:
        return (Py_ssize_t)report->freed;
    }
}

Py_ssize_t
collector_collect(core_state *home)
{
    if (deputy_is_self()) {
        return 0;
    }
    ticket mine = {0};
    semaphore_init(&mine.is_done);
    pthread_mutex_lock(&collector.mutex);
    mine.next = collector.tickets;
    collector.tickets = &mine;
    bool is_called = call_locked();
    if (!is_called) {
        withdraw_locked(&mine);
    }
    pthread_mutex_unlock(&collector.mutex);
    int failed = 0;
    if (is_called) {
        failed = wait_for(home, &mine);
        pthread_mutex_lock(&collector.mutex);
        withdraw_locked(&mine);
        pthread_mutex_unlock(&collector.mutex);
    }
    return failed ? -1 : tell(&mine.report);
}

static void
call_if_grown(void)
{
    if (may_run_by_itself()) {
        pthread_mutex_lock(&collector.mutex);
        (void)call_locked();
        pthread_mutex_unlock(&collector.mutex);
    }
}

COLD void
collector_note_growth(core_state *state)
{
    size_t count = state->exports.count, least = atomic_load(&threshold);
    size_t quarter = state->survivors / 4;
    state->growth_limit = count + LOOKS_APART;
    if (least > 0 && count > state->survivors + (quarter > least ? quarter : least) &&
        !atomic_exchange(&has_grown, true)) {
        call_if_grown();
    }
}

void
collector_note_survivors(core_state *state)
{
    state->survivors = state->growth_limit = state->exports.count;
}

// ---- settings ----

void
collector_enable(bool enabled)
{
    atomic_store(&is_enabled, enabled);
    call_if_grown();
}

bool
collector_is_enabled(void)
{
    return atomic_load(&is_enabled);
}

void
collector_set_threshold(size_t exports)
{
    atomic_store(&threshold, exports);
}

size_t
collector_get_threshold(void)
{
    return atomic_load(&threshold);
}

void
collector_count(collector_totals *totals)
{
    pthread_mutex_lock(&collector.mutex);
    *totals = collector.totals;
    pthread_mutex_unlock(&collector.mutex);
}

// ---- the end ----

static void
end_locked(void)
{
    int64_t deadline = clock_now() + STOP_PATIENCE;
    bool in_time = true;
    atomic_store(&must_stop, true);
    if (collector.is_running) {
        pthread_cond_signal(&collector.called);
    }
    while (collector.is_running && in_time) {
        in_time = condition_wait(&collector.ended, &collector.mutex, deadline);
    }
    if (collector.is_joinable && in_time) { // it has ended; its deputies end too
        pthread_t thread = collector.thread;
        collector.is_joinable = false;
        pthread_mutex_unlock(&collector.mutex);
        pthread_join(thread, NULL);
        deputies_disband(deadline);
        pthread_mutex_lock(&collector.mutex);
    }
}

void
collector_stop(void)
{
    pthread_mutex_lock(&collector.mutex);
    collector.is_over = true;
    end_locked();
    take_tickets_locked();
    answer_locked(&(collection_report){0});
    pthread_mutex_unlock(&collector.mutex);
}

void
collector_rest(void)
{
    pthread_mutex_lock(&collector.mutex);
    end_locked();
    if (!collector.is_running && !collector.is_over) {
        atomic_store(&must_stop, false);
    }
    pthread_mutex_unlock(&collector.mutex);
}

void
collector_resume(void)
{
    pthread_mutex_lock(&collector.mutex);
    if (!collector.is_over) {
        atomic_store(&must_stop,
                     false); // still set if a finalizer hung in collector_rest
    }
    if (collector.tickets != NULL) {
        (void)call_locked();
    }
    pthread_mutex_unlock(&collector.mutex);
}

void
collector_fork_child(void)
{
    pthread_mutex_init(&collector.mutex, NULL);
    collector.is_prepared = collector.is_running = collector.is_joinable = false;
    collector.tickets = NULL;
    atomic_store(&must_stop, collector.is_over);
    atomic_store(&has_grown, false);
    deputy_fork_child();
}
