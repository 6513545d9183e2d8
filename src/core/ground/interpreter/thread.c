#include "ground/interpreter/thread.h"

#include <signal.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "ground/interpreter/alarm.h"
#include "ground/base/clock.h"
#include "ground/base/text.h"
#include "ground/system/system_thread.h"

// Stack that is left to C code when a crossing is refused. CPython's own guard needs less.
#define STACK_MARGIN ((size_t)256 * 1024)

__thread thread *thread_self THREAD_SELF_MODEL = NULL;

static __thread bool is_helper;

static struct {
    pthread_mutex_t mutex; // guards the list
    thread *first;
    bool is_headless;      // the process does not end with its main thread
    bool will_be_headless; // the child that is being forked
    void (*end_helpers)(void);
} threads = {.mutex = PTHREAD_MUTEX_INITIALIZER};

static pthread_key_t destructor_key;
static pthread_once_t destructor_once = PTHREAD_ONCE_INIT;

static bool
has_no_user_locked(void)
{
    const thread *each = threads.first;
    while (each != NULL && each->is_helper) {
        each = each->next;
    }
    return each == NULL;
}

static void
thread_end(void *record)
{
    thread *self = record;
    deadline_forget_thread(self);
    pthread_mutex_lock(&threads.mutex);
    if (self->previous != NULL) {
        self->previous->next = self->next;
    }
    else {
        threads.first = self->next;
    }
    if (self->next != NULL) {
        self->next->previous = self->previous;
    }
    bool is_last = threads.is_headless && !self->is_helper && has_no_user_locked();
    pthread_mutex_unlock(&threads.mutex);
    for (uint32_t index = 0; index < self->capacity; index++) {
        if (self->guests[index] != NULL) {
            guest_end(self->guests[index]);
        }
    }
    if (self->lane != NULL) {
        trace_leave_lane(&self->lane, self->name);
    }
    free(self->guests);
    free(self);
    thread_self = NULL;
    if (is_last && threads.end_helpers != NULL) {
        threads.end_helpers();
    }
}

void
thread_listen_last(void (*end_helpers)(void))
{
    threads.end_helpers = end_helpers;
}

static void
make_destructor_key(void)
{
    pthread_key_create(&destructor_key, thread_end);
}

static const char *
find_stack_limit(void)
{
    const char *lowest;
    size_t size;
    if (!system_thread_stack(&lowest, &size)) {
        return NULL;
    }
    return lowest + (size < 4 * STACK_MARGIN ? size / 4 : STACK_MARGIN);
}

typedef struct {
    void *(*run)(void *);
    void *argument;
} task;

static void *
help(void *owned)
{
    task mine = *(task *)owned;
    free(owned);
    is_helper = true;
    return mine.run(mine.argument);
}

bool
thread_start(pthread_t *started, void *(*run)(void *), void *argument)
{
    task *given = malloc(sizeof *given);
    if (given == NULL) {
        return false;
    }
    *given = (task){run, argument};
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    bool is_started = pthread_create(started, NULL, help, given) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (!is_started) {
        free(given);
    }
    return is_started;
}

COLD thread *
thread_init(void)
{
    pthread_once(&destructor_once, make_destructor_key);
    thread *self = calloc(1, sizeof *self);
    if (self == NULL || pthread_setspecific(destructor_key, self) != 0) {
        free(self);
        return NULL;
    }
    self->stack_limit = find_stack_limit();
    self->ident = (unsigned long)pthread_self();
    self->current = -1;
    self->is_main = system_thread_is_main();
    self->is_helper = is_helper;
    pthread_mutex_lock(&threads.mutex);
    self->next = threads.first;
    if (self->next != NULL) {
        self->next->previous = self;
    }
    threads.first = self;
    pthread_mutex_unlock(&threads.mutex);
    thread_self = self;
    return self;
}

// Also ends the guest of a closed interpreter that had the same index.
COLD bool
thread_reserve(thread *self, const interp *host)
{
    if (host->index >= self->capacity) {
        uint32_t capacity = host->index + 8;
        guest **guests = realloc(self->guests, capacity * sizeof *guests);
        if (guests == NULL) {
            return false;
        }
        memset(guests + self->capacity, 0, (capacity - self->capacity) * sizeof *guests);
        self->guests = guests;
        self->capacity = capacity;
    }
    guest *stale = self->guests[host->index];
    if (stale != NULL && stale->interp != host) {
        self->guests[host->index] = NULL;
        guest_end(stale);
    }
    return true;
}

void
thread_unmask(thread *masked)
{
    if (masked != NULL && --masked->mask_depth == 0 &&
        UNLIKELY(atomic_load(&masked->wakeup) != 0)) {
        alarm_retry();
    }
}

void
thread_set_name(thread *self, const char *name)
{
    pthread_mutex_lock(&threads.mutex);
    text_fit(self->name, sizeof self->name, "%s", name);
    pthread_mutex_unlock(&threads.mutex);
}

void
thread_trace_block(thread *self)
{
    trace_lane *lane = trace_lane_of(&self->lane);
    if (lane != NULL) {
        trace_add(lane, &(trace_event){.begin = self->blocked_since,
                                       .end = ticks_now(),
                                       .kind = TRACE_BLOCKED,
                                       .host = TRACE_NOWHERE,
                                       .home = (int32_t)atomic_load(&self->current),
                                       .number = atomic_load(&self->blocked)});
    }
    self->blocked_since = 0;
}

void
thread_set_guest(thread *self, const interp *host, guest *visitor)
{
    self->guests[host->index] = visitor;
}

bool
thread_is_inside_closing(thread *self)
{
    for (uint32_t index = 0; index < self->capacity; index++) {
        guest *visitor = self->guests[index];
        if (visitor != NULL && visitor->is_owned && visitor->depth > 0 &&
            phase_is_closing(interp_get_phase(visitor->interp))) {
            return true;
        }
    }
    return false;
}

int64_t
thread_find_current(unsigned long ident)
{
    int64_t current = -1;
    pthread_mutex_lock(&threads.mutex);
    for (thread *each = threads.first; each != NULL; each = each->next) {
        if (each->ident == ident) {
            current = atomic_load_explicit(&each->current, memory_order_relaxed);
            break;
        }
    }
    pthread_mutex_unlock(&threads.mutex);
    return current;
}

void
thread_each(void (*visit)(thread *each, void *argument), void *argument)
{
    pthread_mutex_lock(&threads.mutex);
    for (thread *each = threads.first; each != NULL; each = each->next) {
        visit(each, argument);
    }
    pthread_mutex_unlock(&threads.mutex);
}

bool
thread_next_after(unsigned long ident, unsigned long *next, int64_t *current)
{
    thread *best = NULL;
    pthread_mutex_lock(&threads.mutex);
    for (thread *each = threads.first; each != NULL; each = each->next) {
        if (each->ident > ident && (best == NULL || each->ident < best->ident)) {
            best = each;
        }
    }
    if (best != NULL) {
        *next = best->ident;
        *current = atomic_load_explicit(&best->current, memory_order_relaxed);
    }
    pthread_mutex_unlock(&threads.mutex);
    return best != NULL;
}

void
thread_fork_prepare(void)
{
    bool was_main = system_thread_is_main();
    pthread_mutex_lock(&threads.mutex);
    threads.will_be_headless = threads.is_headless || !was_main;
}

void
thread_fork_parent(void)
{
    pthread_mutex_unlock(&threads.mutex);
}

void
thread_fork_child(void)
{
    pthread_mutex_init(&threads.mutex, NULL);
    threads.is_headless = threads.will_be_headless;
    threads.first = thread_self;
    if (thread_self == NULL) {
        return;
    }
    thread_self->next = thread_self->previous = NULL;
    thread_self->blocked_since = 0;
    thread_self->is_main = true;
    thread_self->is_helper = is_helper = false;
    for (uint32_t index = 0; index < thread_self->capacity; index++) {
        guest *visitor = thread_self->guests[index];
        if (visitor == NULL) {
            continue;
        }
        visitor->next = visitor->previous = NULL;
        visitor->interruption = NULL;
        visitor->is_interruptible = false;
        if (visitor->interp->is_main) {
            visitor->interp->guests = visitor;
        }
        else {
            visitor->is_reaped = true; // its interpreter is gone
        }
    }
}
