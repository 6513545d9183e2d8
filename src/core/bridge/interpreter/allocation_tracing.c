#include "bridge/interpreter/allocation_tracing.h"

#include <Python.h>
#include <dlfcn.h>
#include <pthread.h>
#include <stdatomic.h>

#include "bridge/interpreter/creation.h"
#include "bridge/python/cpython.h"
#include "ground/interpreter/interp.h"

enum { DOMAINS = 3 }; // of PyMemAllocatorDomain: raw, mem, obj

static struct {
    PyMemAllocatorEx beneath, tracing; // kept when tracing has stopped: a thread may be in there
} domains[DOMAINS];
static atomic_bool is_guarded = false;

static bool
is_tracing(void)
{
    return PyTraceMalloc_Untrack(0, 0) != -2;
}

static bool
is_in_main(void)
{
    PyThreadState *state = PyThreadState_GetUnchecked();
    return state != NULL && PyThreadState_GetInterpreter(state) == PyInterpreterState_Main();
}

static const PyMemAllocatorEx *
choose(int domain)
{
    return is_in_main() ? &domains[domain].tracing : &domains[domain].beneath;
}

// tracemalloc's lock is in use only under main's GIL, so a fork in main finds it free; except for
// what others free. A fork waits for that.
static pthread_mutex_t freeing = PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP; // a domain uses another

static void
free_traced(int domain, void *block)
{
    const PyMemAllocatorEx *tracing = &domains[domain].tracing;
    bool is_main = is_in_main();
    if (!is_main) {
        pthread_mutex_lock(&freeing);
    }
    tracing->free(tracing->ctx, block);
    if (!is_main) {
        pthread_mutex_unlock(&freeing);
    }
}

void
allocation_tracing_fork_prepare(void)
{
    pthread_mutex_lock(&freeing);
}

void
allocation_tracing_fork_parent(void)
{
    pthread_mutex_unlock(&freeing);
}

void
allocation_tracing_fork_child(void)
{
    freeing = (pthread_mutex_t)PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP;
}

// ---- the allocators ----

// They ignore their context: threads may read a new one with an old function, and the reverse.
#define GUARD(DOMAIN)                                                                              \
    static void *malloc_##DOMAIN(void *unused, size_t size)                                        \
    {                                                                                              \
        const PyMemAllocatorEx *chosen = choose(DOMAIN);                                           \
        return chosen->malloc(chosen->ctx, size);                                                  \
    }                                                                                              \
    static void *calloc_##DOMAIN(void *unused, size_t count, size_t size)                          \
    {                                                                                              \
        const PyMemAllocatorEx *chosen = choose(DOMAIN);                                           \
        return chosen->calloc(chosen->ctx, count, size);                                           \
    }                                                                                              \
    static void *realloc_##DOMAIN(void *unused, void *block, size_t size)                          \
    {                                                                                              \
        const PyMemAllocatorEx *chosen = choose(DOMAIN);                                           \
        return chosen->realloc(chosen->ctx, block, size);                                          \
    }                                                                                              \
    static void free_##DOMAIN(void *unused, void *block)                                           \
    {                                                                                              \
        free_traced(DOMAIN, block);                                                                \
    }

GUARD(0)
GUARD(1)
GUARD(2)

static const PyMemAllocatorEx guards[DOMAINS] = {
    {NULL, malloc_0, calloc_0, realloc_0, free_0},
    {NULL, malloc_1, calloc_1, realloc_1, free_1},
    {NULL, malloc_2, calloc_2, realloc_2, free_2},
};

// Of objects that are made, also of used memory.
static PyRefTracer trace_as_it_is;

static int
trace(PyObject *object, PyRefTracerEvent event, void *data)
{
    return is_in_main() ? trace_as_it_is(object, event, data) : 0;
}

static void
guard_objects(void)
{
    void *data;
    PyRefTracer found = PyRefTracer_GetTracer(&data);
    if (found != NULL && found != trace) {
        trace_as_it_is = found;
        (void)PyRefTracer_SetTracer(trace, data);
    }
}

static void
guard(const PyMemAllocatorEx beneath[DOMAINS])
{
    guard_objects();
    for (int i = 0; i < DOMAINS; i++) {
        domains[i].beneath = beneath[i];
        PyMem_GetAllocator((PyMemAllocatorDomain)i, &domains[i].tracing);
    }
    for (int i = 0; i < DOMAINS; i++) {
        PyMemAllocatorEx ours = guards[i];
        ours.ctx = beneath[i].ctx; // what tracemalloc will put back
        PyMem_SetAllocator((PyMemAllocatorDomain)i, &ours);
    }
    atomic_store(&is_guarded, true);
}

// ---- starting ----

static _PyCFunctionFast start_as_it_is;

static PyObject *
start(PyObject *module, PyObject *const *arguments, Py_ssize_t count)
{
    if (is_tracing()) {
        return start_as_it_is(module, arguments, count);
    }
    bool is_alone = creation_try_keep_off();
    PyObject *done = NULL;
    if (is_alone && registry_count() == 1) {
        PyMemAllocatorEx before[DOMAINS];
        for (int i = 0; i < DOMAINS; i++) {
            PyMem_GetAllocator((PyMemAllocatorDomain)i, &before[i]);
        }
        done = start_as_it_is(module, arguments, count);
        if (done != NULL) {
            guard(before);
        }
    }
    else {
        PyErr_SetString(PyExc_RuntimeError,
                        "tracemalloc cannot be started while there are other interpreters, among "
                        "them those that atoll keeps ready: start it before atoll makes the first "
                        "[docs: explanation/limits]");
    }
    if (is_alone) {
        creation_allow();
    }
    return done;
}

static bool
is_of_python(void *function)
{
    Dl_info its, pythons;
    return dladdr(function, &its) != 0 && dladdr((void *)PyMem_RawMalloc, &pythons) != 0 &&
           its.dli_fbase == pythons.dli_fbase;
}

// It was started before this core was loaded. A context of its allocators is the allocator that it
// has found (tracemalloc_alloc in Python/tracemalloc.c, 3.13 to 3.15).
static void
guard_what_runs(void)
{
    PyMemAllocatorEx beneath[DOMAINS];
    bool is_known = true;
    for (int i = 0; i < DOMAINS; i++) {
        PyMemAllocatorEx found;
        PyMem_GetAllocator((PyMemAllocatorDomain)i, &found);
        is_known = is_known && found.ctx != NULL && is_of_python((void *)found.malloc);
        if (is_known) {
            beneath[i] = *(const PyMemAllocatorEx *)found.ctx;
        }
    }
    if (is_known) {
        guard(beneath);
    }
}

void
allocation_tracing_install(void)
{
    PyObject *module = cpython_import_named("_tracemalloc");
    PyObject *found = module == NULL ? NULL : PyObject_GetAttrString(module, "start");
    if (found != NULL && PyCFunction_CheckExact(found) &&
        PyCFunction_GET_FLAGS(found) == METH_FASTCALL) {
        PyMethodDef *method = ((PyCFunctionObject *)found)->m_ml;
        start_as_it_is = (_PyCFunctionFast)(void (*)(void))method->ml_meth;
        method->ml_meth = (PyCFunction)(void (*)(void))start;
        if (is_tracing()) {
            guard_what_runs();
        }
    }
    PyErr_Clear();
    Py_XDECREF(found);
    Py_XDECREF(module);
}

bool
allocation_tracing_is_safe(void)
{
    return atomic_load(&is_guarded) || !is_tracing();
}
