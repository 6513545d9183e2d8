#include "bridge/parking/parking.h"

#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "bridge/parking/current.h"
#include "bridge/python/thread_state.h"
#include "ground/base/clock.h"
#include "ground/base/environment.h"
#include "ground/base/shake.h"
#include "ground/interpreter/alarm.h"

#define PARKING_LIMIT   (5 * MILLISECOND) // CPython's usual switch interval
#define MOST_RELUCTANCE 4096
#define FAIR_SKIPS      1024 // for about 0.2 ms whoever waits for a busy GIL can have it, as ever
#define DROP_REQUEST    1u   // _PY_GIL_DROP_REQUEST_BIT of PyThreadState.eval_breaker, 3.13 to 3.15

atomic_bool parking_is_on;

static atomic_bool may_park;   // false: nothing more is parked
static atomic_bool is_watched; // the alarm will call parking_tick
static const char *_Atomic obstacle = "no interpreter has been made";

// ---- leaving and coming back ----

// Could only guests' threads that come through here want the GIL? Or this thread's own state, if it
// is no visitor's.
static bool
is_alone(interp *here, const guest *from)
{
    unsigned version = atomic_load_explicit(&here->guests_version, memory_order_relaxed);
    const void *newest = *here->newest_state;
    if (UNLIKELY(newest != here->counted_newest || version != here->counted_version)) {
        here->own_states =
            here->is_main ? thread_state_peek_own(here, newest) : thread_state_count_own(here);
        here->counted_newest = newest;
        here->counted_version = version;
    }
    return here->guests_here == 0 && here->own_states - here->sleepers == !from->is_owned;
}

static bool
is_wanted(interp *here, const PyThreadState *state)
{
    unsigned attention = atomic_load_explicit(&here->attention, memory_order_relaxed);
    return atomic_load_explicit(&here->takers, memory_order_relaxed) > 0 ||
           (attention & ~(unsigned)ATTENTION_TRACED) != 0 ||
           (__atomic_load_n(&state->eval_breaker, __ATOMIC_RELAXED) & DROP_REQUEST) != 0 ||
           interp_get_phase(here) != INTERP_OPEN;
}

static bool
is_worth_it(interp *here)
{
    if (here->skips == 0) {
        return true;
    }
    here->skips--;
    return false;
}

// True: this thread has the GIL, which was parked by that guest.
static bool
claim(interp *here, guest *whose)
{
    return atomic_compare_exchange_strong(&here->parked, &whose, NULL);
}

static COLD void
take_back(interp *here, guest *from, PyThreadState *state)
{
    if (claim(here, from)) {
        current_resume(state);
        PyThreadState_Swap(NULL);
    }
}

static COLD void
call_watch(void)
{
    if (!atomic_exchange(&is_watched, true)) {
        alarm_look();
    }
}

// This thread leaves through that guest, which may be NULL, or not be attached. Afterwards it is
// detached, and the GIL is parked; or it is attached as before, and is to release it. The result is
// that of current_leave.
static inline bool
leave(guest *from)
{
    PyThreadState *state = current_get();
    if (from == NULL || state == NULL || state != from->thread_state) {
        return false;
    }
    interp *here = from->interp;
    parking_forget(from);
    if (!atomic_load_explicit(&may_park, memory_order_relaxed) || is_wanted(here, state) ||
        !is_alone(here, from) || !is_worth_it(here)) {
        return false;
    }
    from->parked_state = state;
    interp_count(&here->parkings);
    bool was_bound = current_leave(state);
    shake();
    atomic_exchange(&here->parked, from); // before `takers` and `may_park`: pairs with
                                          // parking_announce and parking_stop
    shake();
    if (UNLIKELY(atomic_load(&here->takers) > 0 || !atomic_load(&may_park))) {
        take_back(here, from, state);
    }
    if (UNLIKELY(!atomic_load(&is_watched))) {
        call_watch();
    }
    return was_bound;
}

static void
release_current(void)
{
    if (current_get() != NULL) {
        PyThreadState_Swap(NULL);
    }
}

static void
note_here(guest *visitor)
{
    if (visitor->is_owned && !visitor->is_here) {
        visitor->is_here = true;
        visitor->interp->guests_here++;
    }
}

static inline bool
resume(guest *visitor, PyThreadState *state, bool was_bound)
{
    interp *host = visitor->interp;
    if (atomic_load_explicit(&host->parked, memory_order_relaxed) != visitor ||
        visitor->parked_state != state) {
        return false;
    }
    release_current(); // first: no thread holds two
    shake();
    if (!claim(host, visitor)) {
        return false;
    }
    current_resume_own(state, was_bound);
    note_here(visitor);
    if (UNLIKELY(host->reluctance > 0)) {
        host->reluctance--;
    }
    return true;
}

bool
parking_pass(guest *from, guest *visitor, PyThreadState *state)
{
    bool was_bound = leave(from);
    bool is_inside = resume(visitor, state, was_bound);
    if (UNLIKELY(!is_inside && was_bound)) {
        current_set_gilstate(NULL);
    }
    return is_inside;
}

void
parking_forget(guest *visitor)
{
    if (visitor->is_here) {
        visitor->is_here = false;
        visitor->interp->guests_here--;
    }
}

PyThreadState *
parking_sleep(interp *here)
{
    here->sleepers++;
    return PyEval_SaveThread();
}

void
parking_wake(interp *here, PyThreadState *state)
{
    bool is_on = atomic_load(&parking_is_on);
    if (is_on) {
        parking_announce(here);
    }
    PyEval_RestoreThread(state);
    here->sleepers--;
    if (is_on) {
        parking_arrive(here, NULL);
    }
}

// ---- revoking ----

// Detached, and so afterwards. The GIL is not parked the next `skips` times. `revokers` is counted
// up before the claim: so whoever finds its GIL not parked any more sees it.
static bool
take_away(interp *host, int skips)
{
    atomic_fetch_add(&host->revokers, 1);
    shake();
    guest *whose = atomic_load(&host->parked);
    bool is_mine = whose != NULL && claim(host, whose);
    if (is_mine) {
        interp_count(&host->revocations);
        host->skips += skips;
        shake();
        current_resume(whose->parked_state);
        shake();
        PyThreadState_Swap(NULL);
    }
    atomic_fetch_sub(&host->revokers, 1);
    return is_mine;
}

// Under the GIL: two threads want it in turns.
static void
be_reluctant(interp *host)
{
    host->reluctance = 2 * host->reluctance + 2;
    if (host->reluctance > MOST_RELUCTANCE) {
        host->reluctance = MOST_RELUCTANCE;
    }
    host->skips = host->reluctance;
}

void
parking_await_revokers(interp *host)
{
    while (atomic_load(&host->revokers) > 0) {
        sched_yield();
    }
}

void
parking_announce(interp *host)
{
    atomic_fetch_add(&host->takers, 1); // before `parked`: pairs with leave
    shake();
    if (UNLIKELY(atomic_load(&host->parked) != NULL)) {
        release_current();
        if (take_away(host, 0)) {
            atomic_store_explicit(&host->was_revoked, true, memory_order_relaxed);
        }
    }
    if (UNLIKELY(atomic_load(&host->revokers) > 0)) {
        release_current();
        parking_await_revokers(host); // one may use this thread's own thread state
    }
}

void
parking_arrive(interp *host, guest *visitor)
{
    atomic_fetch_sub(&host->takers, 1);
    if (visitor != NULL) {
        note_here(visitor);
    }
    if (UNLIKELY(atomic_load_explicit(&host->was_revoked, memory_order_relaxed))) {
        atomic_store_explicit(&host->was_revoked, false, memory_order_relaxed);
        be_reluctant(host);
    }
}

// ---- the alarm ----

// While it is pinned it does not end. Where a thread keeps parking, whoever CPython wakes would
// find the GIL parked again.
static bool
take_away_pinned(interp *host)
{
    uint64_t parkings = atomic_load_explicit(&host->parkings, memory_order_relaxed);
    bool is_busy = parkings - host->parkings_seen > FAIR_SKIPS;
    host->parkings_seen = parkings;
    if (atomic_load(&host->parked) == NULL || !interp_pin(host, INTERP_CLOSING)) {
        return false;
    }
    bool is_done = take_away(host, is_busy ? FAIR_SKIPS : 0);
    interp_unpin(host);
    return is_done;
}

// Was anything parked?
static bool
take_away_all(void)
{
    bool was_any = false;
    interp *host = registry_next_after(-1);
    while (host != NULL) {
        atomic_fetch_add_explicit(&host->guests_version, 1, memory_order_relaxed); // count anew
        was_any |= take_away_pinned(host);
        interp *next = registry_next_after(host->id);
        interp_decref(host);
        host = next;
    }
    return was_any;
}

// In the alarm's thread only.
int64_t
parking_tick(void)
{
    enum { QUIET = 4 }; // after so many times at which nothing was parked it need not look
    static int64_t next = 0;
    static int quiet = 0;
    int64_t now = clock_now();
    if (!atomic_load(&is_watched)) {
        return DEADLINE_NEVER;
    }
    if (next == 0) {
        next = now + PARKING_LIMIT;
    }
    if (now < next) {
        return next;
    }
    quiet = take_away_all() ? 0 : quiet + 1;
    next = now + PARKING_LIMIT;
    if (quiet < QUIET) {
        return next;
    }
    next = quiet = 0;
    atomic_store(&is_watched, false);
    (void)take_away_all(); // what was parked by those who saw it true
    return DEADLINE_NEVER;
}

// ---- on and off ----

void
parking_start(PyThreadState *here, PyThreadState *other)
{
    static atomic_flag is_tried = ATOMIC_FLAG_INIT;
    char *value = NULL;
    if (atomic_flag_test_and_set(&is_tried)) {
        return;
    }
    bool is_known = environment_get("ATOLL_PARKING", &value);
    const char *why = !is_known                                  ? "out of memory"
                      : value != NULL && strcmp(value, "0") == 0 ? "ATOLL_PARKING is 0"
                      : !alarm_is_running()                      ? "no thread can be started"
                                                                 : current_learn(here, other);
    free(value);
    atomic_store(&obstacle, why);
    atomic_store(&may_park, why == NULL);
    atomic_store(&parking_is_on, why == NULL);
}

void
parking_stop(void)
{
    atomic_store(&may_park, false);
    if (atomic_load(&parking_is_on)) {
        (void)take_away_all();
        atomic_store(&obstacle, "the process ends");
    }
}

// What this thread has parked, it comes back to.
void
parking_fork_child(void)
{
    atomic_store(&may_park, false);
    atomic_store(&is_watched, false);
    if (atomic_load(&obstacle) == NULL) {
        atomic_store(&obstacle, "not in a forked process");
    }
}

const char *
parking_obstacle(void)
{
    return atomic_load(&obstacle);
}
