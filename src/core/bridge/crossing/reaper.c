#include "bridge/crossing/reaper.h"

#include "bridge/crossing/crossing.h"
#include "ground/base/clock.h"
#include "ground/interpreter/thread.h"

#define PATIENCE (50 * MILLISECOND) // how long deferred jobs may wait for an ordinary visitor

static atomic_bool is_called;

static struct {
    pthread_mutex_t mutex; // guards all of it
    pthread_cond_t changed;
    pthread_t thread;
    bool is_running;
    bool must_stop;
    bool is_over; // for good
} reaper = {.mutex = PTHREAD_MUTEX_INITIALIZER};

// Is there work that a visit would do? It would not change other attention bits.
static bool
has_work(interp *host)
{
    return deferred_is_waiting(&host->deferred) ||
           (atomic_load(&host->attention) & (ATTENTION_DEFERRED | ATTENTION_DEAD)) != 0;
}

// Would a visitor have to wait, for the GIL or for the end of a reservation?
static bool
is_busy(interp *host)
{
    pthread_mutex_lock(&host->mutex);
    bool is_so = interp_get_phase(host) == INTERP_OPEN &&
                 (interp_is_running(host) || host->reservations > 0);
    pthread_mutex_unlock(&host->mutex);
    return is_so;
}

// Skips a busy interpreter: waiting for it would delay the others. True: skipped with work left.
static bool
clean(interp *host)
{
    crossing visit;
    while (has_work(host)) {
        shake();
        if (is_busy(host)) {
            return true;
        }
        if (crossing_visit(host, &visit) != CROSSING_OK) {
            return false;
        }
        crossing_end_visit(&visit);
    }
    return false;
}

static void
make_round(void)
{
    bool again = false;
    interp *host = registry_next_after(-1);
    while (host != NULL) {
        again |= clean(host);
        interp *next = registry_next_after(host->id);
        interp_decref(host);
        host = next;
    }
    if (again) {
        atomic_store(&is_called, true);
    }
}

static void *
run(void *unused)
{
    pthread_mutex_lock(&reaper.mutex);
    while (!reaper.must_stop) {
        if (!atomic_load(&is_called)) {
            pthread_cond_wait(&reaper.changed, &reaper.mutex);
            continue;
        }
        int64_t deadline = clock_now() + PATIENCE;
        while (!reaper.must_stop && condition_wait(&reaper.changed, &reaper.mutex, deadline)) {
        }
        if (!reaper.must_stop) {
            atomic_store(&is_called, false); // before looking: later deferred jobs notify again
            barrier_heavy();                 // pairs with reaper_notify
            pthread_mutex_unlock(&reaper.mutex);
            make_round();
            pthread_mutex_lock(&reaper.mutex);
        }
    }
    pthread_mutex_unlock(&reaper.mutex);
    return NULL;
}

// If it cannot be started, deferred jobs wait for a visitor; the next job tries to start it again.
static void
start_locked(void)
{
    condition_init(&reaper.changed);
    reaper.is_running = thread_start(&reaper.thread, run, NULL);
    if (!reaper.is_running) {
        atomic_store(&is_called, false);
    }
}

void
reaper_notify(void)
{
    barrier_light(); // the job was pushed before: pairs with run, which sees it, or is called again
    if (!atomic_load_explicit(&is_called, memory_order_relaxed) &&
        !atomic_exchange(&is_called, true)) {
        pthread_mutex_lock(&reaper.mutex);
        if (reaper.is_running) {
            pthread_cond_signal(&reaper.changed);
        }
        else if (!reaper.must_stop) {
            start_locked();
        }
        pthread_mutex_unlock(&reaper.mutex);
    }
}

static void
stop(bool for_good)
{
    pthread_mutex_lock(&reaper.mutex);
    reaper.is_over |= for_good;
    bool was_running = reaper.is_running;
    reaper.is_running = false;
    reaper.must_stop = true;
    if (was_running) {
        pthread_cond_signal(&reaper.changed);
    }
    pthread_mutex_unlock(&reaper.mutex);
    if (was_running) {
        pthread_join(reaper.thread, NULL);
    }
}

void
reaper_stop(void)
{
    stop(true);
}

void
reaper_rest(void)
{
    stop(false);
    pthread_mutex_lock(&reaper.mutex);
    reaper.must_stop = reaper.is_over;
    pthread_mutex_unlock(&reaper.mutex);
    atomic_store(&is_called, false);
}

void
reaper_fork_child(void)
{
    pthread_mutex_init(&reaper.mutex, NULL);
    reaper.is_running = false;
    reaper.must_stop = reaper.is_over;
    atomic_store(&is_called, false);
}
