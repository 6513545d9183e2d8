// Visits of atoll.h: any thread enters an interpreter, and leaves it.
#include <Python.h>
#include <math.h>

#include "bridge/crossing/crossing.h"
#include "bridge/crossing/wakeup.h"
#include "bridge/python/cpython.h"
#include "bridge/transfer/error.h"
#include "bridge/transfer/parcel.h"
#include "bridge/transfer/specials.h"
#include "ground/base/clock.h"
#include "ground/interpreter/alarm.h"
#include "types/capi/capi.h"
#include "types/reference.h"

typedef enum {
    VISIT_STAY,   // the thread is there already
    VISIT_RETURN, // it had detached from there: it takes up the thread state that it left
    VISIT_CROSS,  // it comes from another interpreter
    VISIT_ALONE,  // it has no thread state
} visit_kind;

typedef struct {
    uintptr_t seal; // of a visit that has begun and not ended: its own address, mixed
    visit_kind kind;
    bool was_detached; // CROSS: from the interpreter that it comes from
    bool is_limited;   // by `limit`
    int depth;         // of its guest there, once it is inside: CROSS and ALONE
    int stays;         // of its thread, once it is inside
    PyThreadState *inside;
    interp *host;
    crossing over; // CROSS and ALONE; the others: its thread alone
    deadline limit;
} visit;

static_assert(sizeof(visit) <= sizeof(Atoll_Visit), "its size is part of the binary interface");
static_assert(_Alignof(visit) <= _Alignof(Atoll_Visit), "its place, too");

#define SEAL ((uintptr_t)0x61746f6c6c2e68)

static inline int
begin(visit *self, visit_kind kind, interp *host, PyThreadState *inside, int depth)
{
    self->kind = kind;
    self->host = host;
    self->inside = inside;
    self->depth = depth;
    self->stays = self->over.thread->stays;
    self->seal = (uintptr_t)self ^ SEAL;
    return ATOLL_OK;
}

// ---- threads that come to main from outside Python ----

// Interpreters that atoll makes are closed when nobody is inside. Main ends with Python, which does
// not look for such threads: its exit handlers do.
static struct {
    atomic_int inside; // or about to
    atomic_bool is_shut;
} gate;

static __thread int inside_gate; // of `gate.inside`: this thread's

static void
gate_leave(const interp *host)
{
    if (host->is_main) {
        inside_gate--;
        atomic_fetch_sub(&gate.inside, 1);
        if (atomic_load(&gate.is_shut)) {
            closing_announce();
        }
    }
}

static bool
gate_enter(const interp *host)
{
    if (!host->is_main) {
        return true;
    }
    inside_gate++;
    atomic_fetch_add(&gate.inside, 1); // before is_shut is read: pairs with capi_shut_main
    shake();
    bool is_open = !atomic_load(&gate.is_shut);
    if (!is_open) {
        gate_leave(host);
    }
    return is_open;
}

bool
capi_shut_main(int64_t deadline)
{
    closing_waiter waiter;
    closing_join(&waiter);
    atomic_store(&gate.is_shut, true); // before inside is read: pairs with gate_enter
    wait_result how = WAIT_WOKEN;
    while (atomic_load(&gate.inside) > inside_gate && how != WAIT_EXPIRED) {
        how = closing_wait(&waiter, deadline);
    }
    closing_leave(&waiter);
    return how != WAIT_EXPIRED;
}

void
capi_fork_child(void)
{
    atomic_store(&gate.inside, inside_gate);
}

// ---- refusals ----

static int
status_of(crossing_result why)
{
    switch (why) {
    case CROSSING_OK:
        return ATOLL_OK;
    case CROSSING_CLOSED:
        return ATOLL_ERROR_CLOSED;
    case CROSSING_TOO_DEEP:
    case CROSSING_NOT_NESTED:
        return ATOLL_ERROR_DEPTH;
    case CROSSING_NO_MEMORY:
        return ATOLL_ERROR_MEMORY;
    case CROSSING_WOKEN:
        return PyErr_ExceptionMatches(PyExc_TimeoutError) ? ATOLL_ERROR_TIMEOUT : ATOLL_RAISED;
    }
    Py_UNREACHABLE();
}

static void
stop_limit(visit *self)
{
    if (UNLIKELY(self->is_limited)) {
        self->is_limited = false;
        deadline_stop(&self->limit);
    }
}

// ---- entering ----

static COLD int
refuse_crossing(visit *self, interp *home, interp *host, crossing_result why)
{
    bool is_attached = PyThreadState_GetUnchecked() != NULL; // it may have been inside
    int status = status_of(why);
    if (is_attached && !self->was_detached) {
        crossing_raise(home->core_state, host, why);
    }
    else if (is_attached) {
        PyEval_SaveThread();
    }
    stop_limit(self);
    return status;
}

static inline int
cross(visit *self, interp *home, PyThreadState *state, interp *host)
{
    crossing_result why =
        crossing_enter_from(&self->over, home, state, host, CROSSING_FOR("Atoll_Enter"));
    if (UNLIKELY(why != CROSSING_OK)) {
        return refuse_crossing(self, home, host, why);
    }
    specials_refresh(host->core_state);
    return begin(self, VISIT_CROSS, host, self->over.host->thread_state, self->over.host->depth);
}

static NOINLINE int
cross_slowly(visit *self, interp *home, PyThreadState *state, interp *host)
{
    return cross(self, home, state, host);
}

static COLD int
refuse_thread(void)
{
    return capi_fail(ATOLL_ERROR_MEMORY, NULL, NULL);
}

static int
stay(visit *self, interp *host, PyThreadState *state)
{
    self->over.thread = thread_get();
    if (self->over.thread == NULL) {
        return refuse_thread();
    }
    self->over.thread->stays++;
    return begin(self, VISIT_STAY, host, state, 0);
}

static int
go_back(visit *self, interp *host, PyThreadState *state)
{
    self->over.thread = thread_get();
    if (self->over.thread == NULL) {
        return refuse_thread();
    }
    if (interp_get_phase(host) == INTERP_CLOSED || !gate_enter(host)) {
        return ATOLL_ERROR_CLOSED;
    }
    PyEval_RestoreThread(state);
    return begin(self, VISIT_RETURN, host, state, 0);
}

static void
end_alone(visit *self)
{
    if (self->over.host->depth > 1) {
        PyThreadState_Swap(NULL);
        crossing_dismiss(self->over.host);
    }
    else {
        crossing_end_visit(&self->over);
        atomic_store_explicit(&self->over.thread->current, -1, memory_order_relaxed);
    }
    gate_leave(self->host);
}

// The time may be over before it got in.
static bool
is_late(visit *self, interp *host)
{
    int64_t elapsed;
    return self->is_limited && self->over.thread->mask_depth == 0 &&
           deadline_heed(self->over.thread, host, self->depth - 1, false, &elapsed) !=
               DEADLINE_NONE;
}

static int
come_alone(visit *self, interp *host)
{
    if (!gate_enter(host)) {
        return ATOLL_ERROR_CLOSED;
    }
    crossing_result why = crossing_visit(host, &self->over);
    if (why != CROSSING_OK) {
        gate_leave(host);
        stop_limit(self);
        return status_of(why);
    }
    const guest *visitor = self->over.host;
    int status = begin(self, VISIT_ALONE, host, visitor->thread_state, visitor->depth);
    interp_count_crossings(host, 1);
    if (host->core_state == NULL) {
        status = ATOLL_ERROR_CLOSED;
    }
    else if (is_late(self, host)) {
        status = ATOLL_ERROR_TIMEOUT;
    }
    if (status != ATOLL_OK) {
        end_alone(self);
        stop_limit(self);
        self->seal = 0;
    }
    return status;
}

// Until when: seen from where the thread is now.
static int
start_limit(visit *self, const interp *at, double seconds)
{
    thread *here = thread_get();
    if (here == NULL || !wakeup_start()) {
        return refuse_thread();
    }
    int64_t duration = seconds < 1e9 ? (int64_t)(seconds * NANOSECONDS_PER_SECOND) : DEADLINE_NEVER;
    deadline_start(&self->limit, here, at, thread_depth(here, at), duration);
    self->is_limited = true;
    return ATOLL_OK;
}

// From where does this thread come? NULL: from no interpreter that atoll knows.
static interp *
find_home(PyThreadState **state, bool *was_detached)
{
    *was_detached = *state == NULL;
    if (*was_detached) {
        *state = PyGILState_GetThisThreadState(); // the one that it has left for a while
    }
    return *state == NULL ? NULL : capi_interp_of(*state);
}

static NOINLINE int
enter_from_anywhere(visit *self, interp *host, PyThreadState *state, const double *seconds)
{
    interp *home = find_home(&state, &self->was_detached);
    if (home == NULL && !self->was_detached) {
        return capi_fail(ATOLL_ERROR_DETACHED, PyExc_RuntimeError,
                         "this thread is in an interpreter that atoll does not know");
    }
    if (seconds != NULL) {
        int status = start_limit(self, home == NULL ? host : home, *seconds);
        if (status != ATOLL_OK) {
            return status;
        }
    }
    if (home == NULL) {
        return come_alone(self, host);
    }
    if (home != host) {
        return cross_slowly(self, home, state, host);
    }
    int status = self->was_detached ? go_back(self, host, state) : stay(self, host, state);
    if (status != ATOLL_OK) {
        stop_limit(self);
    }
    return status;
}

static COLD int
refuse_null(Atoll_Visit *space)
{
    return capi_fail(ATOLL_ERROR_ARGUMENT, PyExc_ValueError,
                     space == NULL ? "the Atoll_Visit is NULL" : "the Atoll_Interpreter is NULL");
}

static inline visit *
clean_visit(Atoll_Visit *space)
{
    visit *self = (visit *)(void *)space;
    self->seal = 0;
    self->is_limited = self->was_detached = false;
    return self;
}

FLATTEN int
capi_enter(Atoll_Interpreter *which, Atoll_Visit *space)
{
    if (UNLIKELY(which == NULL || space == NULL)) {
        return refuse_null(space);
    }
    visit *self = clean_visit(space);
    interp *host = capi_interp(which);
    PyThreadState *state = PyThreadState_GetUnchecked();
    interp *home = state == NULL ? NULL : capi_interp_of(state);
    return LIKELY(home != NULL && home != host) ? cross(self, home, state, host)
                                                : enter_from_anywhere(self, host, state, NULL);
}

int
capi_enter_within(Atoll_Interpreter *which, Atoll_Visit *space, double seconds)
{
    if (which == NULL || space == NULL) {
        return refuse_null(space);
    }
    visit *self = clean_visit(space);
    if (isnan(seconds) || seconds < 0) {
        return capi_fail(ATOLL_ERROR_ARGUMENT, PyExc_ValueError,
                         "a timeout must be a number of seconds, 0 or more");
    }
    return enter_from_anywhere(self, capi_interp(which), PyThreadState_GetUnchecked(), &seconds);
}

// ---- leaving ----

static void
leave_crossing(visit *self)
{
    const interp *home = self->over.home->interp;
    specials_publish(self->host->core_state);
    crossing_leave(&self->over);
    if (home->core_state != NULL) {
        specials_refresh(home->core_state);
    }
    if (UNLIKELY(self->was_detached)) {
        PyEval_SaveThread();
    }
}

// The raised exception comes along.
static COLD int
carry_home(visit *self)
{
    interp *home = self->over.home->interp;
    parcel error;
    parcel_init(&error);
    error_pack(&error, self->host->core_state, 0);
    specials_publish(self->host->core_state);
    crossing_leave(&self->over);
    error_raise(&error, home->core_state);
    parcel_clear(&error);
    specials_refresh(home->core_state);
    if (self->was_detached) {
        PyEval_SaveThread();
    }
    return ATOLL_RAISED;
}

// Nobody is there to whom it could be raised.
static COLD int
report(const visit *self)
{
    if (self->is_limited && deadline_is_expired(&self->limit)) {
        PyObject *raised = PyErr_GetRaisedException(); // before the class is imported
        PyObject *type = state_hook(self->host->core_state, HOOK_DEADLINE_EXCEEDED);
        bool is_it = type != NULL && PyErr_GivenExceptionMatches(raised, type);
        PyErr_SetRaisedException(raised);
        if (is_it) {
            PyErr_Clear();
            return ATOLL_ERROR_TIMEOUT;
        }
    }
    PyErr_FormatUnraisable("Exception ignored as a thread leaves interpreter '%s'",
                           self->host->name);
    return ATOLL_RAISED;
}

static NOINLINE int
leave_otherwise(visit *self)
{
    int status = !PyErr_Occurred()           ? ATOLL_OK
                 : self->kind == VISIT_ALONE ? report(self)
                                             : ATOLL_RAISED; // it stays where it is
    if (self->kind == VISIT_STAY) {
        self->over.thread->stays--;
    }
    else if (self->kind == VISIT_RETURN) {
        PyEval_SaveThread();
        gate_leave(self->host);
    }
    else if (self->kind == VISIT_ALONE) {
        specials_publish(self->host->core_state);
        end_alone(self);
    }
    stop_limit(self);
    return status;
}

static COLD int
refuse_to_leave(void)
{
    return capi_fail(ATOLL_ERROR_UNBALANCED, PyExc_RuntimeError,
                     "Atoll_Leave() without its Atoll_Enter(), or before that of a later visit");
}

// Of a visit that has begun: is this thread in it?
static inline bool
is_here(const visit *self)
{
    return self->kind == VISIT_CROSS
               ? self->over.thread == thread_self && cpython_is_attached(self->inside)
               : PyThreadState_GetUnchecked() == self->inside;
}

// Is it this thread's latest visit, and does it not detach without attaching again?
static inline bool
is_latest(const visit *self)
{
    return self->seal == ((uintptr_t)self ^ SEAL) && is_here(self) &&
           self->over.thread->stays == self->stays &&
           (self->depth == 0 || self->over.host->depth == self->depth);
}

FLATTEN int
capi_leave(Atoll_Visit *space)
{
    visit *self = (visit *)(void *)space;
    if (UNLIKELY(space == NULL || !is_latest(self))) {
        return space == NULL ? refuse_null(space) : refuse_to_leave();
    }
    self->seal = 0;
    if (UNLIKELY(self->kind != VISIT_CROSS)) {
        return leave_otherwise(self);
    }
    int status = ATOLL_OK;
    if (UNLIKELY(self->inside->current_exception != NULL)) {
        status = carry_home(self);
    }
    else {
        leave_crossing(self);
    }
    stop_limit(self);
    return status;
}
