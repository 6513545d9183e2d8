#include "bridge/interpreter/lifecycle.h"

#include <stdlib.h>
#include <unistd.h>

#include "bridge/python/cpython.h"
#include "bridge/crossing/crossing.h"
#include "bridge/transfer/export.h"
#include "bridge/modules/extension.h"
#include "bridge/crossing/interruption.h"
#include "bridge/crossing/reaper.h"
#include "bridge/crossing/own_threads.h"
#include "bridge/python/thread_state.h"
#include "bridge/python/turns.h"
#include "bridge/trace/spans.h"
#include "bridge/crossing/wakeup.h"
#include "bridge/queue/async_wait.h"
#include "bridge/gc/verification.h"
#include "ground/base/clock.h"
#include "ground/system/semaphore.h"
#include "ground/interpreter/closing.h"
#include "ground/base/shake.h"

// How long to wait between two looks for an interpreter's own threads: at first, and after some.
#define FIRST_PAUSE (1 * MILLISECOND)
#define LAST_PAUSE  (16 * MILLISECOND)
// How long to wait at exit for a computing thread to end its bytecode.
#define FREEZE_LIMIT (100 * MILLISECOND)
// ... and for one that ends an interpreter, and may be stuck in a finalizer.
#define END_LIMIT (10000 * MILLISECOND)

void
lifecycle_stop_asking(core_state *main)
{
    Py_BEGIN_ALLOW_THREADS
    crossing_stop_asking(main->interp);
    Py_END_ALLOW_THREADS
}

// Interpreters that CPython still has, though to us they are closed.
static atomic_bool has_left_some = false;

bool
lifecycle_has_left_some(void)
{
    return atomic_load(&has_left_some);
}

// NULL, or a semaphore that tells when it has happened.
static int
hang(void *frozen)
{
    if (frozen != NULL) {
        semaphore_post(frozen);
    }
    for (;;) {
        pause();
    }
    return 0;
}

// A thread that ends an interpreter cannot be stopped any more: wait for it. False: for too long.
static bool
await_end(const interp *target, int64_t deadline)
{
    wait_result how = WAIT_WOKEN;
    closing_waiter waiter;
    closing_join(&waiter);
    while (interp_get_phase(target) == INTERP_ENDING && how != WAIT_EXPIRED) {
        how = closing_wait(&waiter, deadline);
    }
    closing_leave(&waiter);
    return how != WAIT_EXPIRED;
}

// Have it count as closed, and not end any more. False: it has ended, or was frozen before.
static bool
claim_to_freeze(interp *target)
{
    int64_t deadline = clock_now() + END_LIMIT;
    bool is_in_time;
    interp_phase phase;
    do {
        is_in_time = await_end(target, deadline);
        pthread_mutex_lock(&target->mutex);
        phase = interp_get_phase(target);
        if (phase_is_living(phase)) {
            interp_set_phase(target, INTERP_CLOSED);
        }
        pthread_mutex_unlock(&target->mutex);
    } while (phase == INTERP_ENDING && is_in_time);
    if (phase == INTERP_ENDING) {
        atomic_store(&has_left_some, true);
    }
    return phase_is_living(phase);
}

void
lifecycle_freeze(interp *target)
{
    bool is_mine;
    Py_BEGIN_ALLOW_THREADS
    is_mine = claim_to_freeze(target);
    Py_END_ALLOW_THREADS
    semaphore *frozen = is_mine ? malloc(sizeof *frozen) : NULL; // never freed: it may be used late
    if (frozen == NULL) {
        return;
    }
    semaphore_init(frozen);
    atomic_store(&has_left_some, true);
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
    const char *why = target->is_main
                          ? "the main interpreter cannot be closed [docs: explanation/lifetimes]"
                      : target == home->interp || (own != NULL && own->depth > 0)
                          ? "an interpreter cannot be closed from inside itself "
                            "[docs: explanation/lifetimes]"
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
    if (target->has_closer_turns && interp_get_phase(target) == INTERP_CLOSING) {
        target->has_closer_turns = !turns_end_soon(target); // else for the next who closes it
    }
    pthread_mutex_lock(&target->mutex);
    if (interp_get_phase(target) == INTERP_CLOSING) {
        interp_set_phase(target, INTERP_OPEN);
    }
    pthread_mutex_unlock(&target->mutex);
    closing_announce();
}

// Wait at home, detached, for something to happen; then look what came for this thread. -1: an
// exception; 0: the deadline has passed.
static int
rest(core_state *home, interp *target, blocked_kind why, closing_waiter *waiter, int64_t deadline,
     int64_t until)
{
    wait_result result;
    int64_t limit = wakeup_wait_limit(until < deadline ? until : deadline);
    int64_t before = thread_block(why, target->id);
    Py_BEGIN_ALLOW_THREADS
    result = closing_wait(waiter, limit);
    Py_END_ALLOW_THREADS
    thread_unblock(before);
    if (result == WAIT_WOKEN) {
        return 1;
    }
    if (wakeup_check_wait(home, "to wait until an interpreter closes") < 0) {
        return -1;
    }
    return clock_now() < deadline;
}

// Waits until `is_over(target, mine)`. Errors: Ctrl-C, the deadline, and that this thread is itself
// inside an interpreter that is closing, whose closer waits for it.
static int
wait_until(bool (*is_over)(interp *, const guest *), core_state *home, interp *target,
           const guest *mine, thread *here, int64_t deadline)
{
    int result = 1;
    blocked_kind why = mine == NULL ? BLOCKED_CLOSER : BLOCKED_VISITORS;
    closing_waiter waiter;
    closing_join(&waiter);
    while (result > 0 && !is_over(target, mine)) {
        if (thread_is_inside_closing(here)) {
            PyErr_SetString(PyExc_RuntimeError,
                            "two interpreters that visit each other cannot close each other "
                            "[docs: explanation/lifetimes]");
            result = -1;
            break;
        }
        result = rest(home, target, why, &waiter, deadline, DEADLINE_NEVER);
    }
    closing_leave(&waiter);
    if (result == 0) {
        PyErr_Format(PyExc_TimeoutError,
                     "interpreter '%s' still has %d visitors [docs: explanation/lifetimes]",
                     target->name, interp_count_visitors(target));
    }
    return result > 0 ? 0 : -1;
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

// ---- closing: inside ----

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

// Wait at home until the interpreter's own threads, so many of them (0: not known), may have done
// something. Nobody announces that, so the pauses are short.
static int
pause_at_home(core_state *home, interp *target, int threads, int64_t deadline, int64_t *length)
{
    closing_waiter waiter;
    closing_join(&waiter);
    int result = rest(home, target, BLOCKED_OWN_THREADS, &waiter, deadline, clock_now() + *length);
    closing_leave(&waiter);
    *length = 2 * *length < LAST_PAUSE ? 2 * *length : LAST_PAUSE;
    if (result == 0 && threads > 0) {
        PyErr_Format(
            PyExc_TimeoutError,
            "%d threads of interpreter '%s' are still running [docs: explanation/lifetimes]",
            threads, target->name);
    }
    else if (result == 0) {
        PyErr_Format(
            PyExc_TimeoutError,
            "a thread of interpreter '%s' is in C code that keeps it [docs: explanation/lifetimes]",
            target->name);
    }
    return result > 0 ? check_still_closing(home, target) : -1;
}

// Wait until nobody runs there, or whoever does comes to the end of a bytecode, and will let this
// thread in. Somebody may be in a C function that keeps the GIL.
static int
wait_at_the_door(core_state *home, interp *target, int64_t deadline)
{
    int64_t length = FIRST_PAUSE;
    while (interp_is_running(target)) {
        crossing_post(target);
        if (pause_at_home(home, target, 0, deadline, &length) < 0) {
            return -1;
        }
        if (atomic_load(&target->posted) == 0) {
            break;
        }
    }
    return 0;
}

static void
attach_closing(thread *here, interp *target, guest *mine)
{
    atomic_fetch_or(&here->wakeup, WAKEUP_CLOSING);
    if (interp_is_running(target)) {
        alarm_retry(); // for as long as this thread waits
    }
    crossing_take(here, NULL, target, mine, mine->thread_state, GUEST_ENTERING);
    if (!target->has_closer_turns) { // before anything that might release the GIL
        target->has_closer_turns = true;
        turns_begin(target);
    }
    crossing_arrive(target, mine, mine->thread_state, GUEST_ENTERING, CROSSING_FOR("close"));
    atomic_fetch_and(&here->wakeup, ~(unsigned)WAKEUP_CLOSING);
}

// As crossing_enter, past the phase.
static int
enter_closing(crossing *self, core_state *home_state, interp *target, guest *mine, thread *here,
              int64_t deadline)
{
    if (wait_at_the_door(home_state, target, deadline) < 0) {
        return -1;
    }
    interp *home = home_state->interp;
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
    attach_closing(here, target, mine);
    return 0;
}

static void
reap_guests(interp *target, const guest *mine)
{
    parking_await_revokers(target);
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

static void
end_in_cpython(interp *target, guest *mine)
{
    crossing_stop_asking(target); // whoever wakes this thread finds it inside until the very end
    Py_EndInterpreter(mine->thread_state);
    target->core_state = NULL; // where something kept the module alive
    extension_end(target);
}

// Threads that are stuck in C may come back for ever: the interpreter's memory stays, and they hang
// before they run another bytecode. This thread leaves by swapping to another state, as ever.
static void
leave_behind(interp *target)
{
    atomic_store(&has_left_some, true);
    interp_incref(target); // for good: pending calls that they have not made yet refer to it
    (void)cpython_post(target->python_state, hang, NULL);
    target->core_state = NULL;
}

// From here on closing cannot fail.
static void
end(crossing *over, interp *target, guest *mine, char *who)
{
    bool is_quiet = who[0] == '\0' && extension_stop(target, who);
    reap_guests(target, mine);
    detained_drop(target->core_state);
    export_drop_all(target->core_state);
    state_prepare_end(target->core_state);
    state_let_go(target->core_state);
    if (is_quiet) {
        registry_expect_end();
        end_in_cpython(target, mine);
    }
    else {
        leave_behind(target);
    }
    async_wait_cancel_all(target);
    pthread_mutex_lock(&target->mutex);
    interp_set_phase(target, INTERP_CLOSED);
    guest_unlink_locked(mine);
    pthread_mutex_unlock(&target->mutex);
    closing_announce(); // the home of this thread may not let it in any more: see await_end
    thread_set_guest(over->thread, target, NULL);
    free_deferred(target);
    interruption_pass_over(target, mine);
    interruption_drop(target);
    registry_remove(target);
    crossing_attach(over->thread, NULL, over->home->interp, over->home, over->home_state,
                    GUEST_RETURNING, CROSSING_BACK);
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

// False: the phase is another one than `from`.
static bool
change_phase(interp *target, interp_phase from, interp_phase phase)
{
    pthread_mutex_lock(&target->mutex); // for crossing_new_host
    bool is_so = interp_get_phase(target) == from;
    if (is_so) {
        interp_set_phase(target, phase);
    }
    pthread_mutex_unlock(&target->mutex);
    publish_phase();
    return is_so;
}

// Until the phase is `ending`, threads may enter to ask what an object is (description_bring).
// False: one has entered, or the interpreter was frozen; this thread has left again.
static bool
begin_ending(crossing *over, interp *target, const guest *mine)
{
    bool is_ending = change_phase(target, INTERP_CLOSING, INTERP_ENDING);
    if (is_ending && !interp_has_visitors(target, mine)) {
        return true;
    }
    if (is_ending) {
        (void)change_phase(target, INTERP_ENDING, INTERP_CLOSING);
    }
    crossing_leave(over);
    return false;
}

static int
close_claimed(core_state *home, interp *target, guest *mine, thread *here, int64_t deadline,
              bool only_unused, char *who)
{
    publish_phase();
    closing_announce();
    crossing over;
    int64_t pause = FIRST_PAUSE;
    bool is_mine = false; // nobody else is inside, nor comes in
    do {
        if (wait_until(has_no_visitors, home, target, mine, here, deadline) < 0 ||
            check_still_closing(home, target) < 0 ||
            enter_closing(&over, home, target, mine, here, deadline) < 0) {
            return -1;
        }
        // Py_EndInterpreter would wait for own threads for ever, or abort (3.13); and it would run
        // exit handlers on this thread, where no deadline reaches them.
        // None runs if the interpreter stays open: only an own thread would release a buffer.
        bool must_stay = (only_unused && is_used_again(target)) ||
                         (atomic_load(&target->buffers) > 0 && thread_state_count_own(target) == 0);
        int threads = must_stay ? 0 : own_threads_end(target, who);
        if (threads > 0) {
            crossing_leave(&over);
            if (pause_at_home(home, target, threads, deadline, &pause) < 0) {
                return -1;
            }
            continue;
        }
        int buffers = atomic_load(&target->buffers);
        if (buffers > 0 || must_stay || (only_unused && is_used_again(target))) {
            crossing_leave(&over);
            PyErr_Format(PyExc_BufferError,
                         "interpreter '%s' cannot close: %d buffers of its objects are in use "
                         "(release the memoryviews or arrays first) [docs: how-to/buffers]",
                         target->name, buffers);
            return -1;
        }
        is_mine = begin_ending(&over, target, mine);
    } while (!is_mine);
    end(&over, target, mine, who);
    return 0;
}

static int
close_interpreter(core_state *home, interp *target, int64_t deadline, bool only_unused, char *who)
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
            atomic_store(&mine->is_idle, true);
            int result = close_claimed(home, target, mine, here, deadline, only_unused, who);
            if (result < 0) {
                PyObject *raised = PyErr_GetRaisedException();
                atomic_store(&mine->is_idle, false);
                reopen(target);
                PyErr_SetRaisedException(raised);
            }
            return result;
        }
        // Closed, or being closed by another thread, which may still fail.
        if (wait_until(is_not_closing, home, target, NULL, here, deadline) < 0) {
            return -1;
        }
        if (interp_get_phase(target) == INTERP_CLOSED) {
            return 0;
        }
    }
}

int
lifecycle_close(core_state *home, interp *target, int64_t deadline, bool only_unused, char *who)
{
    int64_t since = trace_clock();
    who[0] = '\0';
    int result = close_interpreter(home, target, deadline, only_unused, who);
    spans_add_deed(TRACE_CLOSE, target->id, target->name, result < 0, since);
    return result;
}
