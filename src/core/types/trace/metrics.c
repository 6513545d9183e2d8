// What atoll.metrics needs: sums over all interpreters, read without entering any.
#include <Python.h>
#include <stddef.h>

#include "bridge/python/state.h"
#include "ground/system/peek.h"
#include "types/reference.h"

typedef struct {
    long long interpreters, visitors, thread_states, exports, proxies, buffers;
    unsigned long long crossings;
    bool has_tables; // exports and proxies are those of all
} sums;

static bool
add_tables(uintptr_t core, sums *all)
{
    state_counts tables;
    if (!state_peek_counts(core, &tables)) {
        return false;
    }
    all->exports += (long long)tables.exports;
    all->proxies += (long long)tables.proxies;
    return true;
}

static void
add(interp *each, void *argument)
{
    sums *all = argument;
    uintptr_t core;
    all->interpreters += atomic_load(&each->role) == ROLE_IN_USE;
    all->crossings += atomic_load_explicit(&each->crossings, memory_order_relaxed);
    all->visitors += interp_count_visitors(each);
    all->thread_states += interp_count_owned(each);
    all->buffers += atomic_load(&each->buffers);
    bool is_peeked = peek_word(&core, (uintptr_t)&each->core_state);
    all->has_tables &= is_peeked && (core == 0 || add_tables(core, all));
}

static PyObject *
count_all(PyObject *module, PyObject *unused)
{
    sums all = {.has_tables = true};
    Py_BEGIN_ALLOW_THREADS
    registry_each(add, &all);
    all.crossings += registry_former_crossings();
    Py_END_ALLOW_THREADS
    if (!all.has_tables) {
        all.exports = all.proxies = -1;
    }
    return Py_BuildValue("LKLLLLL", all.interpreters, all.crossings, all.visitors,
                         all.thread_states, all.exports, all.proxies, all.buffers);
}

PyMethodDef metrics_functions[] = {
    {"count_all", count_all, METH_NOARGS,
     PyDoc_STR("count_all($module, /)\n--\n\n"
               "Return (interpreters, crossings, visitors, thread_states, exports, proxies, "
               "buffers) of all; -1: not known.")},
    {NULL},
};
