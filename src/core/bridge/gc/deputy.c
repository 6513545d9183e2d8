#include "bridge/gc/deputy.h"

#include <stdlib.h>

#include "bridge/crossing/crossing.h"
#include "ground/interpreter/alarm.h"
#include "ground/base/clock.h"

// Leaving: it may have released the GIL already.
typedef enum { DEPUTY_OUTSIDE, DEPUTY_ENTERING, DEPUTY_INSIDE, DEPUTY_LEAVING } deputy_place;

struct deputy {
    interp *host; // counted
    pthread_t thread;
    deputy_place place;
    bool is_wanted;          // it must enter, or stay inside
    bool is_job_last;        // it must leave after the job
    bool is_refused;         // the interpreter has closed
    bool is_over;            // its thread must end once it is outside
    deputy_job job;          // to be done inside; NULL: none
    void *argument;          // of the job
    pthread_cond_t calls;    // something of the above has changed
    deputy *next, *previous; // in `all`; `next` also in `finished`
};

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER; // guards all of it; a leaf
static pthread_cond_t reports;                            // to the collector
static deputy *all = NULL;
static deputy *finished = NULL; // their threads are about to end, and must be joined
static bool is_prepared = false;
static __thread bool is_self = false;

// ---- its thread ----

static void
work_locked(deputy *self)
{
    while (self->is_wanted) {
        if (self->job == NULL) {
            pthread_cond_wait(&self->calls, &mutex);
            continue;
        }
        deputy_job job = self->job;
        pthread_mutex_unlock(&mutex);
        if (self->host->core_state != NULL) {
            job(self->host->core_state, self->argument);
        }
        pthread_mutex_lock(&mutex);
        self->job = NULL;
        self->is_wanted &= !self->is_job_last;
        pthread_cond_signal(&reports);
    }
}

static void
go_in_locked(deputy *self)
{
    crossing visit;
    self->place = DEPUTY_ENTERING;
    pthread_mutex_unlock(&mutex);
    atomic_fetch_or(&thread_self->wakeup, WAKEUP_COLLECTION);
    bool is_in = crossing_visit(self->host, &visit) == CROSSING_OK;
    atomic_fetch_and(&thread_self->wakeup, ~(unsigned)WAKEUP_COLLECTION);
    pthread_mutex_lock(&mutex);
    self->is_refused = !is_in;
    if (is_in) {
        self->place = DEPUTY_INSIDE;
        pthread_cond_signal(&reports);
        work_locked(self);
        self->place = DEPUTY_LEAVING;
        pthread_mutex_unlock(&mutex);
        crossing_end_visit(&visit);
        pthread_mutex_lock(&mutex);
    }
    self->is_wanted &= is_in;
    self->place = DEPUTY_OUTSIDE;
    pthread_cond_signal(&reports);
}

static void
unlink_locked(deputy *self)
{
    *(self->previous == NULL ? &all : &self->previous->next) = self->next;
    if (self->next != NULL) {
        self->next->previous = self->previous;
    }
}

static void *
run(void *argument)
{
    deputy *self = argument;
    is_self = true;
    bool has_memory = thread_mask() != NULL; // wake-ups must not interrupt what runs here
    pthread_mutex_lock(&mutex);
    while (!self->is_over) {
        if (self->is_wanted && has_memory) {
            go_in_locked(self);
        }
        else {
            pthread_cond_wait(&self->calls, &mutex);
        }
    }
    unlink_locked(self);
    self->next = finished;
    finished = self;
    pthread_cond_signal(&reports);
    pthread_mutex_unlock(&mutex);
    return NULL;
}

// ---- its life ----

static deputy *
find_locked(const interp *host)
{
    deputy *each = all;
    while (each != NULL && each->host != host) {
        each = each->next;
    }
    return each;
}

// Is there still a deputy of the latest collection? Waits until that has gone, unless it waits to
// enter.
static bool
has_deputy_locked(const interp *host)
{
    const deputy *former;
    while ((former = find_locked(host)) != NULL && former->place != DEPUTY_ENTERING) {
        pthread_cond_wait(&reports, &mutex);
    }
    return former != NULL;
}

static deputy *
make(interp *host)
{
    deputy *self = calloc(1, sizeof *self);
    if (self != NULL) {
        self->host = host;
        interp_incref(host);
        pthread_cond_init(&self->calls, NULL);
    }
    return self;
}

static void
destroy(deputy *self)
{
    pthread_cond_destroy(&self->calls);
    interp_decref(self->host);
    free(self);
}

static void
join_finished(void)
{
    pthread_mutex_lock(&mutex);
    deputy *each = finished;
    finished = NULL;
    pthread_mutex_unlock(&mutex);
    while (each != NULL) {
        deputy *next = each->next;
        pthread_join(each->thread, NULL);
        destroy(each);
        each = next;
    }
}

static void
link_locked(deputy *self)
{
    self->next = all;
    if (all != NULL) {
        all->previous = self;
    }
    all = self;
}

static deputy_result
start_locked(deputy **made, interp *host)
{
    if (has_deputy_locked(host)) {
        return DEPUTY_SENT;
    }
    deputy *self = make(host);
    if (self == NULL) {
        return DEPUTY_NO_MEMORY;
    }
    if (!thread_start(&self->thread, run, self)) {
        destroy(self);
        return DEPUTY_NO_THREAD;
    }
    link_locked(self);
    *made = self;
    return DEPUTY_SENT;
}

deputy_result
deputy_new(deputy **made, interp *host)
{
    *made = NULL;
    join_finished();
    pthread_mutex_lock(&mutex);
    if (!is_prepared) {
        is_prepared = true;
        condition_init(&reports);
    }
    deputy_result result = start_locked(made, host);
    pthread_mutex_unlock(&mutex);
    return result;
}

void
deputy_end(deputy *self)
{
    pthread_mutex_lock(&mutex);
    self->is_wanted = false;
    self->is_over = true;
    pthread_cond_signal(&self->calls);
    pthread_mutex_unlock(&mutex);
}

void
deputies_disband(int64_t deadline)
{
    bool in_time = true;
    pthread_mutex_lock(&mutex);
    while (all != NULL && in_time) {
        in_time = condition_wait(&reports, &mutex, deadline);
    }
    pthread_mutex_unlock(&mutex);
    join_finished();
}

// ---- visits ----

static void
tell_locked(deputy *self, bool is_wanted, deputy_job job, void *argument, bool is_job_last)
{
    self->is_wanted = is_wanted;
    self->job = job;
    self->argument = argument;
    self->is_job_last = is_job_last;
    self->is_refused &= !is_wanted;
    pthread_cond_signal(&self->calls);
}

static bool
has_work_locked(const deputy *self)
{
    return self->job != NULL && self->is_wanted;
}

void
deputies_visit(deputy *const *some, void *const *arguments, size_t count, deputy_job job,
               int64_t deadline)
{
    pthread_mutex_lock(&mutex);
    for (size_t i = 0; i < count; i++) {
        tell_locked(some[i], true, job, arguments[i], true);
    }
    for (size_t i = 0; i < count; i++) {
        bool in_time = true;
        while (has_work_locked(some[i]) && (in_time || some[i]->place == DEPUTY_INSIDE)) {
            in_time = condition_wait(&reports, &mutex, in_time ? deadline : DEADLINE_NEVER);
        }
        if (some[i]->job != NULL) {
            tell_locked(some[i], false, NULL, NULL, false);
        }
    }
    pthread_mutex_unlock(&mutex);
}

// ---- meetings ----

static size_t
count_locked(deputy *const *some, size_t count, deputy_place place)
{
    size_t found = 0;
    for (size_t i = 0; i < count; i++) {
        found += some[i]->place == place;
    }
    return found;
}

static bool
is_one_refused_locked(deputy *const *some, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (some[i]->is_refused) {
            return true;
        }
    }
    return false;
}

bool
deputies_meet(deputy *const *some, size_t count, int64_t deadline)
{
    pthread_mutex_lock(&mutex);
    for (size_t i = 0; i < count; i++) {
        tell_locked(some[i], true, NULL, NULL, false);
    }
    bool in_time = true;
    while (in_time && count_locked(some, count, DEPUTY_INSIDE) < count &&
           !is_one_refused_locked(some, count)) {
        in_time = condition_wait(&reports, &mutex, deadline);
    }
    bool are_met = count_locked(some, count, DEPUTY_INSIDE) == count;
    for (size_t i = 0; !are_met && i < count; i++) {
        tell_locked(some[i], false, NULL, NULL, false);
    }
    pthread_mutex_unlock(&mutex);
    return are_met;
}

static void
do_all(deputy *const *some, void *const *arguments, size_t count, deputy_job job, bool is_last)
{
    pthread_mutex_lock(&mutex);
    for (size_t i = 0; i < count; i++) {
        tell_locked(some[i], true, job, arguments[i], is_last);
    }
    for (size_t i = 0; i < count; i++) {
        while (some[i]->job != NULL) {
            pthread_cond_wait(&reports, &mutex);
        }
    }
    pthread_mutex_unlock(&mutex);
}

void
deputies_do(deputy *const *some, void *const *arguments, size_t count, deputy_job job)
{
    do_all(some, arguments, count, job, false);
}

void
deputies_part(deputy *const *some, void *const *arguments, size_t count, deputy_job job)
{
    do_all(some, arguments, count, job, true);
}

bool
deputies_rest(deputy *const *some, size_t count, int64_t deadline)
{
    bool in_time = true;
    pthread_mutex_lock(&mutex);
    while (in_time && count_locked(some, count, DEPUTY_OUTSIDE) < count) {
        in_time = condition_wait(&reports, &mutex, deadline);
    }
    pthread_mutex_unlock(&mutex);
    return in_time;
}

bool
deputy_is_kept_out(deputy *self)
{
    pthread_mutex_lock(&mutex);
    bool is_kept_out = self->place == DEPUTY_ENTERING || self->is_refused;
    pthread_mutex_unlock(&mutex);
    return is_kept_out;
}

bool
deputy_is_self(void)
{
    return is_self;
}

// The deputies' threads do not exist in the child.
void
deputy_fork_child(void)
{
    pthread_mutex_init(&mutex, NULL);
    is_prepared = false;
    all = finished = NULL;
}
