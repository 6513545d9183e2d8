#include "bridge/interpreter/creation.h"

#include <marshal.h>
#include <stdatomic.h>

#include "bridge/interpreter/allocation_tracing.h"
#include "bridge/python/arenas.h"
#include "bridge/python/cpython.h"
#include "bridge/python/turns.h"
#include "bridge/trace/spans.h"
#include "bridge/crossing/wakeup.h"
#include "bridge/parking/parking.h"
#include "bridge/python/value.h"
#include "ground/interpreter/closing.h"
#include "ground/base/text.h"

// Makers of interpreters are its readers. creation_end is the writer: it waits, holding nothing
// that a maker needs, until there are none.
static pthread_rwlock_t under_way = PTHREAD_RWLOCK_INITIALIZER;
static atomic_bool is_ending = false;

// Makes Py_NewInterpreterFromConfig run one at a time: on 3.13.0 it failed once in thousands of
// concurrent calls ("Failed to import encodings module"). Taken while detached.
static pthread_mutex_t in_cpython = PTHREAD_MUTEX_INITIALIZER;

void
creation_locate(interp *made, PyInterpreterState *interpreter)
{
    made->gil_flag = cpython_gil_flag(interpreter);
    made->gil_holder = cpython_gil_holder(interpreter);
    made->gil_sleepers = cpython_gil_sleepers(interpreter);
    made->newest_state = cpython_newest_state(interpreter);
}

interp *
creation_of(PyInterpreterState *interpreter)
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

#define PACKAGE_FILE "/__init__.py"

// The folder of a package's file. NULL without an exception: it is not a package's file.
static PyObject *
package_folder(PyObject *file)
{
    Py_ssize_t size;
    const char *path = PyUnicode_AsUTF8AndSize(file, &size);
    Py_ssize_t length = size - (Py_ssize_t)strlen(PACKAGE_FILE);
    if (path == NULL || length < 0 || strcmp(path + length, PACKAGE_FILE) != 0) {
        return NULL;
    }
    return PyUnicode_DecodeUTF8(path, length, NULL);
}

// Set the attributes by which submodules are found.
static int
make_package(PyObject *module, PyObject *folder)
{
    PyObject *spec = PyObject_GetAttrString(module, "__spec__");
    PyObject *path = Py_BuildValue("[O]", folder);
    int result = spec == NULL || path == NULL ||
                         PyObject_SetAttrString(spec, "submodule_search_locations", path) < 0 ||
                         PyObject_SetAttrString(module, "__path__", path) < 0
                     ? -1
                     : 0;
    Py_XDECREF(path);
    Py_XDECREF(spec);
    return result;
}

static int
execute(PyObject *name, PyObject *file, const char *code, Py_ssize_t size)
{
    PyObject *compiled = PyMarshal_ReadObjectFromString(code, size);
    PyObject *module =
        compiled == NULL ? NULL : PyImport_ExecCodeModuleObject(name, compiled, file, NULL);
    PyObject *folder = module == NULL ? NULL : package_folder(file);
    int result = folder != NULL ? make_package(module, folder) : PyErr_Occurred() ? -1 : 0;
    Py_XDECREF(folder);
    Py_XDECREF(module);
    Py_XDECREF(compiled);
    return result;
}

// What an import of a submodule does last.
static int
bind_to_package(PyObject *name, PyObject *module)
{
    Py_ssize_t size = PyUnicode_GET_LENGTH(name), dot = PyUnicode_FindChar(name, '.', 0, size, -1);
    if (dot == -1) {
        return 0;
    }
    PyObject *parent = PyUnicode_Substring(name, 0, dot);
    PyObject *package = parent == NULL ? NULL : cpython_import(parent);
    PyObject *last = package == NULL ? NULL : PyUnicode_Substring(name, dot + 1, size);
    int result = last == NULL ? -1 : PyObject_SetAttr(package, last, module);
    Py_XDECREF(last);
    Py_XDECREF(package);
    Py_XDECREF(parent);
    return result;
}

static int
load_extension(PyObject *name, PyObject *file)
{
    PyObject *module = cpython_import_extension(name, file);
    int result = module == NULL ? -1 : bind_to_package(name, module);
    Py_XDECREF(module);
    return result;
}

// Load (name, file, code) as a module, without searching, reading or compiling anything. Without
// code it is an extension module.
static int
load_module(PyObject *triple)
{
    PyObject *name, *file;
    const char *code;
    Py_ssize_t size;
    if (!PyArg_ParseTuple(triple, "UUy#", &name, &file, &code, &size)) {
        return -1;
    }
    return size == 0 ? load_extension(name, file) : execute(name, file, code, size);
}

static int
load_modules(PyObject *foreign_modules)
{
    PyObject *modules = value_copy(foreign_modules);
    int result = modules == NULL ? -1 : 0;
    for (Py_ssize_t i = 0; result == 0 && i < PyTuple_GET_SIZE(modules); i++) {
        result = load_module(PyTuple_GET_ITEM(modules, i));
    }
    Py_XDECREF(modules);
    return result;
}

// Where imports are lazy (-X lazy_imports=all), executing the package imports nothing.
static int
load_core(void)
{
    PyObject *core = cpython_import_named("atoll._core");
    Py_XDECREF(core);
    return core == NULL ? -1 : 0;
}

// Runs in the new interpreter. False: an exception is set.
static bool
furnish(interp *made, PyObject *foreign_path, PyObject *foreign_modules)
{
    return set_path(foreign_path) == 0 && (made->is_preemptive || turns_forbid() == 0) &&
           load_modules(foreign_modules) == 0 && load_core() == 0;
}

static void
describe_failure(char *text, size_t size)
{
    PyObject *error = PyErr_GetRaisedException();
    PyObject *string = error == NULL ? NULL : PyObject_Str(error);
    const char *utf8 = string == NULL ? NULL : PyUnicode_AsUTF8(string);
    text_fit(text, size, "%s: %s", error == NULL ? "error" : Py_TYPE(error)->tp_name,
             utf8 == NULL ? "" : utf8);
    PyErr_Clear();
    Py_XDECREF(string);
    Py_XDECREF(error);
}

// Register the new interpreter, with a guest that takes this thread's state. Until open_up it is
// hidden and in the phase `closing`, so no other thread enters: it may still have to be ended.
static bool
settle(thread *here, interp *made, PyThreadState *state)
{
    made->role = ROLE_MADE;
    interp_set_phase(made, INTERP_CLOSING);
    if (!registry_add(made)) {
        return false;
    }
    guest *visitor = NULL;
    if (thread_reserve(here, made)) {
        pthread_mutex_lock(&made->mutex);
        visitor = guest_new_locked(made, state, true, here);
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
open_up(interp *made, interp_role role)
{
    pthread_mutex_lock(&made->mutex);
    interp_set_phase(made, INTERP_OPEN);
    pthread_mutex_unlock(&made->mutex);
    closing_announce();
    registry_set_role(made, role);
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
    .allow_daemon_threads = 1,
    .check_multi_interp_extensions = 1,
    .gil = PyInterpreterConfig_OWN_GIL,
};

// Called attached to home; returns attached to the new interpreter, or with NULL to home.
static PyThreadState *
make_locked(const char **failure)
{
    PyThreadState *home_state = PyThreadState_Get(), *state = NULL;
    PyStatus status = Py_NewInterpreterFromConfig(&state, &config);
    if (PyStatus_Exception(status) || state == NULL) {
        PyThreadState_Swap(home_state);
        *failure = status.err_msg ? status.err_msg : "no reason given";
        return NULL;
    }
    return state;
}

// Called attached to home with in_cpython taken; returns attached to home without it. With NULL,
// `failure` says why.
static interp *
create_unlock(thread *here, const char *name, bool is_preemptive, interp_role role, PyObject *path,
              PyObject *modules, char *failure, size_t failure_size)
{
    const char *reason = "";
    PyThreadState *home_state = PyThreadState_Get(), *state = make_locked(&reason);
    pthread_mutex_unlock(&in_cpython);
    if (state == NULL) {
        text_fit(failure, failure_size, "%s", reason);
        return NULL;
    }
    PyInterpreterState *python_state = PyThreadState_GetInterpreter(state);
    int64_t id = PyInterpreterState_GetID(python_state);
    interp *made = interp_new(python_state, id, name, false, is_preemptive);
    bool is_settled = false;
    if (made != NULL) {
        creation_locate(made, python_state);
        is_settled = settle(here, made, state);
    }
    if (is_settled) {
        here->creating = made;
        bool is_furnished = furnish(made, path, modules);
        here->creating = NULL;
        if (is_furnished) {
            PyThreadState_Swap(home_state);
            parking_start(home_state, state);
            open_up(made, role);
            return made;
        }
        describe_failure(failure, failure_size);
    }
    else {
        text_fit(failure, failure_size, "out of memory");
    }
    registry_expect_end();
    Py_EndInterpreter(state);
    arenas_free_of(id);
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
creation_make(core_state *home, const char *name, bool is_preemptive, interp_role role,
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
    int64_t since = trace_clock();
    Py_BEGIN_ALLOW_THREADS
    pthread_rwlock_rdlock(&under_way);
    pthread_mutex_lock(&in_cpython);
    Py_END_ALLOW_THREADS
    interp *made = NULL;
    (void)wakeup_start(); // without it, Ctrl-C waits for calls to return
    const char *obstacle = atomic_load(&is_ending)         ? "Python is ending"
                           : !allocation_tracing_is_safe() ? "an allocator that is not Python's is "
                                                             "on top of tracemalloc's"
                                                           : NULL;
    if (obstacle != NULL) {
        pthread_mutex_unlock(&in_cpython);
        text_fit(failure, sizeof failure, "%s", obstacle);
    }
    else {
        made =
            create_unlock(here, name, is_preemptive, role, path, modules, failure, sizeof failure);
    }
    pthread_rwlock_unlock(&under_way);
    spans_add_deed(TRACE_MAKE, made == NULL ? TRACE_NOWHERE : made->id, name, made == NULL, since);
    if (made == NULL) {
        PyErr_Format(PyExc_RuntimeError, "cannot make interpreter '%s': %s", name, failure);
    }
    return made;
}

bool
creation_try_keep_off(void)
{
    return pthread_rwlock_trywrlock(&under_way) == 0;
}

void
creation_allow(void)
{
    pthread_rwlock_unlock(&under_way);
}

// ---- the end ----

void
creation_end(void)
{
    Py_BEGIN_ALLOW_THREADS
    atomic_store(&is_ending,
                 true); // first: else new makers could keep it waiting for ever
    pthread_rwlock_wrlock(&under_way);
    pthread_rwlock_unlock(&under_way);
    Py_END_ALLOW_THREADS
}

bool
creation_has_ended(void)
{
    return atomic_load(&is_ending);
}

void
creation_fork_child(void)
{
    pthread_rwlock_init(&under_way, NULL);
    pthread_mutex_init(&in_cpython, NULL);
}
