#include "ground/interpreter/alarm.h"

#include <pthread.h>

#include "ground/system/barrier.h"
#include "ground/base/clock.h"
#include "ground/system/semaphore.h"

// A missed wake-up is posted again after a pause, which doubles from the first to the last.
#define FIRST_PAUSE (1 * MILLISECOND)
#define LAST_PAUSE  (64 * MILLISECOND)

static struct {
    pthread_mutex_t mutex; // guards all of it, every deadline, and thread.deadlines
    alarm_note note;
    alarm_post post;
    alarm_tick tick;
    pthread_t thread;
    bool is_running;
    bool is_to_be_joined; // it may have ended
    bool must_stop;
    bool is_over;          // for good
    semaphore wakeup;      // something has changed; needs no mutex
    atomic_bool is_rung;   // a signal has come; needs no mutex
    atomic_uint signals;   // how many have come; needs no mutex
    atomic_bool is_missed; // a wake-up was not answered; needs no mutex
    int64_t pause, retry_at;
    int64_t earliest; // of all deadlines that have not expired
} alarm_clock = {.mutex = PTHREAD_MUTEX_INITIALIZER,
                 .pause = FIRST_PAUSE,
                 .retry_at = DEADLINE_NEVER,
                 .earliest = DEADLINE_NEVER};

// ---- deadlines ----

static bool
is_level(const deadline *self, const interp *where, int depth)
{
    return self->where == where && self->depth == depth;
}

void
deadline_start(deadline *self, thread *here, const interp *where, int depth, int64_t duration)
{
    int64_t now = clock_now();
    *self = (deadline){.start = now,
                       .traced = trace_clock(),
                       .when = duration < DEADLINE_NEVER - now ? now + duration : DEADLINE_NEVER,
                       .thread = here,
                       .where = where,
                       .depth = depth};
    pthread_mutex_lock(&alarm_clock.mutex);
    self->outer = here->deadlines;
    here->deadlines = self;
    bool is_first = self->when < alarm_clock.earliest;
    if (is_first) {
        alarm_clock.earliest = self->when;
    }
    pthread_mutex_unlock(&alarm_clock.mutex);
    if (is_first) {
        semaphore_post(&alarm_clock.wakeup);
    }
}

static bool
has_unheeded_locked(const thread *whose)
{
    const deadline *each = whose->deadlines;
    while (each != NULL && (!each->is_expired || each->is_heeded)) {
        each = each->outer;
    }
    return each != NULL;
}

static void
update_wakeup_locked(thread *whose)
{
    if (!has_unheeded_locked(whose)) {
        atomic_fetch_and(&whose->wakeup, ~(unsigned)WAKEUP_DEADLINE);
    }
}

static void
trace_block(const deadline *self)
{
    trace_lane *lane = trace_lane_of(&thread_self->lane);
    if (lane != NULL) {
        bool has_end = self->when != DEADLINE_NEVER;
        trace_add(lane, &(trace_event){.begin = self->traced,
                                       .end = ticks_now(),
                                       .kind = TRACE_TIMEOUT,
                                       .host = TRACE_NOWHERE,
                                       .home = (int32_t)atomic_load(&thread_self->current),
                                       .number = has_end ? self->when - self->start : -1,
                                       .flags = self->is_heeded ? TRACE_HAS_FAILED : 0});
    }
}

void
deadline_stop(deadline *self)
{
    if (trace_is_on() && self->thread != NULL && self->thread == thread_self) {
        trace_block(self);
    }
    pthread_mutex_lock(&alarm_clock.mutex);
    thread *whose = self->thread;
    if (whose != NULL) {
        deadline **link = &whose->deadlines;
        while (*link != self) {
            link = &(*link)->outer;
        }
        *link = self->outer;
        self->thread = NULL;
        update_wakeup_locked(whose);
    }
    pthread_mutex_unlock(&alarm_clock.mutex);
}

deadline_place
deadline_heed(thread *here, const interp *where, int depth, bool only_outside, int64_t *elapsed)
{
    deadline_place place = DEADLINE_NONE;
    int64_t now = clock_now();
    pthread_mutex_lock(&alarm_clock.mutex);
    deadline *each = here->deadlines;
    while (each != NULL && (each->when > now || each->is_heeded)) {
        each = each->outer;
    }
    if (each != NULL) {
        each->is_expired = true; // the alarm may not have come to it
        place = is_level(each, where, depth) ? DEADLINE_HERE : DEADLINE_OUTSIDE;
        *elapsed = now - each->start;
        each->is_heeded = place == DEADLINE_OUTSIDE || !only_outside;
    }
    update_wakeup_locked(here);
    pthread_mutex_unlock(&alarm_clock.mutex);
    return place;
}

int64_t
deadline_next(const thread *here)
{
    int64_t next = DEADLINE_NEVER;
    pthread_mutex_lock(&alarm_clock.mutex);
    for (const deadline *each = here->deadlines; each != NULL; each = each->outer) {
        if (!each->is_heeded && each->when < next) {
            next = each->when;
        }
    }
    pthread_mutex_unlock(&alarm_clock.mutex);
    return next;
}

bool
deadline_unheed(thread *here)
{
    pthread_mutex_lock(&alarm_clock.mutex);
    deadline *each = here->deadlines;
    while (each != NULL && !each->is_heeded) {
        each = each->outer;
    }
    if (each != NULL) {
        each->is_heeded = false;
        atomic_fetch_or(&here->wakeup, WAKEUP_DEADLINE);
    }
    pthread_mutex_unlock(&alarm_clock.mutex);
    if (each != NULL) {
        alarm_retry();
    }
    return each != NULL;
}

bool
deadline_was_heeded(thread *here, const interp *where, int depth)
{
    pthread_mutex_lock(&alarm_clock.mutex);
    const deadline *each = here->deadlines;
    while (each != NULL && !(each->is_heeded && is_level(each, where, depth))) {
        each = each->outer;
    }
    pthread_mutex_unlock(&alarm_clock.mutex);
    return each != NULL;
}

bool
deadline_is_expired(const deadline *self)
{
    pthread_mutex_lock(&alarm_clock.mutex);
    bool is_expired = self->is_expired;
    pthread_mutex_unlock(&alarm_clock.mutex);
    return is_expired;
}

void
deadline_forget_thread(thread *here)
{
    pthread_mutex_lock(&alarm_clock.mutex);
    for (deadline *each = here->deadlines; each != NULL; each = each->outer) {
        each->thread = NULL;
    }
    here->deadlines = NULL;
    pthread_mutex_unlock(&alarm_clock.mutex);
}

// ---- the thread ----

static void
summon(thread *whom)
{
    barrier_heavy(); // pairs with crossing_attach: it sees the wake-up, or we see where it is
    alarm_clock.note(whom);
}

static void
expire(thread *whose, void *unused)
{
    int64_t now = clock_now();
    bool has_expired = false;
    for (deadline *each = whose->deadlines; each != NULL; each = each->outer) {
        if (each->is_expired) {
            continue;
        }
        if (each->when <= now) {
            each->is_expired = has_expired = true;
        }
        else if (each->when < alarm_clock.earliest) {
            alarm_clock.earliest = each->when;
        }
    }
    if (has_expired) {
        atomic_fetch_or(&whose->wakeup, WAKEUP_DEADLINE);
        summon(whose);
    }
}

static void
summon_again(thread *whom, void *unused)
{
    if (atomic_load(&whom->wakeup) != 0) {
        summon(whom);
    }
}

static void
tell_main_thread(thread *each, void *unused)
{
    if (each->is_main) {
        atomic_fetch_or(&each->wakeup, WAKEUP_SIGNAL);
        summon(each);
    }
}

static void
look_locked(void)
{
    if (atomic_exchange(&alarm_clock.is_rung, false)) {
        thread_each(tell_main_thread, NULL);
        alarm_clock.pause = FIRST_PAUSE;
    }
    if (alarm_clock.earliest <= clock_now()) {
        alarm_clock.earliest = DEADLINE_NEVER;
        thread_each(expire, NULL);
        alarm_clock.pause = FIRST_PAUSE;
    }
    if (alarm_clock.retry_at <= clock_now()) {
        alarm_clock.retry_at = DEADLINE_NEVER;
        thread_each(summon_again, NULL);
    }
    // A retry that is already due stays: later misses must not put it off.
    if (atomic_exchange(&alarm_clock.is_missed, false) && alarm_clock.retry_at == DEADLINE_NEVER) {
        alarm_clock.retry_at = clock_now() + alarm_clock.pause;
        if (alarm_clock.pause < LAST_PAUSE) {
            alarm_clock.pause *= 2;
        }
    }
}

static void *
run(void *unused)
{
    pthread_mutex_lock(&alarm_clock.mutex);
    while (!alarm_clock.must_stop) {
        look_locked();
        int64_t next = alarm_clock.earliest < alarm_clock.retry_at ? alarm_clock.earliest
                                                                   : alarm_clock.retry_at;
        pthread_mutex_unlock(&alarm_clock.mutex);
        alarm_clock.post();
        int64_t tick = alarm_clock.tick();
        semaphore_wait(&alarm_clock.wakeup, tick < next ? tick : next);
        pthread_mutex_lock(&alarm_clock.mutex);
    }
    alarm_clock.is_running = false;
    pthread_mutex_unlock(&alarm_clock.mutex);
    return NULL;
}

static void
join(void)
{
    if (alarm_clock.is_to_be_joined) {
        pthread_join(alarm_clock.thread, NULL);
        alarm_clock.is_to_be_joined = false;
    }
}

// The former thread, which has rested, needs the mutex no more.
static void
start_locked(void)
{
    join();
    semaphore_init(&alarm_clock.wakeup);
    alarm_clock.is_running = thread_start(&alarm_clock.thread, run, NULL);
    alarm_clock.is_to_be_joined = alarm_clock.is_running;
}

bool
alarm_start(alarm_note note, alarm_post post, alarm_tick tick)
{
    pthread_mutex_lock(&alarm_clock.mutex);
    if (!alarm_clock.is_over) {
        alarm_clock.must_stop = false; // it may be about to rest
    }
    if (!alarm_clock.is_running && !alarm_clock.is_over) {
        alarm_clock.note = note; // before the thread starts: it reads them without the mutex
        alarm_clock.post = post;
        alarm_clock.tick = tick;
        start_locked();
    }
    bool is_running = alarm_clock.is_running && !alarm_clock.is_over;
    pthread_mutex_unlock(&alarm_clock.mutex);
    return is_running;
}

bool
alarm_is_running(void)
{
    pthread_mutex_lock(&alarm_clock.mutex);
    bool is_running = alarm_clock.is_running && !alarm_clock.is_over;
    pthread_mutex_unlock(&alarm_clock.mutex);
    return is_running;
}

static void
tell_to_stop(bool for_good)
{
    pthread_mutex_lock(&alarm_clock.mutex);
    alarm_clock.is_over |= for_good;
    alarm_clock.must_stop = true;
    bool is_running = alarm_clock.is_running;
    pthread_mutex_unlock(&alarm_clock.mutex);
    if (is_running) {
        semaphore_post(&alarm_clock.wakeup);
    }
}

void
alarm_stop(void)
{
    tell_to_stop(true);
    join(); // none starts any more
}

void
alarm_rest(void)
{
    tell_to_stop(false);
}

void
alarm_look(void)
{
    semaphore_post(&alarm_clock.wakeup);
}

// Runs in a signal handler: only async-signal-safe calls.
void
alarm_ring(void)
{
    atomic_fetch_add(&alarm_clock.signals, 1);
    atomic_store(&alarm_clock.is_rung, true);
    semaphore_post(&alarm_clock.wakeup);
}

unsigned
alarm_count_signals(void)
{
    return atomic_load(&alarm_clock.signals);
}

bool
alarm_is_rung(void)
{
    return atomic_load(&alarm_clock.is_rung);
}

void
alarm_retry(void)
{
    if (!atomic_exchange(&alarm_clock.is_missed, true)) {
        semaphore_post(&alarm_clock.wakeup);
    }
}

// ---- fork ----

void
alarm_fork_prepare(void)
{
    pthread_mutex_lock(&alarm_clock.mutex);
}

void
alarm_fork_parent(void)
{
    pthread_mutex_unlock(&alarm_clock.mutex);
}

void
alarm_fork_child(void)
{
    pthread_mutex_init(&alarm_clock.mutex, NULL);
    alarm_clock.is_running = false;
    alarm_clock.is_to_be_joined = false;
    alarm_clock.is_over = false;
    alarm_clock.retry_at = DEADLINE_NEVER;
}
