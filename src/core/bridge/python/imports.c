#include "bridge/python/imports.h"

#include <stdbool.h>

#include "bridge/python/cpython.h"

// A lock of importlib._bootstrap: held by this thread, which goes on?
static int
is_ours(PyObject *lock)
{
    PyObject *owner = PyObject_GetAttrString(lock, "owner");
    if (owner == NULL) {
        return -1;
    }
    bool is_so = PyLong_Check(owner) && PyLong_AsUnsignedLong(owner) == PyThread_get_thread_ident();
    Py_DECREF(owner);
    return is_so;
}

static int
is_being_imported(PyObject *module)
{
    PyObject *spec, *flag = NULL;
    int is_so = PyObject_GetOptionalAttrString(module, "__spec__", &spec);
    if (is_so == 1) {
        is_so = PyObject_GetOptionalAttrString(spec, "_initializing", &flag);
        Py_DECREF(spec);
    }
    if (is_so == 1) {
        is_so = PyObject_IsTrue(flag);
        Py_DECREF(flag);
    }
    return is_so;
}

static int
forget_module(PyObject *name)
{
    PyObject *modules = PyImport_GetModuleDict(); // borrowed
    PyObject *module = PyDict_GetItemWithError(modules, name);
    if (module == NULL) {
        return PyErr_Occurred() ? -1 : 0;
    }
    Py_INCREF(module);
    int is_half = is_being_imported(module);
    int result = is_half == 1 ? PyDict_DelItem(modules, name) : is_half;
    Py_DECREF(module);
    return result;
}

static int
forget(PyObject *locks, PyObject *name, PyObject *reference)
{
    PyObject *lock;
    int result = PyWeakref_GetRef(reference, &lock);
    if (result == 1) {
        result = is_ours(lock);
        Py_DECREF(lock);
        if (result == 1) {
            return 0;
        }
    }
    return result < 0 || forget_module(name) < 0 || PyDict_Pop(locks, name, NULL) < 0 ? -1 : 0;
}

int
imports_forget_others(void)
{
    PyObject *importlib = cpython_import_named("_frozen_importlib");
    PyObject *locks = importlib == NULL ? NULL : PyObject_GetAttrString(importlib, "_module_locks");
    PyObject *items = locks == NULL ? NULL : PyDict_Items(locks); // name, weak reference
    int result = items == NULL ? -1 : 0;
    for (Py_ssize_t i = 0; result == 0 && i < PyList_GET_SIZE(items); i++) {
        PyObject *item = PyList_GET_ITEM(items, i);
        result = forget(locks, PyTuple_GET_ITEM(item, 0), PyTuple_GET_ITEM(item, 1));
    }
    Py_XDECREF(items);
    Py_XDECREF(locks);
    Py_XDECREF(importlib);
    return result;
}
