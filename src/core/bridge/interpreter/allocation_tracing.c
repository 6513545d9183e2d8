#include "bridge/interpreter/allocation_tracing.h"

#include <Python.h>
#include <dlfcn.h>
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

static const PyMemAllocatorEx *
choose(int domain)
{
    PyThreadState *state = PyThreadState_GetUnchecked();
    bool is_main =
        state != NULL && PyThreadState_GetInterpreter(state) == PyInterpreterState_Main();
    return is_main ? &domains[domain].tracing : &domains[domain].beneath;
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
        domains[DOMAIN].tracing.free(domains[DOMAIN].tracing.ctx, block);                          \
    }

GUARD(0)
GUARD(1)
GUARD(2)

static const PyMemAllocatorEx guards[DOMAINS] = {
    {NULL, malloc_0, calloc_0, realloc_0, free_0},
    {NULL, malloc_1, calloc_1, realloc_1, free_1},
    {NULL, malloc_2, calloc_2, realloc_2, free_2},
};

static void
guard(const PyMemAllocatorEx beneath[DOMAINS])
{
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
                        "them those that atoll keeps ready: start it before atoll makes the first");
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
