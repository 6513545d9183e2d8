// crossing: the running thread enters another interpreter and comes back [LRPC, Bershad 1990].
//
// Purpose. crossing_enter swaps the running thread to its cached thread state of the host (which
// releases the home GIL and takes the host's); crossing_leave swaps back. If something of the host
// is still needed after the return, use its two halves, crossing_return and crossing_end: between
// them the home GIL is held and the host cannot close.
//
// One at a time. An interpreter's switch interval is longer than any run, so its GIL passes on only
// where the running thread waits, ends or crosses. There is no second lock. Only a preemptive
// interpreter, such as main, lets visitors in between two bytecodes, by a pending call.
//
// No deadlock. A crossing releases the home GIL before it takes the host's: no thread holds two.
//
// Lifetime. A crossing lives on the C stack. The thread's record keeps the two guests.
//
// Threads. Any thread that is attached to `home`.
//
// Errors. crossing_enter fails without having moved; crossing_raise makes the exception.
#ifndef ATOLL_BRIDGE_CROSSING_H
#define ATOLL_BRIDGE_CROSSING_H

#include <Python.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "bridge/crossing/interruption.h"
#include "bridge/parking/parking.h"
#include "bridge/traceback/nesting.h"
#include "bridge/python/state.h"
#include "ground/base/attributes.h"
#include "ground/system/barrier.h"
#include "ground/interpreter/closing.h"
#include "ground/base/shake.h"
#include "ground/interpreter/door.h"
#include "ground/interpreter/interp.h"
#include "ground/interpreter/thread.h"

typedef enum {
    CROSSING_OK,
    CROSSING_CLOSED,
    CROSSING_TOO_DEEP,
    CROSSING_NOT_NESTED, // see bridge/traceback/nesting.h
    CROSSING_NO_MEMORY,
    CROSSING_WOKEN, // an exception is set: a deadline has passed, or a signal handler raised
} crossing_result;

struct operation; // bridge/operation/operation.h

// What a thread enters for: traces tell it. For an operation the label is NULL.
typedef struct {
    const char *label;
    const struct operation *operation;
} crossing_purpose;

#define CROSSING_FOR(text) ((crossing_purpose){.label = (text)})
#define CROSSING_BACK      ((crossing_purpose){0})

typedef struct {
    thread *thread;
    guest *home, *host;
    PyThreadState *home_state; // the thread's running state at home
    PyThreadState *saved;      // what the home guest pointed to before
} crossing;

// The slow halves, in crossing.c.
guest *crossing_new_home(thread *self, interp *home, PyThreadState *state);
guest *crossing_new_host(thread *self, interp *host, interp_phase latest, crossing_result *why);
void crossing_attach_contended(interp *host, guest *visitor, PyThreadState *state);
void crossing_take_announced(interp *host, guest *visitor, PyThreadState *state);
void crossing_attend(interp *host, guest *visitor, PyThreadState *state, guest_presence how,
                     crossing_purpose what);
void crossing_clean(interp *host); // run deferred jobs, delete thread states of ended threads
void crossing_ask_for_room(interp *host);     // crossing_post, if it would make room
void crossing_return_contended(interp *host); // under its GIL
crossing_result crossing_turn_back(crossing *self);
crossing_result crossing_heed_wakeup(crossing *self, interp *home, interp *host,
                                     interp_phase latest, crossing_purpose what);
void crossing_raise(core_state *home, const interp *host, crossing_result why);

// Release this GIL until threads that wait to enter have entered; with `only_to_woken`, only those
// that will turn back at once or work for the collector. Call with the GIL held.
void crossing_give_way(interp *host, bool only_to_woken);

// Reserve the interpreter until crossing_release: nobody enters while this thread is elsewhere. For
// a pending call that crosses: until it returns, CPython runs no other pending call here.
void crossing_hold(interp *host, guest *own);
void crossing_release(interp *host, guest *own);

// Post the pending call wakeup_look_up to that interpreter. A pin or a visitor inside must keep it
// alive. Call with none of our locks held.
void crossing_post(interp *host);

// Post no more pending calls: from now on visitors just wait for the GIL. Returns when no other
// thread runs or posts one. Call detached, unless nobody else is inside.
void crossing_stop_asking(interp *host);

// For the pending call. _begin_look returns false if it must do nothing any more. _make_room lets
// waiting visitors into a preemptive interpreter.
bool crossing_begin_look(interp *host);
void crossing_end_look(interp *host);
void crossing_make_room(interp *host);

// Crossings without a home: for a thread that has no thread state.
MUST_CHECK crossing_result crossing_visit(interp *host, crossing *visit);
void crossing_end_visit(crossing *visit);

// Tells crossing_attach_contended that no thread runs here for long.
static inline void
crossing_depart(interp *from)
{
    unsigned count = atomic_load_explicit(&from->departures, memory_order_relaxed);
    atomic_store_explicit(&from->departures, count + 1, memory_order_relaxed);
}

static inline void
crossing_take_gil(interp *host, guest *visitor, PyThreadState *state)
{
    if (UNLIKELY(interp_is_running(host) || door_is_crowded(host))) {
        crossing_attach_contended(host, visitor, state);
    }
    else {
        PyThreadState_Swap(state);
    }
}

// Without doing what is to be done on arrival: next is crossing_arrive. `from` is the guest through
// which this thread is where it is, and may leave the GIL parked; or NULL.
static inline void
crossing_take(thread *self, guest *from, interp *host, guest *visitor, PyThreadState *state,
              guest_presence how)
{
    atomic_store_explicit(&visitor->presence, how, memory_order_relaxed);
    shake();
    if (LIKELY(atomic_load_explicit(&parking_is_on, memory_order_relaxed))) {
        if (UNLIKELY(!parking_pass(from, visitor, state))) {
            crossing_take_announced(host, visitor, state);
        }
    }
    else {
        crossing_take_gil(host, visitor, state);
    }
    shake();
    // release: pairs with presence_of
    atomic_store_explicit(&visitor->presence, GUEST_INSIDE, memory_order_release);
    atomic_store_explicit(&self->current, host->id, memory_order_relaxed);
    barrier_light(); // pairs with crossing_give_way, and the alarm's summon
    shake();
}

static inline void
crossing_arrive(interp *host, guest *visitor, PyThreadState *state, guest_presence how,
                crossing_purpose what)
{
    if (UNLIKELY(atomic_load_explicit(&host->attention, memory_order_relaxed) ||
                 deferred_is_waiting(&host->deferred))) {
        crossing_attend(host, visitor, state, how, what);
    }
}

static inline void
crossing_attach(thread *self, guest *from, interp *host, guest *visitor, PyThreadState *state,
                guest_presence how, crossing_purpose what)
{
    crossing_take(self, from, host, visitor, state, how);
    crossing_arrive(host, visitor, state, how, what);
}

// The guest through which this thread may enter, now counted as present. NULL: refused, see `why`;
// it is CROSSING_CLOSED if the phase is past `latest`.
static inline guest *
crossing_admit(thread *self, interp *host, interp_phase latest, crossing_result *why)
{
    guest *visitor = thread_guest(self, host);
    if (UNLIKELY(visitor == NULL || (!visitor->is_owned && visitor->depth == 0))) {
        visitor = crossing_new_host(self, host, latest, why);
        if (visitor == NULL) {
            return NULL;
        }
    }
    if (LIKELY(visitor->depth == 0)) {
        atomic_store_explicit(&visitor->presence, GUEST_ENTERING, memory_order_relaxed);
        barrier_light(); // pairs with barrier_heavy in lifecycle_close
        shake();
        if (UNLIKELY(interp_get_phase(host) > latest)) {
            atomic_store_explicit(&visitor->presence, GUEST_ABSENT, memory_order_release);
            shake();
            closing_announce();
            *why = CROSSING_CLOSED;
            return NULL;
        }
    }
    else if (UNLIKELY(interp_get_phase(host) == INTERP_CLOSED)) { // only in a forked child
        *why = CROSSING_CLOSED;
        return NULL;
    }
    visitor->depth++;
    return visitor;
}

static inline void
crossing_dismiss(guest *visitor)
{
    if (LIKELY(--visitor->depth == 0)) {
        atomic_store_explicit(&visitor->presence, GUEST_ABSENT, memory_order_release);
        barrier_light(); // pairs with barrier_heavy in lifecycle_close and interruption_ask
        shake();
        interruption_forget(visitor);
        if (UNLIKELY(interp_get_phase(visitor->interp) == INTERP_CLOSING)) {
            closing_announce();
        }
    }
}

// Back to the home GIL; the thread still counts as inside the host.
static inline void
crossing_return(crossing *self)
{
    interp *host = self->host->interp;
    crossing_depart(host);
    shake();
    if (UNLIKELY(atomic_load_explicit(&host->waiting, memory_order_relaxed) > 0)) {
        crossing_return_contended(host);
    }
    crossing_attach(self->thread, self->host, self->home->interp, self->home, self->home_state,
                    GUEST_RETURNING, CROSSING_BACK);
}

// Enter the host again, after crossing_return.
static inline void
crossing_revisit(crossing *self)
{
    crossing_attach(self->thread, self->home, self->host->interp, self->host,
                    self->host->thread_state, GUEST_RETURNING, CROSSING_BACK);
}

static inline void
crossing_end(crossing *self)
{
    self->home->thread_state = self->saved;
    crossing_log_end(&self->thread->visits);
    crossing_dismiss(self->home);
    crossing_dismiss(self->host);
}

static inline void
crossing_leave(crossing *self)
{
    crossing_return(self);
    crossing_end(self);
}

// `state` is this thread's state at home; it need not be attached.
static inline MUST_CHECK crossing_result
crossing_enter_until(crossing *self, interp *home, PyThreadState *state, interp *host,
                     interp_phase latest, crossing_purpose what)
{
    thread *here = thread_get();
    if (UNLIKELY(here == NULL)) {
        return CROSSING_NO_MEMORY;
    }
    if (UNLIKELY((const char *)__builtin_frame_address(0) < here->stack_limit)) {
        return CROSSING_TOO_DEEP;
    }
    guest *resident = thread_guest(here, home);
    if (UNLIKELY(resident == NULL)) {
        resident = crossing_new_home(here, home, state);
        if (resident == NULL) {
            return CROSSING_NO_MEMORY;
        }
    }
    crossing_result why = CROSSING_OK;
    guest *visitor = crossing_admit(here, host, latest, &why);
    if (UNLIKELY(visitor == NULL)) {
        return why;
    }
    if (UNLIKELY(visitor->depth > 1) && !nesting_holds(here, home, state)) {
        crossing_dismiss(visitor);
        return CROSSING_NOT_NESTED;
    }
    // Calls back into home reuse the thread state that is suspended here.
    *self = (crossing){here, resident, visitor, state, resident->thread_state};
    resident->thread_state = state;
    resident->depth++;
    crossing_log_begin(&here->visits, home, host, state->current_frame);
    crossing_depart(home);
    shake();
    crossing_attach(here, resident, host, visitor, visitor->thread_state, GUEST_ENTERING, what);
    interp_count_crossings(host, 1);
    if (UNLIKELY(host->core_state == NULL)) {
        return crossing_turn_back(self); // this thread is inside while it ends
    }
    if (UNLIKELY(atomic_load_explicit(&here->wakeup, memory_order_relaxed) != 0)) {
        return crossing_heed_wakeup(self, home, host, latest, what);
    }
    return CROSSING_OK;
}

static inline MUST_CHECK crossing_result
crossing_enter_from(crossing *self, interp *home, PyThreadState *state, interp *host,
                    crossing_purpose what)
{
    return crossing_enter_until(self, home, state, host, INTERP_OPEN, what);
}

static inline MUST_CHECK crossing_result
crossing_enter(crossing *self, interp *home, interp *host, crossing_purpose what)
{
    return crossing_enter_from(self, home, PyThreadState_GetUnchecked(), host, what);
}

#endif
