#include "bridge/modules/gilstate.h"

#include <stdlib.h>
#include <unistd.h>

#include "bridge/crossing/wakeup.h"
#include "bridge/parking/parking.h"
#include "bridge/python/cpython.h"
#include "bridge/python/thread_state.h"
#include "bridge/modules/module_create.h"
#include "ground/interpreter/closing.h"
#include "ground/interpreter/thread.h"

// What an outermost Ensure has done and its Release must undo; linked per thread, the latest first.
// Those of one interpreter end in reverse order, but greenlets, which come and go with the stack,
// may end them in between those of others; or never.
typedef struct stay {
    struct stay *outer;
    int64_t interpreter; // its id, which is never used again
    PyThreadState *state;
    PyThreadState *before; // what was attached, of another interpreter, or NULL
    bool is_new;           // the state was made for this stay
} stay;

static __thread stay *innermost;

// The link to this thread's latest stay in the interpreter, or to NULL.
static stay **
find_stay(const gilstate *self)
{
    stay **each = &innermost;
    while (*each != NULL && (*each)->interpreter != self->interp->id) {
        each = &(*each)->outer;
    }
    return each;
}

static bool
belongs(const gilstate *self, PyThreadState *state)
{
    return state != NULL && PyThreadState_GetInterpreter(state) == self->interp->python_state;
}

// This thread's state in the interpreter, which may be detached; NULL: it is not inside.
static PyThreadState *
find_state(const gilstate *self)
{
    PyThreadState *latest = PyGILState_GetThisThreadState();
    if (belongs(self, latest)) {
        return latest;
    }
    const guest *visitor = thread_self == NULL ? NULL : thread_guest(thread_self, self->interp);
    if (visitor != NULL && visitor->depth > 0) {
        return visitor->thread_state;
    }
    const stay *latest_stay = *find_stay(self);
    return latest_stay == NULL ? NULL : latest_stay->state;
}

static void
leave(gilstate *self)
{
    atomic_fetch_sub(&self->inside, 1);
    if (atomic_load(&self->is_shut)) {
        closing_announce();
    }
}

static bool
come_in(gilstate *self)
{
    atomic_fetch_add(&self->inside, 1); // before is_shut is read: pairs with gilstate_shut
    bool is_open = !atomic_load(&self->is_shut) && interp_get_phase(self->interp) != INTERP_CLOSED;
    if (!is_open) {
        leave(self);
    }
    return is_open;
}

static _Noreturn void
hang(void)
{
    if (PyThreadState_GetUnchecked() != NULL) {
        PyEval_SaveThread(); // let others have the GIL
    }
    for (;;) {
        pause();
    }
}

static void
attach(interp *host, PyThreadState *state, PyThreadState *before)
{
    bool is_parking = atomic_load(&parking_is_on);
    if (is_parking) {
        parking_announce(host);
    }
    if (before != NULL) {
        PyThreadState_Swap(state);
    }
    else {
        PyEval_RestoreThread(state);
    }
    if (is_parking) {
        parking_arrive(host, NULL);
    }
}

static int
ensure(gilstate *self)
{
    PyThreadState *before = PyThreadState_GetUnchecked();
    if (belongs(self, before)) {
        return PyGILState_LOCKED;
    }
    PyThreadState *state = find_state(self);
    bool is_new = state == NULL;
    if (is_new) {
        if (!come_in(self)) {
            hang();
        }
        state = thread_state_new(self->interp->python_state);
    }
    stay *made = malloc(sizeof *made);
    if (made == NULL || state == NULL) {
        Py_FatalError("PyGILState_Ensure: out of memory"); // as CPython does
    }
    *made = (stay){innermost, self->interp->id, state, before, is_new};
    innermost = made;
    attach(self->interp, state, before);
    return PyGILState_UNLOCKED;
}

static void
release(int how, gilstate *self)
{
    if (how == PyGILState_LOCKED) {
        return;
    }
    stay **link = find_stay(self), *made = *link;
    if (made == NULL) {
        Py_FatalError("PyGILState_Release without its PyGILState_Ensure");
    }
    *link = made->outer;
    stay ended = *made;
    free(made);
    if (ended.is_new) {
        PyThreadState_Clear(ended.state);
        thread_state_delete_current();
    }
    else {
        PyEval_SaveThread();
    }
    if (ended.before != NULL) {
        PyThreadState_Swap(ended.before);
    }
    if (ended.is_new) {
        leave(self);
    }
}

static int
check(gilstate *self)
{
    return belongs(self, PyThreadState_GetUnchecked());
}

static PyThreadState *
this_thread_state(gilstate *self)
{
    return find_state(self);
}

static PyInterpreterState *
interpreter(gilstate *self)
{
    return self->interp->python_state;
}

static int
add_pending_call(int (*function)(void *), void *argument, gilstate *self)
{
    if (!come_in(self)) {
        return 0; // closed: nobody would run it
    }
    bool is_posted = cpython_post(self->interp->python_state, function, argument);
    leave(self);
    return is_posted ? 0 : -1;
}

// What takes long asks from time to time whether it is to stop. CPython's own looks in main only.
static int
check_signals(gilstate *self)
{
    return check(self) && self->interp->core_state != NULL
               ? wakeup_answer_here(self->interp->core_state)
               : PyErr_CheckSignals();
}

static int
at_exit(void (*function)(void), gilstate *self)
{
    exit_function *made = malloc(sizeof *made);
    if (made == NULL) {
        return -1;
    }
    *made = (exit_function){atomic_load(&self->at_exit), function};
    while (!atomic_compare_exchange_weak(&self->at_exit, &made->next, made)) {
    }
    return 0;
}

// CPython's own would leave keys behind, of which a process has 1,024.
static int
create_key(Py_tss_t *key, gilstate *self)
{
    if (!PyThread_tss_is_created(key)) {
        pthread_key_t made;
        if (libraries_create_key(self->libraries, &made) != 0) {
            return -1;
        }
        cpython_set_key(key, &made);
    }
    return 0;
}

static void
delete_key(Py_tss_t *key, gilstate *self)
{
    if (PyThread_tss_is_created(key)) {
        libraries_delete_key(self->libraries, *cpython_key(key));
        cpython_set_key(key, NULL);
    }
}

// A hook of a copy, which cannot be taken back. Never freed.
typedef struct {
    Py_AuditHookFunction function;
    void *argument;
    int64_t interpreter; // its id, which is never used again
} audit_hook;

// Events of other interpreters are not for the copy, which may have gone with its own.
static int
audit(const char *event, PyObject *arguments, void *hook)
{
    const audit_hook *self = hook;
    PyThreadState *state = PyThreadState_GetUnchecked();
    return state != NULL && PyInterpreterState_GetID(PyThreadState_GetInterpreter(state)) ==
                                self->interpreter
               ? self->function(event, arguments, self->argument)
               : 0;
}

static int
add_audit_hook(Py_AuditHookFunction function, void *argument, gilstate *self)
{
    audit_hook *made = malloc(sizeof *made);
    if (made == NULL) {
        PyErr_NoMemory();
        return -1;
    }
    *made = (audit_hook){function, argument, self->interp->id};
    return PySys_AddAuditHook(audit, made);
}

static int
is_initialized(gilstate *self)
{
    return Py_IsInitialized() && !atomic_load(&self->is_shut);
}

static int
is_finalizing(gilstate *self)
{
    return Py_IsFinalizing() || atomic_load(&self->is_shut);
}

// tracemalloc traces main only (bridge/interpreter/allocation_tracing).
static int
track(unsigned domain, uintptr_t block, size_t size, gilstate *self)
{
    return 0;
}

// A multi-phase module that a copy makes itself; CPython's check would refuse it.
static PyObject *
make_module(PyModuleDef *definition, PyObject *spec, int api_version, gilstate *self)
{
    return module_create_from_definition(definition, spec, api_version);
}

// A single-phase module. CPython's loader would have given the full name, for its functions too.
static PyObject *
create_module(PyModuleDef *definition, int api_version, gilstate *self)
{
    const char *name = definition->m_name;
    const char *dot = self->loading == NULL ? NULL : strrchr(self->loading, '.');
    if (dot != NULL && strcmp(dot + 1, name) == 0) {
        definition->m_name = self->loading; // allowed: the definition belongs to the copy
        self->loading = NULL;
    }
    PyObject *module = PyModule_Create2(definition, api_version);
    definition->m_name = name;
    return module;
}

#if PY_VERSION_HEX >= 0x030F0000
static PyObject *
make_module_from_slots(const PySlot *slots, PyObject *spec, gilstate *self)
{
    return module_create_from_slots(slots, spec);
}
#endif

const interposition gilstate_table[] = {
    {"PyGILState_Ensure", ensure, 0, NULL},
    {"PyGILState_Release", release, 1, NULL},
    {"PyGILState_Check", check, 0, NULL},
    {"PyGILState_GetThisThreadState", this_thread_state, 0, NULL},
    {"PyInterpreterState_Main", interpreter, 0, NULL},
    {"PyInterpreterState_Head", interpreter, 0, NULL},
    {"Py_AddPendingCall", add_pending_call, 2, NULL},
    {"Py_AtExit", at_exit, 1, NULL},
    {"PyErr_CheckSignals", check_signals, 0, NULL},
    {"PyThread_tss_create", create_key, 1, NULL},
    {"PyThread_tss_delete", delete_key, 1, NULL},
    {"PySys_AddAuditHook", add_audit_hook, 2, NULL},
    {"Py_IsInitialized", is_initialized, 0, NULL},
    {"Py_IsFinalizing", is_finalizing, 0, NULL},
    {"PyTraceMalloc_Track", track, 3, NULL},
    {"PyModule_Create2", create_module, 2, NULL},
    {"PyModule_FromDefAndSpec2", make_module, 3, NULL},
#if PY_VERSION_HEX >= 0x030F0000
    {"PyModule_FromSlotsAndSpec", make_module_from_slots, 2, NULL},
#endif
};

const size_t gilstate_table_size = sizeof gilstate_table / sizeof *gilstate_table;

void
gilstate_shut(gilstate *self)
{
    closing_waiter waiter;
    closing_join(&waiter);
    atomic_store(&self->is_shut, true); // before inside is read: pairs with come_in
    while (atomic_load(&self->inside) > 0) {
        (void)closing_wait(&waiter, DEADLINE_NEVER);
    }
    closing_leave(&waiter);
}

void
gilstate_run_at_exit(gilstate *self)
{
    exit_function *each = atomic_exchange(&self->at_exit, NULL);
    while (each != NULL) {
        exit_function *next = each->next;
        each->function();
        free(each);
        each = next;
    }
}
