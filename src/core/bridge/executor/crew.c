#include "bridge/executor/crew.h"

#include <errno.h>

#include "ground/base/clock.h"
#include "ground/base/shake.h"

#define SPIN_ROUNDS 1000 // about 20 us

static atomic_uint forks;

static void
count_fork(void)
{
    atomic_fetch_add(&forks, 1);
}

static void
install_fork_handler(void)
{
    pthread_atfork(NULL, NULL, count_fork);
}

// ---- life ----

crew *
crew_new(int limit, bool may_lend)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, install_fork_handler);
    crew *self = PyMem_RawCalloc(1, sizeof *self);
    if (self != NULL) {
        atomic_init(&self->references, 1);
        self->generation = atomic_load(&forks);
        self->limit = limit;
        self->may_lend = may_lend;
        pthread_mutex_init(&self->mutex, NULL);
    }
    return self;
}

void
crew_incref(crew *self)
{
    atomic_fetch_add_explicit(&self->references, 1, memory_order_relaxed);
}

void
crew_decref(crew *self)
{
    if (atomic_fetch_sub(&self->references, 1) != 1) {
        return;
    }
    while (self->first != NULL) {
        task *next = self->first->next;
        task_decref(self->first);
        self->first = next;
    }
    PyMem_RawFree(self);
}

bool
crew_is_forgotten(const crew *self)
{
    return self->generation != atomic_load_explicit(&forks, memory_order_relaxed);
}

// ---- the queue ----

static void
append_locked(crew *self, task *each)
{
    each->next = NULL;
    each->previous = self->last;
    *(self->last == NULL ? &self->first : &self->last->next) = each;
    self->last = each;
    self->pending++;
}

static void
prepend_locked(crew *self, task *each)
{
    each->previous = NULL;
    each->next = self->first;
    *(self->first == NULL ? &self->last : &self->first->previous) = each;
    self->first = each;
    self->pending++;
}

static void
unlink_locked(crew *self, task *each)
{
    *(each->previous == NULL ? &self->first : &each->previous->next) = each->next;
    *(each->next == NULL ? &self->last : &each->next->previous) = each->previous;
    each->next = each->previous = NULL;
    self->pending--;
}

// ---- workers ----

static void
set_state_locked(crew *self, crew_worker *worker, worker_state state)
{
    self->free += (state == WORKER_FREE) - (worker->state == WORKER_FREE);
    worker->state = state;
}

static void
answer_call_locked(crew *self, crew_worker *worker)
{
    if (worker->is_called) {
        worker->is_called = false;
        self->called--;
    }
}

// Wake one more free worker if there are more tasks than workers that are on their way.
static void
call_locked(crew *self)
{
    size_t coming = (size_t)(self->called + self->is_spinning);
    crew_worker *each = self->pending > coming ? self->workers : NULL;
    for (; each != NULL; each = each->next) {
        if (each->state == WORKER_FREE && each->is_waiting && !each->is_called) {
            each->is_called = true;
            self->called++;
            pthread_cond_signal(&each->wake);
            return;
        }
    }
}

void
crew_join(crew *self, crew_worker *worker, interp *host)
{
    *worker = (crew_worker){.host = host, .state = WORKER_BUSY};
    condition_init(&worker->wake);
    pthread_mutex_lock(&self->mutex);
    worker->next = self->workers;
    self->workers = worker;
    self->starting--;
    pthread_mutex_unlock(&self->mutex);
}

bool
crew_wants_worker(crew *self)
{
    pthread_mutex_lock(&self->mutex);
    bool is_wanted =
        self->pending > (size_t)(self->free + self->starting) && self->count < self->limit;
    self->count += is_wanted;
    self->starting += is_wanted;
    pthread_mutex_unlock(&self->mutex);
    return is_wanted;
}

void
crew_give_up(crew *self)
{
    pthread_mutex_lock(&self->mutex);
    self->count--;
    self->starting--;
    pthread_mutex_unlock(&self->mutex);
}

// ---- done ----

static void
wake_waiters_locked(task *self)
{
    for (task_waiter *each = self->waiters; each != NULL; each = each->next) {
        sem_post(&each->semaphore);
    }
}

// The count that the queue had goes on to `observed`, or is to be dropped by the caller.
static task *
finish_locked(crew *self, task *done)
{
    atomic_store_explicit(&done->phase, TASK_DONE,
                          memory_order_release); // pairs with task_get_phase
    wake_waiters_locked(done);
    if (!done->is_observed) {
        return done;
    }
    done->next = self->observed;
    self->observed = done;
    return NULL;
}

static void
drop(task *self)
{
    if (self != NULL) {
        task_decref(self);
    }
}

void
crew_leave(crew *self, crew_worker *worker, task *done)
{
    pthread_mutex_lock(&self->mutex);
    crew_worker **link = &self->workers;
    while (*link != worker) {
        link = &(*link)->next;
    }
    *link = worker->next;
    set_state_locked(self, worker, WORKER_BUSY);
    answer_call_locked(self, worker);
    self->count--;
    if (done != NULL) {
        done = finish_locked(self, done);
    }
    pthread_mutex_unlock(&self->mutex);
    drop(done);
    pthread_cond_destroy(&worker->wake);
}

// What the worker's thread is to do now; CREW_IDLE: nothing, or its worker is lent.
static crew_order
decide_locked(crew *self, crew_worker *worker, task **next)
{
    if (worker->state == WORKER_LENT) {
        return CREW_IDLE;
    }
    if (self->observed != NULL && !self->is_telling) {
        self->is_telling = true;
        set_state_locked(self, worker, WORKER_AWAY);
        return CREW_TELL;
    }
    if (self->first != NULL) {
        *next = self->first;
        unlink_locked(self, *next);
        atomic_store_explicit(&(*next)->phase, TASK_RUNNING, memory_order_relaxed);
        set_state_locked(self, worker, WORKER_BUSY);
        return CREW_RUN;
    }
    if (atomic_load(&self->phase) != CREW_OPEN) {
        set_state_locked(self, worker, WORKER_BUSY);
        return CREW_END;
    }
    return CREW_IDLE;
}

// Tasks often follow each other within microseconds, and to sleep and be woken costs more than
// that.
static void
spin_locked(crew *self)
{
    self->is_spinning = true;
    pthread_mutex_unlock(&self->mutex);
    for (int round = 0; round < SPIN_ROUNDS; round++) {
        cpu_relax();
        if (atomic_load_explicit(&self->pending, memory_order_relaxed) > 0 ||
            atomic_load_explicit(&self->phase, memory_order_relaxed) != CREW_OPEN) {
            break;
        }
    }
    pthread_mutex_lock(&self->mutex);
    self->is_spinning = false;
}

crew_order
crew_next(crew *self, crew_worker *worker, task *done, int64_t deadline, task **next)
{
    shake();
    pthread_mutex_lock(&self->mutex);
    if (done != NULL) {
        done = finish_locked(self, done);
    }
    if (worker->state != WORKER_LENT) {
        set_state_locked(self, worker, WORKER_FREE);
    }
    crew_order order;
    bool may_spin = true; // once
    while ((order = decide_locked(self, worker, next)) == CREW_IDLE && deadline != 0) {
        if (may_spin && !self->is_spinning) {
            may_spin = false;
            spin_locked(self);
            if (worker->state == WORKER_LENT) {
                call_locked(self); // for the tasks that this one was to look for
            }
            continue;
        }
        worker->is_waiting = true;
        if (!condition_wait(&worker->wake, &self->mutex, deadline)) {
            deadline = 0; // to look once more
        }
        worker->is_waiting = false;
        answer_call_locked(self, worker);
    }
    pthread_mutex_unlock(&self->mutex);
    drop(done);
    return order;
}

bool
crew_begin_telling(crew *self)
{
    pthread_mutex_lock(&self->mutex);
    shake();
    bool may_tell = self->observed != NULL && !self->is_telling;
    self->is_telling |= may_tell;
    pthread_mutex_unlock(&self->mutex);
    return may_tell;
}

task *
crew_take_observed(crew *self)
{
    pthread_mutex_lock(&self->mutex);
    task *taken = self->observed;
    if (taken == NULL) {
        self->is_telling = false;
    }
    else {
        self->observed = taken->next;
        taken->next = NULL;
    }
    pthread_mutex_unlock(&self->mutex);
    return taken;
}

// ---- submitting ----

crew_phase
crew_submit(crew *self, task *first, size_t count)
{
    shake();
    pthread_mutex_lock(&self->mutex);
    crew_phase phase = atomic_load(&self->phase);
    if (phase == CREW_OPEN) {
        while (first != NULL) {
            task *next = first->next;
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

// ---- lending ----

static crew_worker *
find_idle_locked(crew *self)
{
    crew_worker *found = NULL;
    for (crew_worker *each = self->workers; each != NULL; each = each->next) {
        // Better one whose thread is not on its way to another task.
        if (each->state == WORKER_FREE && each->is_waiting && !each->is_called) {
            return each;
        }
        if (each->state == WORKER_FREE || each->state == WORKER_AWAY) {
            found = each;
        }
    }
    return found;
}

crew_worker *
crew_borrow(crew *self, task *wanted)
{
    crew_worker *worker = NULL;
    shake();
    pthread_mutex_lock(&self->mutex);
    if (self->may_lend && task_get_phase(wanted) == TASK_PENDING &&
        (worker = find_idle_locked(self)) != NULL) {
        unlink_locked(self, wanted);
        atomic_store_explicit(&wanted->phase, TASK_RUNNING, memory_order_relaxed);
        set_state_locked(self, worker, WORKER_LENT);
        if (worker->is_called) {
            answer_call_locked(self, worker);
            call_locked(self); // for the task that it was called for
        }
    }
    pthread_mutex_unlock(&self->mutex);
    return worker;
}

void
crew_give_back(crew *self, crew_worker *worker, task *done, bool has_run)
{
    pthread_mutex_lock(&self->mutex);
    if (has_run) {
        done = finish_locked(self, done);
    }
    else {
        atomic_store_explicit(&done->phase, TASK_PENDING, memory_order_relaxed);
        prepend_locked(self, done);
        done = NULL;
    }
    set_state_locked(self, worker, WORKER_FREE);
    if (self->pending > 0) {
        call_locked(self);
    }
    if (atomic_load(&self->phase) != CREW_OPEN) {
        pthread_cond_signal(&worker->wake);
    }
    pthread_mutex_unlock(&self->mutex);
    drop(done);
}

// ---- cancelling, observing, ending ----

bool
crew_cancel(crew *self, task *unwanted)
{
    task *unqueued = NULL;
    pthread_mutex_lock(&self->mutex);
    bool is_pending = task_get_phase(unwanted) == TASK_PENDING;
    if (is_pending) {
        unlink_locked(self, unwanted);
        unqueued = unwanted;
        atomic_store_explicit(&unwanted->phase, TASK_CANCELLED, memory_order_release);
        wake_waiters_locked(unwanted);
    }
    pthread_mutex_unlock(&self->mutex);
    drop(unqueued);
    return is_pending;
}

// Steals the observer unless it is too late.
bool
crew_observe(crew *self, task *watched, PyObject *observer)
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

void
crew_shut_down(crew *self, crew_phase why)
{
    pthread_mutex_lock(&self->mutex);
    if (atomic_load(&self->phase) < why) {
        atomic_store(&self->phase, why);
    }
    for (crew_worker *each = self->workers; each != NULL; each = each->next) {
        pthread_cond_signal(&each->wake);
    }
    pthread_mutex_unlock(&self->mutex);
}

task *
crew_drain(crew *self, bool is_broken)
{
    task *observed = NULL, *dropped = NULL;
    pthread_mutex_lock(&self->mutex);
    while (self->first != NULL) {
        task *each = self->first;
        unlink_locked(self, each);
        if (is_broken) {
            each->flags |= TASK_IS_BROKEN; // its arguments go when it is fetched or dropped
        }
        atomic_store_explicit(&each->phase, is_broken ? TASK_DONE : TASK_CANCELLED,
                              memory_order_release);
        wake_waiters_locked(each);
        task **list = each->is_observed ? &observed : &dropped;
        each->next = *list;
        *list = each;
    }
    pthread_mutex_unlock(&self->mutex);
    while (dropped != NULL) {
        task *next = dropped->next;
        dropped->next = NULL;
        task_decref(dropped);
        dropped = next;
    }
    return observed;
}

// ---- answers ----

bool
crew_begin_fetch(crew *self, task *done)
{
    pthread_mutex_lock(&self->mutex);
    bool may_fetch = task_get_phase(done) == TASK_DONE;
    if (may_fetch) {
        atomic_store_explicit(&done->phase, TASK_FETCHING, memory_order_relaxed);
    }
    pthread_mutex_unlock(&self->mutex);
    return may_fetch;
}

void
crew_end_fetch(crew *self, task *done)
{
    pthread_mutex_lock(&self->mutex);
    atomic_store_explicit(&done->phase, TASK_FETCHED, memory_order_release);
    wake_waiters_locked(done);
    pthread_mutex_unlock(&self->mutex);
}

static wait_result
wait_for_post(task_waiter *self, int64_t deadline)
{
    struct timespec until = clock_timespec(deadline);
    int failed = deadline == DEADLINE_NEVER
                     ? sem_wait(&self->semaphore)
                     : sem_clockwait(&self->semaphore, CLOCK_MONOTONIC, &until);
    if (!failed) {
        return WAIT_WOKEN;
    }
    return errno == EINTR ? WAIT_INTERRUPTED : WAIT_EXPIRED;
}

wait_result
crew_wait(crew *self, task *awaited, task_phase beyond, int64_t deadline)
{
    wait_result result = WAIT_WOKEN;
    task_waiter waiter;
    sem_init(&waiter.semaphore, 0, 0);
    pthread_mutex_lock(&self->mutex);
    bool must_wait = task_get_phase(awaited) <= beyond;
    if (must_wait) {
        waiter.next = awaited->waiters;
        awaited->waiters = &waiter;
    }
    pthread_mutex_unlock(&self->mutex);
    if (must_wait) {
        result = wait_for_post(&waiter, deadline);
        pthread_mutex_lock(&self->mutex);
        task_waiter **link = &awaited->waiters;
        while (*link != &waiter) {
            link = &(*link)->next;
        }
        *link = waiter.next;
        pthread_mutex_unlock(&self->mutex);
    }
    sem_destroy(&waiter.semaphore);
    return result;
}
