#include "bridge/lifecycle.h"

#include <marshal.h>
#include <unistd.h>

#include "bridge/arenas.h"
#include "bridge/cpython.h"
#include "bridge/crossing.h"
#include "bridge/export.h"
#include "bridge/interruption.h"
#include "bridge/janitor.h"
#include "bridge/summons.h"
#include "bridge/pending.h"
#include "bridge/value.h"
#include "ground/clock.h"
#include "ground/closing.h"

// What the longest wait for an interpreter's own threads may delay Ctrl-C.
#define SIGNAL_CHECK_SECONDS 0.1
// Threads made with _thread.start_new_thread tell nobody when they end; this often we look.
#define RAW_THREAD_CHECK (1 * MILLISECOND)
// How long a thread that computes at exit may take to the end of a bytecode.
#define FREEZE_LIMIT (100 * MILLISECOND)

// Shared by those who make interpreters, several at a time; exclusively held to end that for good.
static pthread_rwlock_t creation = PTHREAD_RWLOCK_INITIALIZER;
static bool is_ending = false; // creation

// ---- making ----

interp *
lifecycle_being_made(PyInterpreterState *interpreter)
{
    thread *here = thread_self;
    interp *made = here == NULL ? NULL : here->creating;
    return made != NULL && made->python_state == interpreter ? made : NULL;
}

static int
set_path(PyObject *foreign_path)
{
    PyObject *copy = value_copy(foreign_path);
    PyObject *path = copy == NULL ? NULL : PySequence_List(copy);
    int result = path == NULL ? -1 : PySys_SetObject("path", path);
    Py_XDECREF(path);
    Py_XDECREF(copy);
    return result;
}

// Beyond any run: the interval is how long a waiter waits before it asks the running thread to
// stop, and it belongs to the GIL, that is to one interpreter.
static int
make_unpreemptive(void)
{
    PyObject *set_interval = PySys_GetObject("setswitchinterval");
    PyObject *done = set_interval == NULL ? NULL : PyObject_CallFunction(set_interval, "d", 1e6);
    Py_XDECREF(done);
    return done == NULL ? -1 : 0;
}

// Execute (name, file, code) as a module, without searching, reading or compiling anything.
static PyObject *
load_module(PyObject *triple)
{
    PyObject *name, *file;
    const char *code;
    Py_ssize_t size;
    if (!PyArg_ParseTuple(triple, "UUy#", &name, &file, &code, &size)) {
        return NULL;
    }
    PyObject *compiled = PyMarshal_ReadObjectFromString(code, size);
    PyObject *module =
        compiled == NULL ? NULL : PyImport_ExecCodeModuleObject(name, compiled, file, NULL);
    Py_XDECREF(compiled);
    return module;
}

// So that its submodules are found as usual.
static int
make_package(PyObject *module, PyObject *triple)
{
    PyObject *spec = PyObject_GetAttrString(module, "__spec__");
    PyObject *file = PyTuple_GET_ITEM(triple, 1);
    Py_ssize_t slash = PyUnicode_FindChar(file, '/', 0, PyUnicode_GET_LENGTH(file), -1);
    PyObject *folder = slash < 0 ? NULL : PyUnicode_Substring(file, 0, slash);
    PyObject *path = folder == NULL ? NULL : Py_BuildValue("[O]", folder);
    int result = spec == NULL || path == NULL ||
                         PyObject_SetAttrString(spec, "submodule_search_locations", path) < 0 ||
                         PyObject_SetAttrString(module, "__path__", path) < 0
                     ? -1
                     : 0;
    Py_XDECREF(path);
    Py_XDECREF(folder);
    Py_XDECREF(spec);
    return result;
}

static int
load_modules(PyObject *foreign_modules)
{
    PyObject *modules = value_copy(foreign_modules);
    int result = modules == NULL ? -1 : 0;
    for (Py_ssize_t i = 0; result == 0 && i < PyTuple_GET_SIZE(modules); i++) {
        PyObject *triple = PyTuple_GET_ITEM(modules, i);
        PyObject *module = load_module(triple);
        result = module == NULL ? -1 : i == 0 ? make_package(module, triple) : 0;
        Py_XDECREF(module);
    }
    Py_XDECREF(modules);
    return result;
}

// Runs in the new interpreter.
static bool
furnish(interp *made, PyObject *foreign_path, PyObject *foreign_modules)
{
    return set_path(foreign_path) == 0 && (made->is_preemptive || make_unpreemptive() == 0) &&
           load_modules(foreign_modules) == 0 && made->core_state != NULL;
}

static void
describe_failure(char *text, size_t size)
{
    PyObject *error = PyErr_GetRaisedException();
    PyObject *string = error == NULL ? NULL : PyObject_Str(error);
    const char *utf8 = string == NULL ? NULL : PyUnicode_AsUTF8(string);
    snprintf(text, size, "%s: %s", error == NULL ? "error" : Py_TYPE(error)->tp_name,
             utf8 == NULL ? "" : utf8);
    PyErr_Clear();
    Py_XDECREF(string);
    Py_XDECREF(error);
}

// This thread's creation state becomes its guest's.
static bool
settle(thread *here, interp *made, PyThreadState *state)
{
    if (!registry_add(made)) {
        return false;
    }
    guest *visitor = NULL;
    if (thread_reserve(here, made)) {
        pthread_mutex_lock(&made->mutex);
        visitor = guest_new_locked(made, state, true, &here->summons);
        pthread_mutex_unlock(&made->mutex);
    }
    if (visitor == NULL) {
        registry_remove(made);
        return false;
    }
    thread_set_guest(here, made, visitor);
    return true;
}

static void
unsettle(thread *here, interp *made)
{
    guest *visitor = thread_guest(here, made);
    thread_set_guest(here, made, NULL);
    pthread_mutex_lock(&made->mutex);
    interp_set_phase(made, INTERP_CLOSED);
    guest_unlink_locked(visitor);
    pthread_mutex_unlock(&made->mutex);
    guest_free(visitor);
    registry_remove(made);
}

static const PyInterpreterConfig config = {
    .use_main_obmalloc = 0,
    .allow_fork = 0,
    .allow_exec = 0,
    .allow_threads = 1,
    .allow_daemon_threads = 0,
    .check_multi_interp_extensions = 1,
    .gil = PyInterpreterConfig_OWN_GIL,
};

// In: attached to home. Out: the same. `failure` is filled in when NULL is returned.
static interp *
create_locked(thread *here, const char *name, bool is_preemptive, interp_role role, PyObject *path,
              PyObject *modules, char *failure, size_t failure_size)
{
    PyThreadState *home_state = PyThreadState_Get(), *state = NULL;
    PyStatus status = Py_NewInterpreterFromConfig(&state, &config);
    if (PyStatus_Exception(status) || state == NULL) {
        PyThreadState_Swap(home_state);
        snprintf(failure, failure_size, "%s", status.err_msg ? status.err_msg : "no reason given");
        return NULL;
    }
    PyInterpreterState *python_state = PyThreadState_GetInterpreter(state);
    interp *made = interp_new(python_state, PyInterpreterState_GetID(python_state), name, false,
                              is_preemptive);
    bool is_settled = false;
    if (made != NULL) {
        made->gil_flag = cpython_gil_flag(python_state);
        made->role = role;
        is_settled = settle(here, made, state);
    }
    if (is_settled) {
        here->creating = made;
        bool is_furnished = furnish(made, path, modules);
        here->creating = NULL;
        if (is_furnished) {
            PyThreadState_Swap(home_state);
            return made;
        }
        describe_failure(failure, failure_size);
    }
    else {
        snprintf(failure, failure_size, "out of memory");
    }
    Py_EndInterpreter(state);
    arenas_free_of(made == NULL ? 0 : made->id);
    if (is_settled) {
        unsettle(here, made);
    }
    if (made != NULL) {
        interp_decref(made);
    }
    PyThreadState_Swap(home_state);
    return NULL;
}

interp *
lifecycle_create(core_state *home, const char *name, bool is_preemptive, interp_role role,
                 PyObject *path, PyObject *modules)
{
    thread *here = thread_get();
    if (here == NULL) {
        return (interp *)PyErr_NoMemory();
    }
    if (!value_is_plain(path) || !value_is_plain(modules)) {
        PyErr_SetString(PyExc_TypeError, "path and modules must be tuples of str and bytes");
        return NULL;
    }
    char failure[256] = "";
    Py_BEGIN_ALLOW_THREADS
    pthread_rwlock_rdlock(&creation);
    Py_END_ALLOW_THREADS
    interp *made = NULL;
    (void)summons_start(); // without it, Ctrl-C waits for calls to return
    if (is_ending) {
        snprintf(failure, sizeof failure, "Python is ending");
    }
    else {
        made =
            create_locked(here, name, is_preemptive, role, path, modules, failure, sizeof failure);
    }
    pthread_rwlock_unlock(&creation);
    if (made == NULL) {
        PyErr_Format(PyExc_RuntimeError, "cannot make interpreter '%s': %s", name, failure);
    }
    return made;
}

void
lifecycle_stop_asking(core_state *main)
{
    Py_BEGIN_ALLOW_THREADS
    crossing_stop_asking(main->interp);
    Py_END_ALLOW_THREADS
}

void
lifecycle_end(void)
{
    Py_BEGIN_ALLOW_THREADS
    pthread_rwlock_wrlock(&creation);
    is_ending = true;
    pthread_rwlock_unlock(&creation);
    Py_END_ALLOW_THREADS
}

static sem_t frozen;

static int
hang(void *unused)
{
    sem_post(&frozen);
    for (;;) {
        pause();
    }
    return 0;
}

void
lifecycle_freeze(interp *target)
{
    sem_init(&frozen, 0, 0);
    pthread_mutex_lock(&target->mutex);
    interp_set_phase(target, INTERP_CLOSED); // whoever came in now would be stopped as well
    pthread_mutex_unlock(&target->mutex);
    if (cpython_post(target->python_state, hang, NULL) && *target->gil_flag) {
        Py_BEGIN_ALLOW_THREADS(void)
        semaphore_wait(&frozen, clock_now() + FREEZE_LIMIT);
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
        Py_BEGIN_ALLOW_THREADS
        result = closing_wait(&waiter, deadline);
        Py_END_ALLOW_THREADS
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
    return interp_get_phase(target) != INTERP_CLOSING;
}

// As crossing_enter, past the phase: nobody else is inside, nobody can come in.
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
    crossing_attach(here, mine->interp, mine, mine->thread_state, GUEST_ENTERING);
    return 0;
}

// ---- closing: inside ----

static void
join_threads(core_state *host, double seconds)
{
    PyObject *hook = state_hook(host, HOOK_JOIN_THREADS);
    PyObject *done = hook == NULL ? NULL : PyObject_CallFunction(hook, "d", seconds);
    if (done == NULL) {
        PyErr_WriteUnraisable(NULL);
    }
    Py_XDECREF(done);
}

// The interpreter's own threads must have ended: Py_EndInterpreter would wait for them for ever, or
// abort (3.13). Back at home between the rounds for Ctrl-C. 0, or -1 with an exception, at home.
static int
wait_for_own_threads(crossing *over, interp *target, int64_t deadline)
{
    while (crossing_count_own_threads(target) > 0) {
        double left = (double)(deadline - clock_now()) / NANOSECONDS_PER_SECOND;
        if (left <= 0) {
            int alive = crossing_count_own_threads(target);
            crossing_return(over);
            PyErr_Format(PyExc_TimeoutError, "%d threads of interpreter '%s' are still running",
                         alive, target->name);
            return -1;
        }
        join_threads(target->core_state, left < SIGNAL_CHECK_SECONDS ? left : SIGNAL_CHECK_SECONDS);
        PyThreadState *state = PyEval_SaveThread();
        struct timespec pause = clock_timespec(RAW_THREAD_CHECK);
        nanosleep(&pause, NULL);
        PyEval_RestoreThread(state);
        crossing_return(over);
        if (PyErr_CheckSignals() < 0) {
            return -1;
        }
        crossing_revisit(over);
    }
    return 0;
}

static void
reap_guests(interp *target, const guest *mine)
{
    crossing_clean(target); // those whose threads have ended
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
free_errands(interp *target)
{
    errand *each = errand_shut(&target->errands);
    while (each != NULL && each != &errand_shut_mark) {
        errand *next = each->next;
        if (each->kind == ERRAND_DROP_EXPORT) {
            export_unref((foreign_ref){(exported *)each}); // the stack is shut: frees
        }
        each = next;
    }
}

// The point of no return is behind us.
static void
end(crossing *over, interp *target, guest *mine)
{
    reap_guests(target, mine);
    export_drop_all(target->core_state);
    state_let_go(target->core_state);
    Py_EndInterpreter(mine->thread_state);
    target->core_state = NULL; // where something kept the module alive
    pending_cancel_all(target);
    arenas_free_of(target->id);
    pthread_mutex_lock(&target->mutex);
    interp_set_phase(target, INTERP_CLOSED);
    guest_unlink_locked(mine);
    pthread_mutex_unlock(&target->mutex);
    thread_set_guest(over->thread, target, NULL);
    free_errands(target);
    interruption_drop(target);
    registry_remove(target);
    crossing_attach(over->thread, over->home->interp, over->home, over->home_state,
                    GUEST_RETURNING);
    over->home->thread_state = over->saved;
    crossing_dismiss(over->home);
    guest_free(mine);
    closing_announce();
}

// Somebody holds an object of it. Under its GIL, so that it retires again with the last of them.
static bool
is_used_again(interp *target)
{
    bool is_used = state_count_exports(target->core_state) > 0;
    if (is_used) {
        registry_set_role(target, ROLE_IN_USE);
    }
    return is_used;
}

static int
close_claimed(core_state *home, interp *target, guest *mine, thread *here, int64_t deadline,
              bool only_unused)
{
    barrier_heavy(); // pairs with barrier_light in crossing_admit and crossing_dismiss
    closing_announce();
    crossing over;
    if (wait_until(has_no_visitors, target, mine, here, deadline) < 0) {
        return -1;
    }
    if (interp_get_phase(target) != INTERP_CLOSING) { // a signal handler forked: we are the child
        state_raise_closed(home, target);
        return -1;
    }
    if (enter_closing(&over, home->interp, mine, here) < 0) {
        return -1;
    }
    if (wait_for_own_threads(&over, target, deadline) < 0) {
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
            mine = crossing_new_host(here, target, &why);
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

void
lifecycle_fork_child(void)
{
    pthread_rwlock_init(&creation, NULL);
}
