// What atoll.gc needs: the collector, its settings, and counts of exports and Proxies.
#include "bridge/gc/collector.h"
#include "ground/base/clock.h"
#include "types/reference.h"

static PyObject *
collect(PyObject *module, PyObject *unused)
{
    Py_ssize_t freed = collector_collect(PyModule_GetState(module));
    return freed < 0 ? NULL : PyLong_FromSsize_t(freed);
}

static PyObject *
enable_collector(PyObject *module, PyObject *flag)
{
    int is_enabled = PyObject_IsTrue(flag);
    if (is_enabled < 0) {
        return NULL;
    }
    collector_enable(is_enabled);
    Py_RETURN_NONE;
}

static PyObject *
is_collector_enabled(PyObject *module, PyObject *unused)
{
    return PyBool_FromLong(collector_is_enabled());
}

static PyObject *
set_collector_threshold(PyObject *module, PyObject *number)
{
    Py_ssize_t exports = PyLong_AsSsize_t(number);
    if (exports == -1 && PyErr_Occurred()) {
        return NULL;
    }
    if (exports < 0) {
        PyErr_SetString(PyExc_ValueError, "the threshold must be 0 or more");
        return NULL;
    }
    collector_set_threshold((size_t)exports);
    Py_RETURN_NONE;
}

static PyObject *
get_collector_threshold(PyObject *module, PyObject *unused)
{
    return PyLong_FromSize_t(collector_get_threshold());
}

static PyObject *
count_collections(PyObject *module, PyObject *unused)
{
    collector_totals totals;
    collector_count(&totals);
    double second = (double)NANOSECONDS_PER_SECOND;
    return Py_BuildValue("nnnnddd", (Py_ssize_t)totals.collections, (Py_ssize_t)totals.automatic,
                         (Py_ssize_t)totals.freed, (Py_ssize_t)totals.abandoned,
                         (double)totals.busy / second, (double)totals.longest / second,
                         (double)totals.stopped / second);
}

static PyObject *
set_callbacks(PyObject *module, PyObject *list)
{
    core_state *state = PyModule_GetState(module);
    if (!PyList_Check(list)) {
        PyErr_SetString(PyExc_TypeError, "callbacks must be a list");
        return NULL;
    }
    Py_XSETREF(state->callbacks, Py_NewRef(list));
    Py_RETURN_NONE;
}

// ---- counts of exports and Proxies ----

// Count one more of this type.
static int
add(PyObject *counts, int64_t owner, const char *name)
{
    PyObject *key = Py_BuildValue("Ls", (long long)owner, name);
    if (key == NULL) {
        return -1;
    }
    PyObject *before = PyDict_GetItemWithError(counts, key);
    Py_ssize_t sum = 1 + (before == NULL ? 0 : PyLong_AsSsize_t(before));
    PyObject *after = PyErr_Occurred() ? NULL : PyLong_FromSsize_t(sum);
    int result = after == NULL ? -1 : PyDict_SetItem(counts, key, after);
    Py_XDECREF(after);
    Py_DECREF(key);
    return result;
}

static const char *
name_of(PyTypeObject *type)
{
    const char *name = is_remote_class((PyObject *)type) ? remote_class_name(type) : type->tp_name;
    const char *dot = strrchr(name, '.');
    return dot == NULL ? name : dot + 1;
}

static PyObject *
count_exports(core_state *state)
{
    PyObject *counts = PyDict_New();
    size_t position = 0;
    pointer_pair pair;
    while (counts != NULL && pointer_map_next(&state->exports, &position, &pair)) {
        const exported *each = pair.value;
        if (!atomic_load_explicit(&each->is_internal, memory_order_relaxed) &&
            add(counts, state->interp->id, name_of(Py_TYPE(each->object))) < 0) {
            Py_CLEAR(counts);
        }
    }
    return counts;
}

static PyObject *
count_proxies(core_state *state)
{
    PyObject *counts = PyDict_New();
    size_t position = 0;
    pointer_pair pair;
    while (counts != NULL && pointer_map_next(&state->proxies, &position, &pair)) {
        const exported *each = pair.key;
        const char *name =
            each->flags & EXPORT_CLASS ? "type" : name_of(Py_TYPE((PyObject *)pair.value));
        if (!atomic_load_explicit(&each->is_internal, memory_order_relaxed) &&
            interp_get_phase(each->owner) == INTERP_OPEN &&
            add(counts, each->owner->id, name) < 0) {
            Py_CLEAR(counts);
        }
    }
    return counts;
}

// Returns ((owner, name, count), ...); steals the dict.
static PyObject *
rows_steal(PyObject *counts)
{
    PyObject *rows = counts == NULL ? NULL : PyTuple_New(PyDict_GET_SIZE(counts));
    Py_ssize_t position = 0, row = 0;
    PyObject *key, *count;
    while (rows != NULL && PyDict_Next(counts, &position, &key, &count)) {
        PyObject *items =
            PyTuple_Pack(3, PyTuple_GET_ITEM(key, 0), PyTuple_GET_ITEM(key, 1), count);
        if (items == NULL) {
            Py_CLEAR(rows);
            break;
        }
        PyTuple_SET_ITEM(rows, row++, items);
    }
    Py_XDECREF(counts);
    return rows;
}

static PyObject *
count_references(PyObject *module, PyObject *unused)
{
    core_state *state = PyModule_GetState(module);
    PyObject *exports = rows_steal(count_exports(state));
    PyObject *proxies = exports == NULL ? NULL : rows_steal(count_proxies(state));
    PyObject *result = proxies == NULL ? NULL : PyTuple_Pack(2, exports, proxies);
    Py_XDECREF(exports);
    Py_XDECREF(proxies);
    return result;
}

PyMethodDef collector_functions[] = {
    {"collect", collect, METH_NOARGS,
     PyDoc_STR("collect($module, /)\n--\n\nFree garbage cycles; return how many exports.")},
    {"enable_collector", enable_collector, METH_O,
     PyDoc_STR("enable_collector($module, flag, /)\n--\n\nMay it run by itself?")},
    {"is_collector_enabled", is_collector_enabled, METH_NOARGS,
     PyDoc_STR("is_collector_enabled($module, /)\n--\n\nMay it run by itself?")},
    {"set_collector_threshold", set_collector_threshold, METH_O,
     PyDoc_STR("set_collector_threshold($module, exports, /)\n--\n\n"
               "By how many exports one interpreter must have grown; 0: never.")},
    {"get_collector_threshold", get_collector_threshold, METH_NOARGS,
     PyDoc_STR("get_collector_threshold($module, /)\n--\n\n"
               "By how many exports one interpreter must have grown.")},
    {"count_collections", count_collections, METH_NOARGS,
     PyDoc_STR("count_collections($module, /)\n--\n\nReturn what the collector has done so far.")},
    {"set_callbacks", set_callbacks, METH_O,
     PyDoc_STR("set_callbacks($module, list, /)\n--\n\n"
               "Set the list of functions to call here before and after a collection.")},
    {"count_references", count_references, METH_NOARGS,
     PyDoc_STR("count_references($module, /)\n--\n\n"
               "How many exports and Proxies this interpreter has, by owner and type.")},
    {NULL},
};
