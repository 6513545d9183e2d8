#include "bridge/modules/extension.h"

#include <stdlib.h>

#include "bridge/python/cpython.h"
#include "bridge/modules/gilstate.h"
#include "bridge/crossing/own_threads.h"
#include "ground/base/clock.h"

// How long to wait between two looks for threads that exit handlers have started.
#define THREAD_CHECK_PAUSE (1 * MILLISECOND)

typedef struct {
    gilstate gilstate;
    libraries *libraries; // owned
} extension;

static extension *
make(interp *of)
{
    extension *self = calloc(1, sizeof *self);
    libraries *made =
        self == NULL ? NULL : libraries_new(gilstate_table, gilstate_table_size, &self->gilstate);
    if (made == NULL) {
        free(self);
        PyErr_NoMemory();
        return NULL;
    }
    interp_incref(of);
    self->gilstate.interp = of;
    self->libraries = made;
    return self;
}

// The lock's holder may be waiting for our GIL, in a constructor of a library.
static void
lock(libraries *of)
{
    if (!libraries_try_lock(of)) {
        Py_BEGIN_ALLOW_THREADS
        libraries_lock(of);
        Py_END_ALLOW_THREADS
    }
}

void *
extension_load(core_state *state, const char *path, const char *tree)
{
    interp *here = state->interp;
    if (here->extension == NULL && (here->extension = make(here)) == NULL) {
        return NULL;
    }
    extension *self = here->extension;
    char failure[512] = "";
    lock(self->libraries);
    void *handle = libraries_load_locked(self->libraries, path, tree, failure, sizeof failure);
    libraries_unlock(self->libraries);
    if (handle == NULL && !PyErr_Occurred()) {
        PyErr_Format(PyExc_ImportError, "%s", failure); // %s: the path may not be UTF-8
    }
    return handle;
}

const char *
extension_begin(core_state *state, const char *name)
{
    extension *self = state->interp->extension;
    const char *before = self->gilstate.loading;
    self->gilstate.loading = name;
    return before;
}

library_totals
extension_count(core_state *state)
{
    const extension *self = state->interp->extension;
    return self == NULL ? (library_totals){0} : libraries_count(self->libraries);
}

static void
run_exit_handlers(void)
{
    PyObject *module = cpython_import_named("atexit");
    PyObject *done = module == NULL ? NULL : PyObject_CallMethod(module, "_run_exitfuncs", NULL);
    if (done == NULL) {
        PyErr_WriteUnraisable(NULL);
    }
    Py_XDECREF(done);
    Py_XDECREF(module);
}

// False: some are stuck.
static bool
wait_for_own_threads(interp *here, char *who)
{
    while (own_threads_count(here) > 0 && own_threads_end(here, who) > 0) {
        struct timespec pause = clock_timespec(THREAD_CHECK_PAUSE);
        Py_BEGIN_ALLOW_THREADS
        nanosleep(&pause, NULL);
        Py_END_ALLOW_THREADS
    }
    return who[0] == '\0';
}

bool
extension_stop(interp *here, char *who)
{
    extension *self = here->extension;
    if (self == NULL) {
        return true;
    }
    run_exit_handlers();
    if (!wait_for_own_threads(here, who)) {
        return false;
    }
    Py_BEGIN_ALLOW_THREADS
    gilstate_shut(&self->gilstate);
    Py_END_ALLOW_THREADS
    return wait_for_own_threads(here, who); // of the last that was inside
}

bool
extension_end(interp *ended)
{
    extension *self = ended->extension;
    if (self == NULL) {
        return true;
    }
    ended->extension = NULL;
    gilstate_run_at_exit(&self->gilstate);
    bool is_gone = libraries_end(self->libraries);
    if (is_gone) {
        interp_decref(ended);
        free(self);
    }
    return is_gone;
}
