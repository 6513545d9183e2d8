#include "bridge/interpreter/lifecycle.h"

#include <stdlib.h>
#include <unistd.h>

#include "bridge/python/arenas.h"
#include "bridge/python/cpython.h"
#include "bridge/crossing/crossing.h"
#include "bridge/transfer/export.h"
#include "bridge/modules/extension.h"
#include "bridge/crossing/interruption.h"
#include "bridge/crossing/reaper.h"
#include "bridge/crossing/own_threads.h"
#include "bridge/crossing/wakeup.h"
#include "bridge/crossing/async_wait.h"
#include "bridge/gc/verification.h"
#include "ground/base/clock.h"
#include "ground/interpreter/closing.h"
#include "ground/base/shake.h"

// How long waiting for an interpreter's own threads may delay Ctrl-C, at most.
#define SIGNAL_CHECK_SECONDS 0.1
// How long to wait at exit for a computing thread to end its bytecode.
#define FREEZE_LIMIT (100 * MILLISECOND)

void
lifecycle_stop_asking(core_state *main)
{
    Py_BEGIN_ALLOW_THREADS
    crossing_stop_asking(main->interp);
    Py_END_ALLOW_THREADS
}

static int
hang(void *frozen)
{
    sem_post(frozen);
    for (;;) {
        pause();
    }
    return 0;
}

void
lifecycle_freeze(interp *target)
{
    sem_t *frozen = malloc(sizeof *frozen); // never freed: a thread may use it late
    pthread_mutex_lock(&target->mutex);
    interp_set_phase(target, INTERP_CLOSED); // a thread that entered now would be frozen too
    pthread_mutex_unlock(&target->mutex);
    if (frozen == NULL) {
        return;
    }
    sem_init(frozen, 0, 0);
    if (cpython_post(target->python_state, hang, frozen) && interp_is_running(target)) {
        Py_BEGIN_ALLOW_THREADS(void)
        semaphore_wait(frozen, clock_now() + FREEZE_LIMIT);
        Py_END_ALLOW_THREADS
    }
}

// ---- closing: the way in ----

static int
refuse(core_state *home, interp *target, thread *here)
{
    guest *own = thread_guest(here, target);
    const char *why = target->is_main ? "the main interpreter cannot be closed"
                      : target == home->interp || (own != NULL && own->depth > 0)
                          ? "an interpreter cannot be closed from inside itself"
                          : NULL;
    if (why != NULL) {
        PyErr_SetString(PyExc_RuntimeError, why);
    }
    return why == NULL ? 0 : -1;
}

static bool
claim(interp *target)
{
    pthread_mutex_lock(&target->mutex);
    bool is_mine = interp_get_phase(target) == INTERP_OPEN;
    if (is_mine) {
        interp_set_phase(target, INTERP_CLOSING);
    }
    pthread_mutex_unlock(&target->mutex);
    return is_mine;
}

static void
reopen(interp *target)
{
    pthread_mutex_lock(&target->mutex);
    if (interp_get_phase(target) == INTERP_CLOSING) {
        interp_set_phase(target, INTERP_OPEN);
    }
    pthread_mutex_unlock(&target->mutex);
    closing_announce();
}

// Waits, detached, until `is_over(target, mine)`. Errors: Ctrl-C, the deadline, and that this
// thread is itself inside an interpreter that is closing, whose closer waits for it.
static int
wait_until(bool (*is_over)(interp *, const guest *), interp *target, const guest *mine,
           thread *here, int64_t deadline)
{
    int failed = 0;
    closing_waiter waiter;
    closing_join(&waiter);
    while (!failed && !is_over(target, mine)) {
        if (thread_is_inside_closing(here)) {
            PyErr_SetString(PyExc_RuntimeError,
                            "two interpreters that visit each other cannot close each other");
            failed = -1;
            break;
        }
        wait_result result;
        int64_t before = thread_block(mine == NULL ? BLOCKED_CLOSER : BLOCKED_VISITORS, target->id);
        Py_BEGIN_ALLOW_THREADS
        result = closing_wait(&waiter, deadline);
        Py_END_ALLOW_THREADS
        thread_unblock(before);
        if (result == WAIT_EXPIRED) {
            PyErr_Format(PyExc_TimeoutError, "interpreter '%s' still has %d visitors", target->name,
                         interp_count_visitors(target));
            failed = -1;
        }
        else if (result == WAIT_INTERRUPTED) {
            failed = PyErr_CheckSignals();
        }
    }
    closing_leave(&waiter);
    return failed;
}

static bool
has_no_visitors(interp *target, const guest *mine)
{
    return !interp_has_visitors(target, mine);
}

static bool
is_not_closing(interp *target, const guest *unused)
{
    return !phase_is_closing(interp_get_phase(target));
}

// As crossing_enter, without the check of the phase.
static int
enter_closing(crossing *self, interp *home, guest *mine, thread *here)
{
    PyThreadState *state = PyThreadState_Get();
    guest *resident = thread_guest(here, home);
    if (resident == NULL) {
        resident = crossing_new_home(here, home, state);
        if (resident == NULL) {
            PyErr_NoMemory();
            return -1;
        }
    }
    *self = (crossing){here, resident, mine, state, resident->thread_state};
    resident->thread_state = state;
    resident->depth++;
    mine->depth++;
    crossing_log_begin(&here->visits, home, mine->interp, state->current_frame);
    crossing_attach(here, mine->interp, mine, mine->thread_state, GUEST_ENTERING);
    return 0;
}

// A signal handler may have forked: in the child the interpreter is gone.
static int
check_still_closing(core_state *home, const interp *target)
{
    if (interp_get_phase(target) != INTERP_CLOSING) {
        state_raise_closed(home, target);
        return -1;
    }
    return 0;
}

// ---- closing: inside ----

// Wait until the interpreter's own threads have ended: Py_EndInterpreter would wait for them for
// ever, or abort (3.13). Returns home between the rounds, for Ctrl-C. 0, or -1 with an exception,
// at home.
static int
wait_for_own_threads(crossing *over, core_state *home, interp *target, int64_t deadline)
{
    while (own_threads_count(target) > 0) {
        double left = (double)(deadline - clock_now()) / NANOSECONDS_PER_SECOND;
        if (left <= 0) {
            int alive = own_threads_count(target);
            crossing_return(over);
            PyErr_Format(PyExc_TimeoutError, "%d threads of interpreter '%s' are still running",
                         alive, target->name);
            return -1;
        }
        int64_t before = thread_block(BLOCKED_OWN_THREADS, target->id);
        (void)own_threads_wait(target, left < SIGNAL_CHECK_SECONDS ? left : SIGNAL_CHECK_SECONDS,
                               true);
        thread_unblock(before);
        crossing_return(over);
        if (PyErr_CheckSignals() < 0 || check_still_closing(home, target) < 0) {
            return -1;
        }
        crossing_revisit(over);
    }
    return 0;
}

static void
reap_guests(interp *target, const guest *mine)
{
    crossing_clean(target); // guests whose threads have ended
    for (;;) {
        pthread_mutex_lock(&target->mutex);
        guest *visitor = target->guests;
        PyThreadState *state = NULL;
        while (visitor != NULL && (visitor == mine || !visitor->is_owned || visitor->is_dead)) {
            visitor = visitor->next;
        }
        if (visitor != NULL) {
            // All in one step: its thread may be ending right now, and then frees the guest.
            guest_unlink_locked(visitor);
            state = visitor->thread_state;
            visitor->is_reaped = true;
        }
        pthread_mutex_unlock(&target->mutex);
        if (state == NULL) {
            break;
        }
        PyThreadState_Clear(state);
        PyThreadState_Delete(state);
    }
    crossing_clean(target);
}

static void
free_deferred(interp *target)
{
    deferred *each = deferred_shut(&target->deferred);
    while (each != NULL && each != &deferred_shut_mark) {
        deferred *next = each->next;
        if (each->kind == DEFERRED_DROP_EXPORT) {
            export_unref((foreign_ref){(exported *)each}); // the stack is shut: frees
        }
        each = next;
    }
}

// From here on closing cannot fail.
static void
end(crossing *over, interp *target, guest *mine)
{
    extension_stop(target);
    reap_guests(target, mine);
    detained_drop(target->core_state);
    export_drop_all(target->core_state);
    state_prepare_end(target->core_state);
    state_let_go(target->core_state);
    crossing_stop_asking(target); // the alarm could post for this thread until its guest is gone
    Py_EndInterpreter(mine->thread_state);
    target->core_state = NULL; // something may have kept the module alive
    bool is_unloaded = extension_end(target);
    async_wait_cancel_all(target);
    if (is_unloaded) {
        arenas_free_of(target->id);
    }
    pthread_mutex_lock(&target->mutex);
    interp_set_phase(target, INTERP_CLOSED);
    guest_unlink_locked(mine);
    pthread_mutex_unlock(&target->mutex);
    thread_set_guest(over->thread, target, NULL);
    free_deferred(target);
    interruption_pass_over(target, mine);
    interruption_drop(target);
    registry_remove(target);
    crossing_attach(over->thread, over->home->interp, over->home, over->home_state,
                    GUEST_RETURNING);
    over->home->thread_state = over->saved;
    crossing_log_end(&over->thread->visits);
    crossing_dismiss(over->home);
    guest_free(mine);
    closing_announce();
}

// Are there references to its objects again? Decided under its GIL, so that it retires again with
// the last of them.
static bool
is_used_again(interp *target)
{
    bool is_used = state_count_exports(target->core_state) > 0;
    if (is_used) {
        registry_set_role(target, ROLE_IN_USE);
    }
    return is_used;
}

// Call after the phase has changed. From here on a thread either is seen inside or sees the new
// phase.
static void
publish_phase(void)
{
    shake();
    barrier_heavy(); // pairs with barrier_light in crossing_admit and crossing_dismiss
    shake();
}

static void
change_phase(interp *target, interp_phase phase)
{
    pthread_mutex_lock(&target->mutex); // for crossing_new_host
    interp_set_phase(target, phase);
    pthread_mutex_unlock(&target->mutex);
    publish_phase();
}

// Until the phase is `ending`, threads may enter to ask what an object is (description_bring).
// False: one has entered; this thread has left again.
static bool
begin_ending(crossing *over, interp *target, const guest *mine)
{
    change_phase(target, INTERP_ENDING);
    if (!interp_has_visitors(target, mine)) {
        return true;
    }
    change_phase(target, INTERP_CLOSING);
    crossing_leave(over);
    return false;
}

static int
close_claimed(core_state *home, interp *target, guest *mine, thread *here, int64_t deadline,
              bool only_unused)
{
    publish_phase();
    closing_announce();
    crossing over;
    do {
        if (wait_until(has_no_visitors, target, mine, here, deadline) < 0 ||
            check_still_closing(home, target) < 0) {
            return -1;
        }
        if (enter_closing(&over, home->interp, mine, here) < 0) {
            return -1;
        }
        if (wait_for_own_threads(&over, home, target, deadline) < 0) {
            crossing_end(&over);
            return -1;
        }
        int buffers = atomic_load(&target->buffers);
        if (buffers > 0 || (only_unused && is_used_again(target))) {
            crossing_leave(&over);
            PyErr_Format(PyExc_BufferError,
                         "interpreter '%s' cannot close: %d buffers of its objects are in use "
                         "(release the memoryviews or arrays first)",
                         target->name, buffers);
            return -1;
        }
    } while (!begin_ending(&over, target, mine));
    end(&over, target, mine);
    return 0;
}

int
lifecycle_close(core_state *home, interp *target, int64_t deadline, bool only_unused)
{
    thread *here = thread_get();
    if (here == NULL) {
        PyErr_NoMemory();
        return -1;
    }
    if (refuse(home, target, here) < 0) {
        return -1;
    }
    for (;;) {
        crossing_result why = CROSSING_CLOSED;
        guest *mine = thread_guest(here, target);
        if (mine == NULL || !mine->is_owned) {
            mine = crossing_new_host(here, target, INTERP_OPEN, &why);
        }
        if (mine == NULL && why == CROSSING_NO_MEMORY) {
            PyErr_NoMemory();
            return -1;
        }
        if (mine != NULL && claim(target)) {
            int result = close_claimed(home, target, mine, here, deadline, only_unused);
            if (result < 0) {
                PyObject *raised = PyErr_GetRaisedException();
                reopen(target);
                PyErr_SetRaisedException(raised);
            }
            return result;
        }
        // Closed, or being closed by another thread, which may still fail.
        if (wait_until(is_not_closing, target, NULL, here, deadline) < 0) {
            return -1;
        }
        if (interp_get_phase(target) == INTERP_CLOSED) {
            return 0;
        }
    }
}
