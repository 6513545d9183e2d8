#include "bridge/interpreter/standby.h"

#include <pthread.h>

#include "bridge/python/thread_state.h"
#include "ground/base/clock.h"
#include "ground/interpreter/standby_signal.h"
#include "ground/interpreter/thread.h"

// How long the thread, if it is stuck, may hold up a fork or the exit.
#define PATIENCE (1000 * MILLISECOND)

static struct {
    pthread_mutex_t mutex; // guards all of it; also while the thread, which has ended, is joined
    pthread_cond_t ended;
    pthread_t thread;
    bool is_running; // it is to be joined
    bool has_ended;
    bool must_stop;
    bool is_over;  // for good
    bool is_asked; // to start, during a fork
    int forks;     // under way
    int waiters;
} standby = {.mutex = PTHREAD_MUTEX_INITIALIZER};

// ---- the thread ----

// False: it has failed.
static bool
work(core_state *main)
{
    PyThreadState *state = thread_state_new(PyInterpreterState_Main());
    if (state == NULL) {
        return false;
    }
    PyEval_RestoreThread(state);
    PyObject *keep = state_hook(main, HOOK_STANDBY);
    PyObject *done = keep == NULL ? NULL : PyObject_CallNoArgs(keep);
    bool is_fine = done != NULL;
    if (!is_fine) {
        PyErr_WriteUnraisable(keep);
    }
    Py_XDECREF(done);
    PyThreadState_Clear(state);
    thread_state_delete_current();
    return is_fine;
}

// False: it was told to go on meanwhile.
static bool
end(bool is_fine)
{
    pthread_mutex_lock(&standby.mutex);
    bool has_ended = standby.has_ended = standby.must_stop || !is_fine;
    pthread_cond_broadcast(&standby.ended);
    pthread_mutex_unlock(&standby.mutex);
    return has_ended;
}

static void *
run(void *main)
{
    while (!end(work(main))) {
    }
    return NULL;
}

static bool
is_self_locked(void)
{
    return standby.is_running && pthread_equal(standby.thread, pthread_self());
}

// What it needs no lock of ours for is only its end.
static void
join_locked(void)
{
    if (standby.is_running && standby.has_ended) {
        pthread_join(standby.thread, NULL);
        standby.is_running = false;
    }
}

static standby_start_result
start_locked(void)
{
    join_locked();
    if (standby.is_over) {
        return STANDBY_OVER;
    }
    if (!standby.is_running) {
        condition_init(&standby.ended);
        standby.must_stop = standby.has_ended = false;
        core_state *main = registry_find(PyInterpreterState_Main())->core_state;
        standby.is_running = thread_start(&standby.thread, run, main);
    }
    return standby.is_running ? STANDBY_RUNS : STANDBY_NO_THREAD;
}

standby_start_result
standby_start(void)
{
    pthread_mutex_lock(&standby.mutex);
    bool is_forking = standby.forks > 0;
    standby.is_asked |= is_forking;
    standby_start_result result = is_forking ? STANDBY_RUNS : start_locked();
    pthread_mutex_unlock(&standby.mutex);
    return result;
}

static void
stop_locked(void)
{
    int64_t deadline = clock_now() + PATIENCE;
    bool in_time = true;
    standby.must_stop = true;
    standby_signal_send();
    while (standby.is_running && !standby.has_ended && in_time) {
        in_time = condition_wait(&standby.ended, &standby.mutex, deadline);
    }
    join_locked();
}

void
standby_stop(bool for_good)
{
    pthread_mutex_lock(&standby.mutex);
    standby.is_over |= for_good;
    if (!is_self_locked()) {
        stop_locked();
    }
    pthread_mutex_unlock(&standby.mutex);
}

bool
standby_must_stop(void)
{
    pthread_mutex_lock(&standby.mutex);
    bool must_stop = standby.must_stop;
    pthread_mutex_unlock(&standby.mutex);
    return must_stop;
}

void
standby_await(int one_more_or_less)
{
    pthread_mutex_lock(&standby.mutex);
    standby.waiters += one_more_or_less;
    pthread_mutex_unlock(&standby.mutex);
}

// ---- fork ----

void
standby_begin_fork(void)
{
    pthread_mutex_lock(&standby.mutex);
    standby.forks++;
    pthread_mutex_unlock(&standby.mutex);
}

void
standby_end_fork(void)
{
    pthread_mutex_lock(&standby.mutex);
    if (standby.forks > 0 && --standby.forks == 0) {
        standby.must_stop = standby.is_over; // it was stuck
        if (standby.waiters > 0 || standby.is_asked) {
            (void)start_locked();
        }
        standby.is_asked = false;
    }
    pthread_mutex_unlock(&standby.mutex);
}

void
standby_fork_child(void)
{
    pthread_mutex_init(&standby.mutex, NULL);
    standby.is_running = standby.is_asked = false;
    standby.forks = standby.waiters = 0;
}

// ---- interpreters that nobody needs ----

void
standby_retire(core_state *state)
{
    interp *here = state->interp;
    if (state_count_exports(state) == 0 && here->due == NULL && atomic_load(&here->buffers) == 0 &&
        atomic_load(&here->role) == ROLE_IN_USE) {
        registry_set_role(here, ROLE_RETIRED);
        standby_signal_send();
    }
}

void
standby_abandon(core_state *state)
{
    state->interp->is_abandoned = true;
    standby_retire(state);
}

// The next visitor will delete the thread state: that needs the interpreter's GIL.
void
standby_leave(interp *made)
{
    thread *here = thread_self;
    guest *maker = here == NULL ? NULL : thread_guest(here, made);
    if (maker != NULL && maker->is_owned && maker->depth == 0) {
        thread_set_guest(here, made, NULL);
        guest_end(maker);
    }
}
