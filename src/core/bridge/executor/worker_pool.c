#include "bridge/executor/worker_pool.h"

#include "ground/interpreter/alarm.h"
#include "ground/base/clock.h"
#include "ground/base/shake.h"
#include "ground/base/text.h"

#define SPIN_ROUNDS 1000 // about 20 us

static atomic_uint forks;

static struct {
    pthread_mutex_t mutex; // guards all of it; taken before a pool's
    LIST_HEAD(, worker_pool) all;
    uint64_t count; // of pools ever made
} registry = {.mutex = PTHREAD_MUTEX_INITIALIZER};

static void
prepare_fork(void)
{
    pthread_mutex_lock(&registry.mutex);
}

static void
end_fork(void)
{
    pthread_mutex_unlock(&registry.mutex);
}

static void
count_fork(void)
{
    pthread_mutex_init(&registry.mutex, NULL);
    atomic_fetch_add(&forks, 1);
}

static void
install_fork_handlers(void)
{
    pthread_atfork(prepare_fork, end_fork, count_fork);
}

static void
add_to_registry(worker_pool *self)
{
    pthread_mutex_lock(&registry.mutex);
    self->id = ++registry.count;
    LIST_INSERT_HEAD(&registry.all, self, link);
    pthread_mutex_unlock(&registry.mutex);
}

static void
remove_from_registry(worker_pool *self)
{
    pthread_mutex_lock(&registry.mutex);
    LIST_REMOVE(self, link);
    pthread_mutex_unlock(&registry.mutex);
}

void
worker_pool_each(void (*visit)(const worker_pool_figures *figures, void *argument), void *argument)
{
    pthread_mutex_lock(&registry.mutex);
    worker_pool *each;
    LIST_FOREACH(each, &registry.all, link)
    {
        if (worker_pool_is_forgotten(each)) {
            continue;
        }
        worker_pool_figures figures = {.id = each->id, .name = each->name, .limit = each->limit};
        pthread_mutex_lock(&each->mutex);
        figures.phase = atomic_load(&each->phase);
        figures.workers = each->count;
        for (const pool_worker *worker = each->workers; worker != NULL; worker = worker->next) {
            figures.running += worker->running != NULL;
        }
        figures.queued = atomic_load(&each->pending);
        figures.done = each->done;
        pthread_mutex_unlock(&each->mutex);
        visit(&figures, argument);
    }
    pthread_mutex_unlock(&registry.mutex);
}

// ---- life ----

unsigned
worker_pool_forks(void)
{
    return atomic_load_explicit(&forks, memory_order_relaxed);
}

worker_pool *
worker_pool_new(int limit, const char *name)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, install_fork_handlers);
    worker_pool *self = PyMem_RawCalloc(1, sizeof *self);
    if (self != NULL) {
        atomic_init(&self->references, 1);
        self->generation = worker_pool_forks();
        self->limit = limit;
        pthread_mutex_init(&self->mutex, NULL);
        text_fit(self->name, sizeof self->name, "%s", name);
        add_to_registry(self);
    }
    return self;
}

void
worker_pool_incref(worker_pool *self)
{
    atomic_fetch_add_explicit(&self->references, 1, memory_order_relaxed);
}

void
worker_pool_decref(worker_pool *self)
{
    if (atomic_fetch_sub(&self->references, 1) != 1) {
        return;
    }
    remove_from_registry(self);
    while (self->first != NULL) {
        task *next = self->first->next;
        task_decref(self->first);
        self->first = next;
    }
    PyMem_RawFree(self);
}

bool
worker_pool_is_forgotten(const worker_pool *self)
{
    return self->generation != worker_pool_forks();
}

// ---- the queue ----

static void
append_locked(worker_pool *self, task *each)
{
    each->next = NULL;
    each->previous = self->last;
    *(self->last == NULL ? &self->first : &self->last->next) = each;
    self->last = each;
    self->pending++;
}

static void
unlink_locked(worker_pool *self, task *each)
{
    *(each->previous == NULL ? &self->first : &each->previous->next) = each->next;
    *(each->next == NULL ? &self->last : &each->next->previous) = each->previous;
    each->next = each->previous = NULL;
    self->pending--;
}

// ---- workers ----

static void
set_free_locked(worker_pool *self, pool_worker *worker, bool is_free)
{
    self->free += is_free - worker->is_free;
    worker->is_free = is_free;
}

static void
answer_call_locked(worker_pool *self, pool_worker *worker)
{
    if (worker->is_called) {
        worker->is_called = false;
        self->called--;
    }
}

// Wake one more free worker if there are more tasks than workers that were woken for them.
static void
call_locked(worker_pool *self)
{
    size_t coming = (size_t)(self->called + self->is_spinning);
    pool_worker *each = self->pending > coming ? self->workers : NULL;
    for (; each != NULL; each = each->next) {
        if (each->is_free && each->is_waiting && !each->is_called) {
            each->is_called = true;
            self->called++;
            pthread_cond_signal(&each->wake);
            return;
        }
    }
}

void
worker_pool_join(worker_pool *self, pool_worker *worker, interp *host, int limit)
{
    *worker = (pool_worker){.host = host, .left = limit};
    condition_init(&worker->wake);
    pthread_mutex_lock(&self->mutex);
    worker->next = self->workers;
    self->workers = worker;
    self->starting--;
    pthread_mutex_unlock(&self->mutex);
}

bool
worker_pool_wants_worker(worker_pool *self, size_t coming)
{
    if (worker_pool_is_forgotten(self)) {
        return false;
    }
    pthread_mutex_lock(&self->mutex);
    bool is_wanted =
        self->pending + coming > (size_t)(self->free + self->starting) && self->count < self->limit;
    self->count += is_wanted;
    self->starting += is_wanted;
    pthread_mutex_unlock(&self->mutex);
    return is_wanted;
}

void
worker_pool_give_up(worker_pool *self)
{
    if (worker_pool_is_forgotten(self)) {
        return;
    }
    pthread_mutex_lock(&self->mutex);
    self->count--;
    self->starting--;
    pthread_mutex_unlock(&self->mutex);
}

void
worker_pool_leave(worker_pool *self, pool_worker *worker)
{
    if (worker_pool_is_forgotten(self)) {
        return;
    }
    pthread_mutex_lock(&self->mutex);
    pool_worker **link = &self->workers;
    while (*link != worker) {
        link = &(*link)->next;
    }
    *link = worker->next;
    set_free_locked(self, worker, false);
    answer_call_locked(self, worker);
    self->count--;
    pthread_mutex_unlock(&self->mutex);
    pthread_cond_destroy(&worker->wake);
}

// ---- done ----

static void
set_phase_locked(task *self, task_phase phase)
{
    atomic_store_explicit(&self->phase, phase, memory_order_release); // pairs with task_get_phase
    for (task_waiter *each = self->waiters; each != NULL; each = each->next) {
        semaphore_post(&each->semaphore);
    }
}

static bool
finish_locked(task *done)
{
    if (done->is_lost) {
        return true;
    }
    bool is_told = !done->is_observed;
    if (is_told) {
        set_phase_locked(done, TASK_DONE);
    }
    else {
        atomic_store_explicit(&done->phase, TASK_TELLING, memory_order_release);
    }
    return is_told;
}

task *
worker_pool_finish(worker_pool *self, task *done)
{
    pthread_mutex_lock(&self->mutex);
    bool is_told = finish_locked(done);
    pthread_mutex_unlock(&self->mutex);
    if (is_told) {
        task_decref(done);
    }
    return is_told ? NULL : done;
}

void
worker_pool_settle(worker_pool *self, task *told, task_phase phase)
{
    pthread_mutex_lock(&self->mutex);
    set_phase_locked(told, phase);
    pthread_mutex_unlock(&self->mutex);
}

// ---- the worker's loop ----

// What the worker's thread must do now; WORKER_POOL_IDLE: nothing.
static worker_pool_order
decide_locked(worker_pool *self, pool_worker *worker, task **next)
{
    if (worker->left == 0) {
        set_free_locked(self, worker, false);
        return WORKER_POOL_WORN;
    }
    if (self->first != NULL) {
        worker->left -= worker->left > 0;
        *next = self->first;
        unlink_locked(self, *next);
        atomic_store_explicit(&(*next)->phase, TASK_RUNNING, memory_order_relaxed);
        worker->running = *next;
        set_free_locked(self, worker, false);
        return WORKER_POOL_RUN;
    }
    if (atomic_load(&self->phase) != WORKER_POOL_OPEN) {
        set_free_locked(self, worker, false);
        return WORKER_POOL_END;
    }
    return WORKER_POOL_IDLE;
}

// Spin before sleeping: tasks often follow each other faster than a thread can sleep and be woken.
static void
spin_locked(worker_pool *self)
{
    self->is_spinning = true;
    pthread_mutex_unlock(&self->mutex);
    for (int round = 0; round < SPIN_ROUNDS; round++) {
        cpu_relax();
        if (atomic_load_explicit(&self->pending, memory_order_relaxed) > 0 ||
            atomic_load_explicit(&self->phase, memory_order_relaxed) != WORKER_POOL_OPEN) {
            break;
        }
    }
    pthread_mutex_lock(&self->mutex);
    self->is_spinning = false;
}

static worker_pool_order
find_work_locked(worker_pool *self, pool_worker *worker, int64_t deadline, task **next)
{
    worker_pool_order order;
    bool may_spin = true; // once
    set_free_locked(self, worker, true);
    while ((order = decide_locked(self, worker, next)) == WORKER_POOL_IDLE && deadline != 0) {
        if (may_spin && !self->is_spinning) {
            may_spin = false;
            spin_locked(self);
            continue;
        }
        worker->is_waiting = true;
        if (!condition_wait(&worker->wake, &self->mutex, deadline)) {
            deadline = 0; // look once more
        }
        worker->is_waiting = false;
        answer_call_locked(self, worker);
    }
    return order;
}

worker_pool_order
worker_pool_next(worker_pool *self, pool_worker *worker, task *done, int64_t deadline, task **next)
{
    if (worker_pool_is_forgotten(self)) {
        return WORKER_POOL_END;
    }
    shake();
    pthread_mutex_lock(&self->mutex);
    worker->running = NULL;
    self->done += done != NULL;
    bool is_told = done == NULL || finish_locked(done);
    worker_pool_order order =
        is_told ? find_work_locked(self, worker, deadline, next) : WORKER_POOL_TELL;
    pthread_mutex_unlock(&self->mutex);
    if (!is_told) {
        *next = done;
    }
    else if (done != NULL) {
        task_decref(done);
    }
    return order;
}

// ---- submitting ----

worker_pool_phase
worker_pool_submit(worker_pool *self, task *first, size_t count)
{
    shake();
    pthread_mutex_lock(&self->mutex);
    worker_pool_phase phase = atomic_load(&self->phase);
    if (phase == WORKER_POOL_OPEN) {
        while (first != NULL) {
            task *next = first->next;
            if (UNLIKELY(first->traced != 0)) {
                task_trace_submit(first);
            }
            append_locked(self, first);
            first = next;
        }
        for (size_t i = 0; i < count && i < (size_t)self->free; i++) {
            call_locked(self);
        }
    }
    pthread_mutex_unlock(&self->mutex);
    return phase;
}

// ---- withdrawing, observing, ending ----

static void
withdraw_locked(worker_pool *self, task *unwanted, bool is_broken)
{
    unlink_locked(self, unwanted);
    if (is_broken) {
        unwanted->flags |= TASK_IS_BROKEN; // its arguments are freed when it is fetched or dropped
    }
    set_phase_locked(unwanted, is_broken ? TASK_DONE : TASK_CANCELLED);
}

bool
worker_pool_withdraw(worker_pool *self, task *unwanted, bool is_broken)
{
    pthread_mutex_lock(&self->mutex);
    bool is_pending = task_get_phase(unwanted) == TASK_PENDING;
    if (is_pending) {
        withdraw_locked(self, unwanted, is_broken);
    }
    pthread_mutex_unlock(&self->mutex);
    if (is_pending) {
        task_decref(unwanted);
    }
    return is_pending;
}

PyObject *
worker_pool_drop_pending(worker_pool *self, bool is_broken)
{
    task *dropped = NULL, *next;
    pthread_mutex_lock(&self->mutex);
    task *each = self->first;
    while (each != NULL && !each->is_observed) {
        next = each->next;
        withdraw_locked(self, each, is_broken);
        each->next = dropped;
        dropped = each;
        each = next;
    }
    PyObject *observer = each == NULL ? NULL : Py_NewRef(each->observer);
    pthread_mutex_unlock(&self->mutex);
    for (; dropped != NULL; dropped = next) {
        next = dropped->next;
        dropped->next = NULL;
        task_decref(dropped);
    }
    return observer;
}

// Steals the reference to the observer if it returns true.
bool
worker_pool_observe(worker_pool *self, task *watched, PyObject *observer)
{
    pthread_mutex_lock(&self->mutex);
    bool is_in_time = task_get_phase(watched) <= TASK_RUNNING && !watched->is_observed;
    if (is_in_time) {
        watched->is_observed = true;
        watched->observer = observer;
    }
    pthread_mutex_unlock(&self->mutex);
    return is_in_time;
}

interp *
worker_pool_host_of(worker_pool *self, const task *wanted)
{
    pthread_mutex_lock(&self->mutex);
    pool_worker *each = self->workers;
    while (each != NULL && each->running != wanted) {
        each = each->next;
    }
    interp *host = each == NULL || wanted->is_lost ? NULL : each->host;
    if (host != NULL) {
        interp_incref(host);
    }
    pthread_mutex_unlock(&self->mutex);
    return host;
}

task *
worker_pool_lose_running(worker_pool *self)
{
    task *observed = NULL;
    pthread_mutex_lock(&self->mutex);
    for (pool_worker *worker = self->workers; worker != NULL; worker = worker->next) {
        task *each = worker->running;
        if (each == NULL || each->is_lost) {
            continue;
        }
        each->is_lost = true;
        if (each->is_observed) {
            atomic_store_explicit(&each->phase, TASK_TELLING, memory_order_release);
            each->next = observed;
            observed = task_incref(each);
        }
        else {
            set_phase_locked(each, TASK_DONE);
        }
    }
    pthread_mutex_unlock(&self->mutex);
    return observed;
}

void
worker_pool_shut_down(worker_pool *self, worker_pool_phase why)
{
    pthread_mutex_lock(&self->mutex);
    if (atomic_load(&self->phase) < why) {
        atomic_store(&self->phase, why);
    }
    for (pool_worker *each = self->workers; each != NULL; each = each->next) {
        pthread_cond_signal(&each->wake);
    }
    pthread_mutex_unlock(&self->mutex);
}

// ---- answers ----

void
worker_pool_end_fetch(worker_pool *self, task *fetched, task_phase phase)
{
    if (worker_pool_is_forgotten(self)) { // no other thread waits
        atomic_store_explicit(&fetched->phase, phase, memory_order_release);
        return;
    }
    worker_pool_settle(self, fetched, phase);
}

// Spin before sleeping: being woken costs more than most calls take. A signal that comes during the
// spin would not interrupt the sleep, so it is reported.
static wait_result
spin_while(const task *awaited, task_phase first, task_phase last)
{
    unsigned before = alarm_count_signals();
    for (int round = 0; round < SPIN_ROUNDS && task_is_between(awaited, first, last); round++) {
        cpu_relax();
    }
    return alarm_count_signals() == before ? WAIT_WOKEN : WAIT_INTERRUPTED;
}

wait_result
worker_pool_wait(worker_pool *self, task *awaited, task_phase first, task_phase last,
                 int64_t deadline)
{
    bool may_spin = deadline > clock_now();
    wait_result result = may_spin ? spin_while(awaited, first, last) : WAIT_WOKEN;
    if (result == WAIT_INTERRUPTED) {
        return result;
    }
    task_waiter waiter;
    semaphore_init(&waiter.semaphore);
    pthread_mutex_lock(&self->mutex);
    bool must_wait = task_is_between(awaited, first, last);
    if (must_wait) {
        waiter.next = awaited->waiters;
        awaited->waiters = &waiter;
    }
    pthread_mutex_unlock(&self->mutex);
    if (must_wait) {
        result = semaphore_wait(&waiter.semaphore, deadline);
        pthread_mutex_lock(&self->mutex);
        task_waiter **link = &awaited->waiters;
        while (*link != &waiter) {
            link = &(*link)->next;
        }
        *link = waiter.next;
        pthread_mutex_unlock(&self->mutex);
    }
    return result;
}
