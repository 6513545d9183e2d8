#include "bridge/python/thread_state.h"
#include "bridge/modules/extension.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdlib.h>

#include "bridge/python/arenas.h"
#include "bridge/python/cpython.h"
#include "bridge/modules/gilstate.h"
#include "bridge/modules/large_blocks.h"
#include "bridge/crossing/own_threads.h"
#include "ground/base/clock.h"
#include "ground/memory/freed.h"
#include "ground/modules/origin.h"

// How long to wait between two looks for threads that exit handlers have started.
#define THREAD_CHECK_PAUSE (1 * MILLISECOND)

typedef struct extension {
    gilstate gilstate;
    libraries *libraries;   // owned
    struct extension *next; // of those that stay
} extension;

// Those of ended interpreters that stay loaded for now. One thread at a time takes them all, to see
// whether they still must. No lock is held meanwhile: destructors are run.
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static extension *staying; // mutex

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
    freed_keep(); // what computes comes in copies
    interp_incref(of);
    self->gilstate.interp = of;
    self->gilstate.libraries = made;
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

void *
extension_open(core_state *state, const char *path, const char *tree)
{
    if (tree != NULL && extension_load(state, path, tree) == NULL) {
        return NULL;
    }
    extension *self = state->interp->extension;
    if (self == NULL) {
        return NULL;
    }
    lock(self->libraries);
    void *handle = origin_open_locked(self->libraries, path, RTLD_NOW);
    libraries_unlock(self->libraries);
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
    while (thread_state_count_own(here) > 0 && own_threads_end(here, who) > 0) {
        struct timespec pause = clock_timespec(THREAD_CHECK_PAUSE);
        Py_BEGIN_ALLOW_THREADS
        nanosleep(&pause, NULL);
        Py_END_ALLOW_THREADS
    }
    return who[0] == '\0';
}

static bool
stop(extension *self, interp *here, char *who)
{
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
extension_stop(interp *here, char *who)
{
    bool is_quiet = here->extension == NULL || stop(here->extension, here, who);
    large_blocks_verify();
    return is_quiet;
}

// ---- after the interpreter has ended ----

static void
free_memory_of(const interp *ended)
{
    large_blocks_free_of(ended->id);
    arenas_free_of(ended->id);
}

static void
free_all(extension *self)
{
    free_memory_of(self->gilstate.interp);
    interp_decref(self->gilstate.interp);
    free(self);
}

static void
stay(extension *self)
{
    pthread_mutex_lock(&mutex);
    self->next = staying;
    staying = self;
    pthread_mutex_unlock(&mutex);
}

// Python calls them whichever interpreter has set them.
static void
hold_for_hooks(libraries *self)
{
    libraries_hold_for(self, (void *)PyOS_InputHook, "Python calls it as it waits for input");
    libraries_hold_for(self, (void *)PyOS_ReadlineFunctionPointer, "Python reads lines with it");
    static const PyMemAllocatorDomain domains[] = {PYMEM_DOMAIN_RAW, PYMEM_DOMAIN_MEM,
                                                   PYMEM_DOMAIN_OBJ};
    for (size_t i = 0; i < Py_ARRAY_LENGTH(domains); i++) {
        PyMemAllocatorEx allocator;
        PyMem_GetAllocator(domains[i], &allocator);
        libraries_hold_for(self, (void *)allocator.malloc, "CPython allocates memory with it");
    }
}

static void
end_or_stay(extension *self)
{
    hold_for_hooks(self->libraries);
    if (libraries_end(self->libraries)) {
        free_all(self);
    }
    else {
        stay(self);
    }
}

static extension *
take_staying(void)
{
    pthread_mutex_lock(&mutex);
    extension *taken = staying;
    staying = NULL;
    pthread_mutex_unlock(&mutex);
    return taken;
}

void
extension_end(interp *ended)
{
    extension *earlier = take_staying(), *self = ended->extension;
    if (self == NULL) {
        free_memory_of(ended);
    }
    else {
        ended->extension = NULL;
        gilstate_run_at_exit(&self->gilstate);
        end_or_stay(self);
    }
    while (earlier != NULL) {
        extension *next = earlier->next;
        end_or_stay(earlier);
        earlier = next;
    }
}

typedef struct {
    extension_listener *tell;
    void *argument;
    const interp *of;
    bool is_told;
} explanation;

static void
pass_on(const char *path, const char *reason, void *argument)
{
    explanation *self = argument;
    self->is_told = true;
    self->tell(self->of, path, reason, self->argument);
}

void
extension_each_staying(extension_listener *tell, void *argument)
{
    pthread_mutex_lock(&mutex);
    for (extension *each = staying; each != NULL; each = each->next) {
        explanation all = {tell, argument, each->gilstate.interp, false};
        libraries_explain(each->libraries, pass_on, &all);
        if (!all.is_told) {
            tell(all.of, "", "nothing: it goes when the next interpreter closes", argument);
        }
    }
    pthread_mutex_unlock(&mutex);
}

void
extension_fork_child(void)
{
    pthread_mutex_init(&mutex, NULL);
    staying = NULL; // who holds the lock may have been changing the list
}
