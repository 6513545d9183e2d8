#include "bridge/crossing/wakeup.h"

#include "bridge/crossing/crossing.h"
#include "bridge/crossing/interruption.h"
#include "bridge/crossing/own_threads.h"
#include "bridge/crossing/perform.h"
#include "bridge/parking/parking.h"
#include "bridge/python/thread_state.h"
#include "bridge/python/turns.h"
#include "bridge/python/disturbance.h"
#include "bridge/trace/spans.h"
#include "ground/base/clock.h"
#include "ground/base/text.h"

// ---- posting ----

static interp *noted = NULL; // linked by next_noted; alarm thread only

// May it be pinned for this thread? A present guest keeps the closer waiting, which looks under
// this mutex. A thread at home has no guest that is present; while the phase is open, no closer has
// begun.
static bool
is_there_locked(interp *host, thread *whom)
{
    interp_phase phase = interp_get_phase(host);
    return (phase != INTERP_CLOSED && interp_has_present_locked(host, whom)) ||
           (phase == INTERP_OPEN && atomic_load(&whom->current) == host->id);
}

static void
note_where_present(interp *host, void *whom)
{
    pthread_mutex_lock(&host->mutex);
    if (is_there_locked(host, whom)) {
        if (!host->is_noted && !host->is_unasked) {
            interp_pin_locked(host);
            interp_incref(host);
            host->is_noted = true;
            host->next_noted = noted;
            noted = host;
        }
        pthread_cond_broadcast(&host->moved); // the thread may be in stand_back
    }
    pthread_mutex_unlock(&host->mutex);
}

static void
note(thread *whom)
{
    registry_each(note_where_present, whom);
}

static void
post_noted(void)
{
    while (noted != NULL) {
        interp *host = noted;
        noted = host->next_noted;
        host->is_noted = false;
        crossing_post(host);
        interp_unpin(host);
        interp_decref(host);
    }
}

bool
wakeup_start(void)
{
    return alarm_start(note, post_noted, parking_tick);
}

void
wakeup_fork_child(void)
{
    noted = NULL;
}

// ---- answering ----

// The running frame, as in "train() at model.py:41".
static void
describe_activity(char *text, size_t size)
{
    PyFrameObject *frame = PyEval_GetFrame(); // borrowed
    PyCodeObject *code = frame == NULL ? NULL : PyFrame_GetCode(frame);
    PyObject *file = code == NULL ? NULL : PyObject_GetAttrString((PyObject *)code, "co_filename");
    PyObject *name = code == NULL ? NULL : PyObject_GetAttrString((PyObject *)code, "co_qualname");
    const char *path = file == NULL ? NULL : PyUnicode_AsUTF8(file);
    const char *function = name == NULL ? NULL : PyUnicode_AsUTF8(name);
    if (path != NULL && function != NULL) {
        text_fit(text, size, "%s() at %s:%d", function, basename(path),
                 PyFrame_GetLineNumber(frame));
    }
    else {
        text_fit(text, size, "something");
        PyErr_Clear();
    }
    Py_XDECREF(name);
    Py_XDECREF(file);
    Py_XDECREF(code);
}

static int
raise_deadline(core_state *state, const char *where, const char *activity, int64_t elapsed,
               bool is_here)
{
    spans_note_exceeded(state->interp, elapsed);
    PyObject *hook = state_hook(state, HOOK_DEADLINE_ERROR);
    PyObject *error =
        hook == NULL ? NULL
                     : PyObject_CallFunction(hook, "ssdi", where, activity,
                                             (double)elapsed / NANOSECONDS_PER_SECOND, is_here);
    if (error != NULL) {
        PyErr_SetRaisedException(error);
    }
    return -1;
}

int
wakeup_check_signals(core_state *here)
{
    if (here->interp->is_main) {
        return PyErr_CheckSignals();
    }
    PyObject *name = PyUnicode_InternFromString("atoll._core:check_signals");
    if (name == NULL) {
        return -1;
    }
    operation op = {.kind = OPERATION_FUNCTION,
                    .owner = registry_find(PyInterpreterState_Main()),
                    .name = name_refer(here, name)};
    PyObject *done = op.owner == NULL ? Py_None : operation_perform(here, &op, NULL);
    Py_DECREF(name);
    return done == NULL ? -1 : 0;
}

int64_t
wakeup_wait_limit(int64_t deadline)
{
    const thread *here = thread_self;
    int64_t next = here == NULL || here->mask_depth > 0 ? DEADLINE_NEVER : deadline_next(here);
    return next < deadline ? next : deadline;
}

int
wakeup_check_wait(core_state *here, const char *what)
{
    thread *self = thread_get();
    const interp *host = here->interp;
    int64_t elapsed = 0;
    deadline_place place =
        self == NULL || self->mask_depth > 0
            ? DEADLINE_NONE
            : deadline_heed(self, host, thread_depth(self, host), false, &elapsed);
    if (place == DEADLINE_NONE) { // first: a crossing into main would heed it
        return thread_is_main() ? wakeup_check_signals(here) : 0;
    }
    disturbance_note();
    return raise_deadline(here, "", what, elapsed, place == DEADLINE_HERE);
}

static int
answer_signal(core_state *state, thread *here)
{
    if (!(atomic_load(&here->wakeup) & WAKEUP_SIGNAL)) {
        return 0;
    }
    atomic_fetch_and(&here->wakeup, ~(unsigned)WAKEUP_SIGNAL);
    return wakeup_check_signals(state);
}

// This thread runs in the host: raise what it was woken for.
static int
answer_inside(core_state *state, thread *here)
{
    int64_t elapsed = 0;
    const interp *host = state->interp;
    if (answer_signal(state, here) < 0) {
        return -1;
    }
    if ((atomic_load(&here->wakeup) & WAKEUP_DEADLINE) &&
        deadline_heed(here, host, thread_depth(here, host), true, &elapsed) == DEADLINE_OUTSIDE) {
        char activity[INTERP_ACTIVITY_SIZE];
        describe_activity(activity, sizeof activity);
        return raise_deadline(state, host->name, activity, elapsed, false);
    }
    return 0;
}

int
wakeup_answer_at_home(core_state *home, interp *host)
{
    thread *here = thread_self;
    if (answer_signal(home, here) < 0) {
        return -1;
    }
    int64_t elapsed = 0;
    deadline_place place =
        deadline_heed(here, home->interp, thread_depth(here, home->interp), false, &elapsed);
    if (place == DEADLINE_NONE) {
        return 0;
    }
    char activity[INTERP_ACTIVITY_SIZE];
    pthread_mutex_lock(&host->mutex);
    memcpy(activity, host->activity, sizeof activity);
    host->activity[0] = '\0';
    pthread_mutex_unlock(&host->mutex);
    return raise_deadline(home, host->name, activity, elapsed, place == DEADLINE_HERE);
}

// ---- the pending call ----

// Of the running thread: does it belong to the interpreter?
static bool
is_own_thread(const guest *own)
{
    return own == NULL || !own->is_owned;
}

// Let in threads that wait to enter only to turn back, or that work for the collector: they run no
// user code. But other threads (own threads, or visitors that detached) take the GIL without
// asking. In an interpreter that is not preemptive they would keep it, this thread would wait for
// it in the pending call, and CPython would run no other pending call meanwhile. So where there are
// such threads nobody is let in. Who closes the interpreter is let in all the same: meanwhile they
// take turns.
static void
let_woken_in(interp *host, const guest *own)
{
    pthread_mutex_lock(&host->mutex);
    bool is_needed = interp_has_woken_locked(host, own, WAKEUP_TO_BE_LET_IN, true);
    bool is_closing = interp_has_woken_locked(host, own, WAKEUP_CLOSING, true);
    bool has_detached = interp_has_detached_locked(host, own);
    pthread_mutex_unlock(&host->mutex);
    if (is_needed && (host->is_preemptive || is_closing ||
                      (!has_detached && thread_state_count_own(host) == is_own_thread(own)))) {
        char activity[INTERP_ACTIVITY_SIZE];
        describe_activity(activity, sizeof activity);
        pthread_mutex_lock(&host->mutex);
        memcpy(host->activity, activity, sizeof activity);
        pthread_mutex_unlock(&host->mutex);
        // CPython has one thread at a time make pending calls, and that is this one. A thread that
        // is let in and computes is deaf to them: it must not keep this one out.
        turns_begin(host);
        crossing_give_way(host, true);
        turns_end(host);
    }
}

// Raise what this thread was woken for. -1: raised.
static int
answer(core_state *state, thread *here, guest *own)
{
    if (own == NULL) {
        return interruption_deliver(state, own);
    }
    crossing_hold(state->interp, own); // what follows may cross to main and back
    bool is_raised = answer_inside(state, here) < 0 || interruption_deliver(state, own) < 0;
    crossing_release(state->interp, own);
    interruption_tidy(here);
    return is_raised ? -1 : 0;
}

static bool
is_code_of(PyFrameObject *frame, const char *attribute, const char *text)
{
    PyObject *code = (PyObject *)PyFrame_GetCode(frame);
    PyObject *value = PyObject_GetAttrString(code, attribute);
    bool is_text = value != NULL && PyUnicode_EqualToUTF8(value, text);
    Py_XDECREF(value);
    Py_DECREF(code);
    return is_text;
}

// atoll itself, and the standard library.
static bool
is_for_all(PyObject *module)
{
    Py_ssize_t length = PyUnicode_GET_LENGTH(module);
    Py_ssize_t dot = PyUnicode_FindChar(module, '.', 0, length, 1);
    PyObject *package = PyUnicode_Substring(module, 0, dot < 0 ? length : dot);
    PyObject *names = PySys_GetObject("stdlib_module_names"); // borrowed
    bool is_so = package != NULL && (PyUnicode_EqualToUTF8(package, "atoll") ||
                                     (names != NULL && PySequence_Contains(names, package) == 1));
    Py_XDECREF(package);
    return is_so;
}

// importlib's function, below which a module is found, made and executed.
static bool
imports_for_all(PyFrameObject *frame)
{
    bool is_import = is_code_of(frame, "co_name", "_find_and_load");
    PyObject *name = is_import ? PyFrame_GetVarString(frame, "name") : NULL;
    bool is_so = name != NULL && PyUnicode_Check(name) && is_for_all(name);
    Py_XDECREF(name);
    return is_so;
}

static bool
is_of_importlib(PyFrameObject *frame)
{
    return is_code_of(frame, "co_filename", "<frozen importlib._bootstrap>");
}

// Is it so of a frame that runs here, or waits for one that does?
static bool
is_any_frame(bool (*is_so_of)(PyFrameObject *frame))
{
    PyFrameObject *frame = (PyFrameObject *)Py_XNewRef(PyEval_GetFrame());
    bool is_so = false;
    while (frame != NULL && !is_so) {
        PyFrameObject *outer = PyFrame_GetBack(frame);
        is_so = is_so_of(frame);
        Py_DECREF(frame);
        frame = outer;
    }
    Py_XDECREF(frame);
    return is_so;
}

static bool
is_import(PyFrameObject *frame)
{
    return is_of_importlib(frame) && is_code_of(frame, "co_name", "_find_and_load");
}

bool
wakeup_is_importing(void)
{
    PyObject *raised = PyErr_GetRaisedException();
    bool is_so = is_any_frame(is_import);
    PyErr_SetRaisedException(raised);
    return is_so;
}

static bool
is_delicate_frame(PyFrameObject *frame)
{
    return is_code_of(frame, "co_name", "_report_unraisable") ||
           (is_of_importlib(frame) &&
            (imports_for_all(frame) || is_code_of(frame, "co_name", "_find_spec")));
}

// Is this code that must not be interrupted? None of it takes long. An interrupted import of a
// module of ours or of the standard library would leave it incomplete when raising the exception
// needs it; and before gh-143650 (2026) CPython gives the incomplete module to other threads that
// wait for it. While finders are asked, importlib holds a lock that other threads need to end their
// imports, and making the exception might wait for one of those. An exception would be swallowed by
// importlib's weak reference callbacks, which run anywhere in its code, and by callers of
// atoll._forwarding.forwarding._report_unraisable.
static bool
is_delicate(void)
{
    PyFrameObject *innermost = PyEval_GetFrame(); // borrowed
    bool is_so =
        innermost != NULL && (is_of_importlib(innermost) || is_any_frame(is_delicate_frame));
    PyErr_Clear();
    return is_so;
}

static bool
is_wanted(interp *host, thread *here)
{
    return atomic_load(&here->wakeup) != 0 ||
           (atomic_load(&host->attention) & ATTENTION_INTERRUPTION) != 0;
}

static int
look_up(interp *host)
{
    thread *here = thread_self;
    guest *own = here == NULL ? NULL : thread_guest(here, host);
    bool is_visitor = own != NULL && own->is_owned && own->depth > 0;
    // A visitor need not make room: it posts again when it leaves (crossing_return).
    if (!is_visitor) {
        crossing_make_room(host);
    }
    let_woken_in(host, own);
    pthread_mutex_lock(&host->mutex);
    bool is_missed = interp_has_woken_locked(host, own, ~0u, false);
    pthread_mutex_unlock(&host->mutex);
    if (is_missed) {
        alarm_retry();
    }
    core_state *state = host->core_state;
    if (here != NULL && (here->mask_depth > 0 || (is_wanted(host, here) && is_delicate()))) {
        interruption_postpone(host, here);
        alarm_retry();
        return 0;
    }
    return state == NULL ? 0 : answer(state, here, own);
}

int
wakeup_look_up(void *argument)
{
    interp *host = argument;
    atomic_store(&host->posted, 0);
    int result = 0;
    if (crossing_begin_look(host)) {
        result = look_up(host);
        crossing_end_look(host);
    }
    return result;
}

// The alarm may not have told this thread yet, and the caller may be about to wait again.
int
wakeup_answer_here(core_state *state)
{
    interp *host = state->interp;
    thread *here = thread_self;
    if (here == NULL || here->mask_depth > 0) {
        return 0;
    }
    if (here->is_main && alarm_is_rung()) {
        atomic_fetch_or(&here->wakeup, WAKEUP_SIGNAL);
    }
    if (!is_wanted(host, here) || PyErr_Occurred() || !crossing_begin_look(host)) {
        return 0;
    }
    int result = is_delicate() ? 0 : answer(state, here, thread_guest(here, host));
    crossing_end_look(host);
    return result;
}
