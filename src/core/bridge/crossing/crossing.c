#include "bridge/crossing/crossing.h"

#include "bridge/python/cpython.h"
#include "bridge/python/disturbance.h"
#include "bridge/transfer/export.h"
#include "bridge/crossing/event_loop.h"
#include "bridge/crossing/interruption.h"
#include "bridge/operation/operation.h"
#include "bridge/crossing/wakeup.h"
#include "bridge/python/thread_state.h"
#include "bridge/trace/spans.h"
#include "bridge/traceback/traceback.h"
#include "ground/base/clock.h"
#include "ground/base/shake.h"

#define GIVE_WAY_LIMIT (20 * MILLISECOND) // how long a thread that gives way waits, at most

// ---- guests ----

COLD guest *
crossing_new_home(thread *self, interp *home, PyThreadState *state)
{
    if (!thread_reserve(self, home)) {
        return NULL;
    }
    pthread_mutex_lock(&home->mutex);
    guest *resident = guest_new_locked(home, state, false, self);
    pthread_mutex_unlock(&home->mutex);
    if (resident != NULL) {
        thread_set_guest(self, home, resident);
        if (PyThreadState_GetUnchecked() == state) { // a pool worker comes detached
            traceback_learn_name(self);
        }
    }
    return resident;
}

// Gives the thread state to this thread's guest, which is made if there is none.
static guest *
give_state(thread *self, interp *host, PyThreadState *state)
{
    if (state == NULL) {
        return NULL;
    }
    guest *visitor = thread_guest(self, host);
    pthread_mutex_lock(&host->mutex);
    if (visitor != NULL) {
        visitor->thread_state = state; // the state that it borrowed has gone
        visitor->is_owned = true;
        atomic_fetch_add_explicit(&host->guests_version, 1, memory_order_relaxed);
    }
    else {
        visitor = guest_new_locked(host, state, true, self);
    }
    if (visitor != NULL) {
        guest_announce_locked(visitor);
    }
    pthread_mutex_unlock(&host->mutex);
    if (visitor == NULL) {
        PyThreadState *before = PyThreadState_Swap(state);
        PyThreadState_Clear(state);
        thread_state_delete_current();
        PyThreadState_Swap(before);
        return NULL;
    }
    thread_set_guest(self, host, visitor);
    return visitor;
}

// Make the thread state with which this thread will visit `host`. The phase is checked, and the
// interpreter pinned, under the mutex under which the closer changes the phase: so python_state is
// alive.
COLD guest *
crossing_new_host(thread *self, interp *host, interp_phase latest, crossing_result *why)
{
    *why = CROSSING_CLOSED;
    // Before thread_reserve: a closed host may share its index with one that we are inside of.
    if (interp_get_phase(host) > latest) {
        return NULL;
    }
    if (!thread_reserve(self, host)) {
        *why = CROSSING_NO_MEMORY;
        return NULL;
    }
    if (!interp_pin(host, latest)) {
        return NULL;
    }
    guest *visitor = give_state(self, host, thread_state_new(host->python_state));
    interp_unpin(host);
    if (visitor == NULL) {
        *why = CROSSING_NO_MEMORY;
    }
    return visitor;
}

// ---- contention ----

static int
look_up(void *host)
{
    int result = wakeup_look_up(host);
    if (result < 0) {
        disturbance_note();
    }
    return result;
}

void
crossing_post(interp *host)
{
    if (!atomic_exchange(&host->posted, 1) && !cpython_post(host->python_state, look_up, host)) {
        atomic_store(&host->posted, 0);
    }
    event_loop_ring_all(host);
}

void
crossing_make_room(interp *host)
{
    if (host->is_preemptive && atomic_load(&host->waiting) > 0) {
        crossing_give_way(host, false);
    }
}

bool
crossing_begin_look(interp *host)
{
    pthread_mutex_lock(&host->mutex);
    bool may_look = !host->is_unasked;
    host->lookers += may_look;
    pthread_mutex_unlock(&host->mutex);
    return may_look;
}

void
crossing_end_look(interp *host)
{
    pthread_mutex_lock(&host->mutex);
    host->lookers--;
    pthread_cond_broadcast(&host->moved);
    pthread_mutex_unlock(&host->mutex);
}

void
crossing_stop_asking(interp *host)
{
    pthread_mutex_lock(&host->mutex);
    host->is_unasked = true;
    while (host->lookers > 0 || host->pins > 0) {
        pthread_cond_wait(&host->moved, &host->mutex);
    }
    pthread_mutex_unlock(&host->mutex);
}

COLD void
crossing_ask_for_room(interp *host)
{
    const thread *here = thread_self;
    bool is_of_collector = here != NULL && (atomic_load(&here->wakeup) & WAKEUP_COLLECTION);
    if (host->is_preemptive || is_of_collector) {
        crossing_post(host);
    }
}

COLD void
crossing_attach_contended(interp *host, guest *visitor, PyThreadState *state)
{
    if (door_try(host)) {
        PyThreadState_Swap(state);
        door_open(host);
        return;
    }
    int64_t since = trace_clock();
    // Release our own GIL first, so that others can use it while we wait.
    PyThreadState_Swap(NULL);
    shake();
    bool has_claim = door_wait(host);
    atomic_fetch_add(&host->waiting, 1);
    shake();
    if (interp_is_running(host)) { // for some time, or one that did not come by the door
        crossing_ask_for_room(host);
    }
    PyThreadState_Swap(state);
    if (has_claim) {
        door_open(host);
    }
    atomic_fetch_sub(&host->waiting, 1);
    if (since != 0) {
        spans_waited(host, since);
    }
}

void
crossing_take_announced(interp *host, guest *visitor, PyThreadState *state)
{
    parking_announce(host);
    crossing_take_gil(host, visitor, state);
    parking_arrive(host, visitor);
}

// A thread to be interrupted may be about to take the GIL after a C call. The pending call may have
// been run by another thread, so post it again.
COLD void
crossing_return_contended(interp *host)
{
    if (atomic_load_explicit(&host->attention, memory_order_relaxed) & ATTENTION_INTERRUPTION) {
        crossing_post(host);
    }
    crossing_ask_for_room(host);
}

static void
begin_reserving_locked(interp *host)
{
    host->reservations++;
    interp_raise_attention(host, ATTENTION_RESERVED);
}

static void
end_reserving_locked(interp *host)
{
    if (--host->reservations == 0) {
        atomic_fetch_and(&host->attention, ~(unsigned)ATTENTION_RESERVED);
        pthread_cond_broadcast(&host->moved); // for the threads in stand_back
    }
}

static void
begin_giving_locked(interp *host, bool only_to_woken)
{
    host->yielders++;
    interp_raise_attention(host, ATTENTION_YIELDER);
    if (only_to_woken) {
        begin_reserving_locked(host);
    }
}

static void
end_giving_locked(interp *host, bool only_to_woken)
{
    if (--host->yielders == 0) {
        atomic_fetch_and(&host->attention, ~(unsigned)ATTENTION_YIELDER);
    }
    if (only_to_woken) {
        end_reserving_locked(host);
    }
}

// Until those that were about to enter at first have entered: others may come all the time.
static void
wait_for_entering_locked(interp *host, const guest *own)
{
    int64_t deadline = clock_now() + GIVE_WAY_LIMIT;
    interp_await_entering_locked(host, own);
    while (interp_has_awaited_locked(host) &&
           condition_wait(&host->moved, &host->mutex, deadline)) {
    }
}

// Until no woken thread is about to enter.
static void
wait_for_woken_locked(interp *host, const guest *own)
{
    int64_t deadline = clock_now() + GIVE_WAY_LIMIT;
    while (interp_has_woken_locked(host, own, WAKEUP_TO_BE_LET_IN, true) &&
           condition_wait(&host->moved, &host->mutex, deadline)) {
    }
}

void
crossing_give_way(interp *host, bool only_to_woken)
{
    thread *here = thread_self;
    const guest *own = here == NULL ? NULL : thread_guest(here, host);
    pthread_mutex_lock(&host->mutex);
    begin_giving_locked(host, only_to_woken); // before the GIL is released
    pthread_mutex_unlock(&host->mutex);
    shake();
    PyThreadState *state = PyEval_SaveThread();
    shake();
    pthread_mutex_lock(&host->mutex);
    barrier_heavy(); // pairs with crossing_attach
    if (only_to_woken) {
        wait_for_woken_locked(host, own);
    }
    else {
        wait_for_entering_locked(host, own);
        end_giving_locked(host, false);
    }
    pthread_mutex_unlock(&host->mutex);
    shake();
    atomic_fetch_add(&host->returning, 1);
    PyEval_RestoreThread(state);
    atomic_fetch_sub(&host->returning, 1);
    if (only_to_woken) { // not before: threads that are not woken must stay out
        pthread_mutex_lock(&host->mutex);
        end_giving_locked(host, true);
        pthread_mutex_unlock(&host->mutex);
    }
}

void
crossing_hold(interp *host, guest *own)
{
    pthread_mutex_lock(&host->mutex);
    begin_reserving_locked(host);
    pthread_mutex_unlock(&host->mutex);
    own->is_holding = true;
}

void
crossing_release(interp *host, guest *own)
{
    own->is_holding = false;
    pthread_mutex_lock(&host->mutex);
    end_reserving_locked(host);
    pthread_mutex_unlock(&host->mutex);
}

// ---- what to do on arrival ----

static void
delete_dead(interp *host)
{
    parking_await_revokers(host); // one may use a thread state of these
    pthread_mutex_lock(&host->mutex);
    guest *dead = host->dead;
    host->dead = NULL;
    pthread_mutex_unlock(&host->mutex);
    while (dead != NULL) {
        guest *next = dead->next_dead;
        shake();
        parking_forget(dead);
        // Allowed from another OS thread: only the interpreter's GIL is needed.
        PyThreadState_Clear(dead->thread_state);
        PyThreadState_Delete(dead->thread_state);
        pthread_mutex_lock(&host->mutex);
        guest_unlink_locked(dead);
        pthread_mutex_unlock(&host->mutex);
        guest_free(dead);
        dead = next;
    }
}

// May it pass a reservation? It will turn back, or works for the collector, which runs no user
// code; or it closes the interpreter.
static bool
will_turn_back(const guest *visitor, guest_presence how)
{
    unsigned wakeup = how == GUEST_ENTERING ? atomic_load(&visitor->thread->wakeup) : 0;
    return (wakeup & (WAKEUP_COLLECTION | WAKEUP_CLOSING)) ||
           (thread_self->mask_depth == 0 && (wakeup & WAKEUP_AT_THE_DOOR));
}

// Who returns while it imports something goes on: importlib's locks are its own, and a thread that
// is woken may want one of them for its exception.
static bool
may_pass(const guest *visitor, guest_presence how)
{
    return visitor->is_holding || (how == GUEST_RETURNING && wakeup_is_importing());
}

// The interpreter is reserved for woken threads: leave it until the reservation ends, or until this
// thread is woken too.
static void
stand_back(interp *host, guest *visitor, PyThreadState *state, guest_presence how)
{
    while ((atomic_load(&host->attention) & ATTENTION_RESERVED) && !will_turn_back(visitor, how)) {
        atomic_store(&visitor->presence, how);
        PyThreadState_Swap(NULL);
        shake();
        pthread_mutex_lock(&host->mutex);
        while (host->reservations > 0 && !will_turn_back(visitor, how)) {
            pthread_cond_wait(&host->moved, &host->mutex);
        }
        pthread_mutex_unlock(&host->mutex);
        PyThreadState_Swap(state);
        atomic_store(&visitor->presence, GUEST_INSIDE);
    }
}

void
crossing_clean(interp *host)
{
    unsigned bits =
        atomic_fetch_and(&host->attention, ~(unsigned)(ATTENTION_DEAD | ATTENTION_DEFERRED));
    thread *masked = thread_mask();
    if (bits & ATTENTION_DEAD) {
        delete_dead(host);
    }
    if (host->core_state != NULL) {
        export_run_deferred(host->core_state);
    }
    thread_unmask(masked);
}

// A tool that watches the interpreter's threads also watches this one, from its first visit on; but
// nothing of the collector's work, for which all others are stopped.
static void
welcome(interp *host, guest *visitor)
{
    pthread_mutex_lock(&host->mutex);
    bool is_first = guest_welcome_locked(visitor);
    pthread_mutex_unlock(&host->mutex);
    bool is_of_collector = atomic_load(&thread_self->wakeup) & WAKEUP_COLLECTION;
    if (is_first && host->core_state != NULL && !is_of_collector) {
        thread *masked = thread_mask();
        cpython_watch_thread();
        thread_unmask(masked);
    }
}

static void
note_arrival(thread *self, interp *at, guest_presence how, crossing_purpose what)
{
    const operation *done = what.operation;
    if (how == GUEST_RETURNING) {
        spans_end(self, at);
    }
    else if (done == NULL) {
        spans_begin(self, at, &(span_subject){.kind = TRACE_ENTER, .label = what.label});
    }
    else {
        spans_begin(self, at,
                    &(span_subject){.kind = (trace_kind)(TRACE_CALL + done->kind),
                                    .object = done->target == NULL ? NULL : done->target->object,
                                    .name = done->name});
    }
}

NOINLINE void
crossing_attend(interp *host, guest *visitor, PyThreadState *state, guest_presence how,
                crossing_purpose what)
{
    unsigned bits = atomic_load(&host->attention);
    if (bits & ATTENTION_TRACED) {
        note_arrival(visitor->thread, host, how, what);
    }
    if ((bits & ATTENTION_RESERVED) && !may_pass(visitor, how)) {
        stand_back(host, visitor, state, how);
    }
    if (bits & ATTENTION_YIELDER) {
        pthread_mutex_lock(&host->mutex);
        visitor->is_awaited = false;
        pthread_cond_broadcast(&host->moved);
        pthread_mutex_unlock(&host->mutex);
    }
    // Not for other bits: who runs one of many jobs, and crosses, would run the next one inside it.
    if ((bits & (ATTENTION_DEAD | ATTENTION_DEFERRED)) || deferred_is_waiting(&host->deferred)) {
        crossing_clean(host);
    }
    if (bits & ATTENTION_NEWCOMER) {
        welcome(host, visitor);
    }
}

// ---- errors ----

COLD crossing_result
crossing_turn_back(crossing *self)
{
    crossing_leave(self);
    return CROSSING_CLOSED;
}

// This thread was woken: leave before doing anything, and answer the wake-up at home.
COLD crossing_result
crossing_heed_wakeup(crossing *self, interp *home, interp *host, interp_phase latest,
                     crossing_purpose what)
{
    thread *here = self->thread;
    if (here->mask_depth > 0) {
        return CROSSING_OK;
    }
    if (!(atomic_load(&here->wakeup) & WAKEUP_AT_THE_DOOR)) {
        interruption_tidy(here);
        return CROSSING_OK;
    }
    crossing_leave(self);
    if (home->core_state != NULL && wakeup_answer_at_home(home->core_state, host) < 0) {
        disturbance_note();
        return CROSSING_WOKEN;
    }
    return crossing_enter_until(self, home, PyThreadState_GetUnchecked(), host, latest, what);
}

void
crossing_raise(core_state *home, const interp *host, crossing_result why)
{
    switch (why) {
    case CROSSING_CLOSED:
        state_raise_closed(home, host);
        break;
    case CROSSING_WOKEN:
        break; // it is set
    case CROSSING_TOO_DEEP:
        PyErr_Format(PyExc_RecursionError, "no stack left for another call into interpreter '%s'",
                     host->name);
        break;
    case CROSSING_NOT_NESTED:
        PyErr_Format(
            PyExc_RuntimeError,
            "another greenlet of this thread is inside interpreter '%s', and must leave it "
            "first [docs: explanation/extensions]",
            host->name);
        break;
    default:
        PyErr_NoMemory();
    }
}

// ---- visits without a home ----

// A thread state made for a thread that has none is bound to it as its PyGILState: nobody else can
// delete it. So first it is certain that this thread gets in: while the interpreter is pinned it
// does not end, though it may begin to close.
crossing_result
crossing_visit(interp *host, crossing *visit)
{
    thread *here = thread_get();
    if (here == NULL) {
        return CROSSING_NO_MEMORY;
    }
    if (!interp_pin(host, INTERP_OPEN)) {
        return CROSSING_CLOSED;
    }
    crossing_result why = CROSSING_OK;
    guest *visitor = crossing_admit(here, host, INTERP_CLOSING, &why);
    interp_unpin(host);
    if (visitor == NULL) {
        return why;
    }
    *visit = (crossing){.thread = here, .host = visitor};
    crossing_attach(here, NULL, host, visitor, visitor->thread_state, GUEST_ENTERING,
                    CROSSING_BACK);
    spans_begin_visit();
    return CROSSING_OK;
}

// The thread state is deleted, not cached: swapped out without a successor, it would stay bound as
// this thread's PyGILState, and the interpreter's closer could not delete it.
void
crossing_end_visit(crossing *visit)
{
    guest *visitor = visit->host;
    interp *host = visitor->interp;
    spans_end_visit(host);
    PyThreadState_Clear(visitor->thread_state);
    parking_forget(visitor);
    pthread_mutex_lock(&host->mutex);
    visitor->thread_state = NULL; // while the GIL is held: for thread_state_count_own
    pthread_mutex_unlock(&host->mutex);
    thread_state_delete_current();
    thread_set_guest(visit->thread, host, NULL);
    shake();
    if (atomic_load_explicit(&host->waiting, memory_order_relaxed) > 0) {
        crossing_ask_for_room(host); // while the guest keeps the interpreter alive
    }
    pthread_mutex_lock(&host->mutex);
    guest_unlink_locked(visitor);
    pthread_mutex_unlock(&host->mutex);
    if (phase_is_closing(interp_get_phase(host))) {
        closing_announce();
    }
    interruption_forget(visitor);
    guest_free(visitor);
}
