#include "ground/traceback/reporter.h"
#include "ground/system/semaphore.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#define SLOW_VISITS 16 // in one report
#define SIGNALS     65 // _NSIG

typedef struct {
    atomic_bool is_registered; // read without the mutex
    bool is_left;              // not registered any more, but other code may restore our handler
    int descriptor;
    struct sigaction before;  // what our handler replaced
    struct sigaction beneath; // if is_left: what it replaced first
    atomic_bool is_rung;      // without the mutex
} signal_slot;

static struct {
    pthread_mutex_t mutex; // guards all of it, and every watchdog
    reporter_report report;
    bool is_running;
    bool must_stop;
    semaphore wakeup; // without the mutex
    signal_slot signals[SIGNALS];
    watchdog *watchdogs;
} reporter = {.mutex = PTHREAD_MUTEX_INITIALIZER};

// ---- watchdogs ----

typedef struct {
    const watchdog *owner;
    int64_t now, next;
    slow_visit slow[SLOW_VISITS];
    int count;
} look;

static void
look_at_thread(thread *each, void *argument)
{
    look *self = argument;
    crossing_log_seen levels[CROSSING_LOG_LEVELS];
    int depth = crossing_log_copy(&each->visits, levels);
    int64_t shown = -1; // when the visit around this one is reported; this one too, if it had begun
    for (int i = 0; i < depth && i < CROSSING_LOG_LEVELS; i++) {
        // A visit that began before the watchdog counts from the watchdog's start.
        int64_t since = levels[i].since < self->owner->start ? self->owner->start : levels[i].since;
        if (since == CROSSING_LOG_UNTIMED || since <= shown) {
            continue;
        }
        int64_t when = shown = since + self->owner->limit;
        if (when > self->now) {
            self->next = when < self->next ? when : self->next;
        }
        else if (when > self->owner->looked && self->count < SLOW_VISITS) {
            self->slow[self->count++] =
                (slow_visit){each->ident, levels[i].host, self->now - since};
        }
    }
}

// ---- the thread ----

// The descriptor is duplicated, so that it can be closed before all is written.
static void
report_unlocked(int descriptor, const slow_visit *slow, int count)
{
    int own = fcntl(descriptor, F_DUPFD_CLOEXEC, 0);
    pthread_mutex_unlock(&reporter.mutex);
    if (own >= 0) {
        reporter.report(own, slow, count);
        close(own);
    }
    pthread_mutex_lock(&reporter.mutex);
}

static void
answer_signals(void)
{
    for (int number = 0; number < SIGNALS; number++) {
        signal_slot *slot = &reporter.signals[number];
        if (atomic_exchange(&slot->is_rung, false) && slot->is_registered) {
            report_unlocked(slot->descriptor, NULL, 0);
        }
    }
}

// Lets one watchdog report, if one has something to report; the list may change meanwhile. False:
// none has.
static bool
look_around(int64_t *next)
{
    for (watchdog *each = reporter.watchdogs; each != NULL; each = each->next) {
        look at = {.owner = each, .now = clock_now(), .next = DEADLINE_NEVER};
        thread_each(look_at_thread, &at);
        each->looked = at.now;
        if (at.count > 0) {
            report_unlocked(each->descriptor, at.slow, at.count);
            return true;
        }
        int64_t latest = at.now + each->limit; // of a visit that begins right now
        at.next = at.next < latest ? at.next : latest;
        *next = at.next < *next ? at.next : *next;
    }
    return false;
}

static void *
run(void *unused)
{
    pthread_mutex_lock(&reporter.mutex);
    while (!reporter.must_stop) {
        int64_t next = DEADLINE_NEVER;
        answer_signals();
        if (!look_around(&next)) {
            pthread_mutex_unlock(&reporter.mutex);
            semaphore_wait(&reporter.wakeup, next);
            pthread_mutex_lock(&reporter.mutex);
        }
    }
    reporter.is_running = false;
    pthread_mutex_unlock(&reporter.mutex);
    return NULL;
}

static bool
start_locked(void)
{
    reporter.must_stop = false; // it may be about to rest
    if (!reporter.is_running) {
        pthread_t started;
        reporter.is_running = thread_start(&started, run, NULL);
        if (reporter.is_running) {
            pthread_detach(started);
        }
    }
    return reporter.is_running;
}

void
reporter_rest(void)
{
    pthread_mutex_lock(&reporter.mutex);
    reporter.must_stop = true;
    pthread_mutex_unlock(&reporter.mutex);
    semaphore_post(&reporter.wakeup);
}

void
reporter_init(reporter_report report)
{
    reporter.report = report;
    semaphore_init(&reporter.wakeup);
}

bool
watchdog_start(watchdog *self)
{
    pthread_mutex_lock(&reporter.mutex);
    bool is_started = start_locked();
    if (is_started) {
        atomic_fetch_add(&crossing_log_watchdogs, 1);
        self->is_running = true;
        self->start = self->looked = clock_now();
        self->next = reporter.watchdogs;
        reporter.watchdogs = self;
    }
    pthread_mutex_unlock(&reporter.mutex);
    if (is_started) {
        semaphore_post(&reporter.wakeup);
    }
    return is_started;
}

void
watchdog_stop(watchdog *self)
{
    pthread_mutex_lock(&reporter.mutex);
    if (self->is_running) {
        watchdog **link = &reporter.watchdogs;
        while (*link != self) {
            link = &(*link)->next;
        }
        *link = self->next;
        self->is_running = false;
        atomic_fetch_sub(&crossing_log_watchdogs, 1);
    }
    pthread_mutex_unlock(&reporter.mutex);
}

// ---- signals ----

// Our handler was restored by other code after it was unregistered: put back what it had replaced.
static void
step_aside(int number)
{
    (void)sigaction(number, &reporter.signals[number].beneath, NULL);
    raise(number); // once this handler has returned
}

static void
on_signal(int number)
{
    int saved = errno;
    signal_slot *slot = &reporter.signals[number];
    if (atomic_load(&slot->is_registered)) {
        atomic_store(&slot->is_rung, true);
        semaphore_post(&reporter.wakeup);
    }
    else {
        step_aside(number);
    }
    errno = saved;
}

static bool
is_ours(const struct sigaction *action)
{
    return !(action->sa_flags & SA_SIGINFO) && action->sa_handler == on_signal;
}

static bool
install_locked(int number, signal_slot *slot)
{
    struct sigaction found;
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART | SA_ONSTACK};
    sigemptyset(&action.sa_mask);
    if (sigaction(number, NULL, &found) < 0) {
        return false;
    }
    slot->before = is_ours(&found) ? slot->beneath : found;
    if (!slot->is_left) {
        slot->beneath = slot->before;
    }
    atomic_store(&slot->is_registered, true);
    bool is_done = sigaction(number, &action, NULL) == 0;
    atomic_store(&slot->is_registered, is_done);
    return is_done;
}

bool
reporter_register(int number, int descriptor)
{
    if (number <= 0 || number >= SIGNALS) {
        errno = EINVAL;
        return false;
    }
    signal_slot *slot = &reporter.signals[number];
    pthread_mutex_lock(&reporter.mutex);
    bool is_done = start_locked();
    if (!is_done) {
        errno = EAGAIN;
    }
    else if (slot->is_registered) {
        close(slot->descriptor);
    }
    else {
        is_done = install_locked(number, slot);
    }
    if (is_done) {
        slot->descriptor = descriptor;
    }
    pthread_mutex_unlock(&reporter.mutex);
    return is_done;
}

bool
reporter_look_beneath(int number, bool (*look)(int number, struct sigaction *action), bool *result)
{
    struct sigaction now;
    signal_slot *slot = &reporter.signals[number];
    pthread_mutex_lock(&reporter.mutex);
    bool is_on_top = sigaction(number, NULL, &now) == 0 && is_ours(&now);
    if (is_on_top) {
        *result = look(number, slot->is_registered ? &slot->before : &slot->beneath);
        if (!slot->is_left) {
            slot->beneath = slot->before;
        }
    }
    pthread_mutex_unlock(&reporter.mutex);
    return is_on_top;
}

// A handler that was installed over ours stays, and may later restore ours.
bool
reporter_unregister(int number)
{
    if (number <= 0 || number >= SIGNALS) {
        return false;
    }
    signal_slot *slot = &reporter.signals[number];
    struct sigaction now;
    pthread_mutex_lock(&reporter.mutex);
    bool was_registered = slot->is_registered;
    if (was_registered) {
        close(slot->descriptor);
        bool is_on_top = sigaction(number, NULL, &now) == 0 && is_ours(&now);
        if (is_on_top) {
            (void)sigaction(number, &slot->before, NULL);
        }
        slot->is_left = slot->is_left || !is_on_top;
        atomic_store(&slot->is_registered, false);
    }
    pthread_mutex_unlock(&reporter.mutex);
    return was_registered;
}

// ---- fork ----

void
reporter_fork_prepare(void)
{
    pthread_mutex_lock(&reporter.mutex);
}

void
reporter_fork_parent(void)
{
    pthread_mutex_unlock(&reporter.mutex);
}

// Watchdogs of threads that the child does not have go on: nobody knows whose they are, and they do
// no harm.
void
reporter_fork_child(void)
{
    pthread_mutex_init(&reporter.mutex, NULL);
    semaphore_init(&reporter.wakeup);
    bool was_running = reporter.is_running;
    reporter.is_running = false;
    if (was_running) {
        (void)start_locked(); // a signal handler cannot start it
    }
}
