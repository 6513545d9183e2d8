// What atoll._share.share needs: shared values, and the heap that they live in.
#include "bridge/python/probing.h"
#include "bridge/share/atom.h"
#include "bridge/share/frozendict.h"
#include "bridge/share/share.h"
#include "bridge/share/shared_set.h"
#include "types/reference.h"

static PyObject *
share(PyObject *module, PyObject *const *arguments, Py_ssize_t count)
{
    if (count != 2 || !PyBool_Check(arguments[1])) {
        return PyErr_Format(PyExc_TypeError, "share(object, may_freeze)");
    }
    PyObject *shared =
        share_object(PyModule_GetState(module), arguments[0], arguments[1] == Py_True);
    return Py_XNewRef(shared);
}

static PyObject *
is_shared(PyObject *module, PyObject *object)
{
    return PyBool_FromLong(atom_is_shared(object));
}

// For pickles that stay in the process.
static PyObject *
shared_address(PyObject *module, PyObject *object)
{
    if (!heap_contains(object)) {
        Py_RETURN_NONE;
    }
    return PyLong_FromVoidPtr(object);
}

static PyObject *
shared_at(PyObject *module, PyObject *address)
{
    PyObject *object = PyLong_AsVoidPtr(address);
    if (object == NULL || !heap_contains(object)) {
        if (!PyErr_Occurred()) {
            PyErr_SetString(PyExc_ValueError, "no shared object is at this address");
        }
        return NULL;
    }
    return object; // immortal
}

static PyObject *
has_shared(PyObject *module, PyObject *unused)
{
    return PyBool_FromLong(atomic_load_explicit(&heap_addresses.size, memory_order_relaxed) != 0);
}

static PyObject *
count_shared(PyObject *module, PyObject *unused)
{
    static const char *const names[SHARED_KINDS] = {[SHARED_INT] = "int",
                                                    [SHARED_FLOAT] = "float",
                                                    [SHARED_COMPLEX] = "complex",
                                                    [SHARED_STR] = "str",
                                                    [SHARED_BYTES] = "bytes",
                                                    [SHARED_DATETIME] = "datetime",
                                                    [SHARED_TUPLE] = "tuple",
                                                    [SHARED_FROZENSET] = "frozenset",
                                                    [SHARED_FROZENDICT] = "frozendict"};
    PyObject *counts = PyDict_New();
    for (shared_kind kind = 0; counts != NULL && kind < SHARED_KINDS; kind++) {
        PyObject *number = PyLong_FromSize_t(share_arena_count_shared(kind));
        if (number == NULL || PyDict_SetItemString(counts, names[kind], number) < 0) {
            Py_CLEAR(counts);
        }
        Py_XDECREF(number);
    }
    return counts == NULL ? NULL
                          : Py_BuildValue("Nn", counts, (Py_ssize_t)share_arena_count_bytes());
}

static PyObject *
count_probes(PyObject *module, PyObject *const *arguments, Py_ssize_t count)
{
    if (count != 4 || !PyTuple_CheckExact(arguments[0]) || !PyBool_Check(arguments[1])) {
        return PyErr_Format(PyExc_TypeError, "count_probes(keys, is_set, weight, limit)");
    }
    Py_ssize_t weight = PyLong_AsSsize_t(arguments[2]);
    Py_ssize_t limit = PyErr_Occurred() ? -1 : PyLong_AsSsize_t(arguments[3]);
    if (PyErr_Occurred()) {
        return NULL;
    }
    Py_ssize_t cost = probing_cost(arguments[0], arguments[1] == Py_True, weight, limit);
    return cost < 0 ? NULL : PyLong_FromSsize_t(cost);
}

static PyObject *
seal_heap(PyObject *module, PyObject *unused)
{
    if (!heap_seal()) {
        return PyErr_NoMemory();
    }
    Py_RETURN_NONE;
}

PyMethodDef share_functions[] = {
    {"share", (PyCFunction)(void (*)(void))share, METH_FASTCALL,
     PyDoc_STR("share($module, object, may_freeze, /)\n--\n\n"
               "Make a copy of a value that all interpreters share.")},
    {"is_shared", is_shared, METH_O,
     PyDoc_STR("is_shared($module, object, /)\n--\n\nIs it the same object in all interpreters?")},
    {"count_shared", count_shared, METH_NOARGS,
     PyDoc_STR("count_shared($module, /)\n--\n\n"
               "Return how many objects are shared, by type, and their size in bytes.")},
    {"count_probes", (PyCFunction)(void (*)(void))count_probes, METH_FASTCALL,
     PyDoc_STR(
         "count_probes($module, keys, is_set, weight, limit, /)\n--\n\n"
         "Return how many extra slots are probed while a dict or a set is filled with keys.\n\n"
         "Comparing keys with equal hashes counts as `weight`. It stops soon after the limit.")},
    {"shared_address", shared_address, METH_O,
     PyDoc_STR("shared_address($module, object, /)\n--\n\n"
               "Return where a shared object is; None: it is not shared.")},
    {"shared_at", shared_at, METH_O,
     PyDoc_STR("shared_at($module, address, /)\n--\n\nReturn the shared object that is there.")},
    {"has_shared", has_shared, METH_NOARGS,
     PyDoc_STR("has_shared($module, /)\n--\n\nHas anything been shared in this process?")},
    {"seal_heap", seal_heap, METH_NOARGS,
     PyDoc_STR("seal_heap($module, /)\n--\n\n"
               "Make the memory of what is shared from now on read-only.")},
    {NULL},
};

int
share_init(PyObject *module)
{
    return cpython_init_singletons() < 0 || frozendict_init() < 0 || shared_set_init() < 0 ||
                   PyModule_AddObjectRef(module, "frozendict", (PyObject *)&frozendict_type) < 0
               ? -1
               : 0;
}
