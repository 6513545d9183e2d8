#include "bridge/classes/twin.h"

#include "ground/interpreter/interp.h"

// ---- what changes ----

void
twin_note_change(core_state *state)
{
    atomic_fetch_add_explicit(&state->interp->twin_epoch, 1, memory_order_release);
}

// CPython calls it, under its interpreter's GIL, before sys.modules is changed. A module that is
// loaded or reloaded is taken out and put back at the end.
static int
on_modules_changed(PyDict_WatchEvent event, PyObject *modules, PyObject *name, PyObject *module)
{
    interp *here = registry_find(PyInterpreterState_Get());
    core_state *state = here == NULL ? NULL : here->core_state;
    if (state == NULL || state->is_cleared) {
        return 0;
    }
    PyObject *raised = PyErr_GetRaisedException();
    twin_note_change(state);
    if (name != NULL && PyUnicode_CheckExact(name)) {
        state->references->module_changed(state, name,
                                          event == PyDict_EVENT_DELETED ? NULL : module);
    }
    PyErr_SetRaisedException(raised);
    return 0;
}

void
twin_watch(core_state *state)
{
    if (state->modules_watcher != WATCHER_NONE) {
        return;
    }
    state->modules_watcher = PyDict_AddWatcher(on_modules_changed);
    if (state->modules_watcher < 0 ||
        PyDict_Watch(state->modules_watcher, PyImport_GetModuleDict()) < 0) {
        PyErr_Clear(); // all of the few watchers are taken: changes go unnoticed
        state->modules_watcher = WATCHER_REFUSED;
        return;
    }
    twin_note_change(state);
}

void
twin_unwatch(core_state *state)
{
    if (state->modules_watcher >= 0 && PyDict_ClearWatcher(state->modules_watcher) < 0) {
        PyErr_Clear();
    }
    state->modules_watcher = WATCHER_REFUSED;
}

// ---- the module ----

static bool
is_equal(PyObject *one, PyObject *other)
{
    return one != NULL && PyUnicode_CheckExact(one) && PyUnicode_Compare(one, other) == 0;
}

// Where it was loaded from, as atoll._transfer.twins says it; new reference, or NULL.
static PyObject *
origin_of(PyObject *namespace)
{
    PyObject *spec = PyDict_GetItemString(namespace, "__spec__"), *origin = NULL; // borrowed
    if (spec != NULL && spec != Py_None) {
        origin = PyObject_GetAttrString(spec, "origin");
    }
    if (origin == NULL || origin == Py_None) {
        PyErr_Clear();
        Py_XSETREF(origin, Py_XNewRef(PyDict_GetItemString(namespace, "__file__")));
    }
    return origin;
}

static bool
is_from(PyObject *module, PyObject *origin)
{
    PyObject *found = origin_of(PyModule_GetDict(module));
    bool is_from = is_equal(found, origin);
    Py_XDECREF(found);
    return is_from;
}

// ---- the class ----

static PyObject *
find_in_namespace(PyObject *holder, PyObject *name)
{
    bool is_class = PyType_Check(holder);
    PyObject *namespace =
        is_class ? PyType_GetDict((PyTypeObject *)holder) : Py_NewRef(PyModule_GetDict(holder));
    PyObject *found = NULL;
    if (PyDict_GetItemRef(namespace, name, &found) < 0) {
        PyErr_Clear();
    }
    Py_DECREF(namespace);
    if (found != NULL && !PyType_Check(found)) {
        Py_CLEAR(found);
    }
    return found;
}

static PyObject *
follow(PyObject *module, PyObject *qualified_name)
{
    PyObject *dot = PyUnicode_FromString(".");
    PyObject *names = dot == NULL ? NULL : PyUnicode_Split(qualified_name, dot, -1);
    PyObject *found = names == NULL ? NULL : Py_NewRef(module);
    for (Py_ssize_t i = 0; found != NULL && i < PyList_GET_SIZE(names); i++) {
        Py_SETREF(found, find_in_namespace(found, PyList_GET_ITEM(names, i)));
    }
    Py_XDECREF(names);
    Py_XDECREF(dot);
    return found;
}

// Does the class itself say so, too?
static bool
is_called(PyTypeObject *class, PyObject *module_name, PyObject *qualified_name)
{
    PyObject *module = PyType_GetModuleName(class);
    PyObject *name = PyType_GetQualName(class);
    bool is_called = is_equal(module, module_name) && is_equal(name, qualified_name);
    Py_XDECREF(module);
    Py_XDECREF(name);
    return is_called;
}

static PyObject *
find_in_module(PyObject *module, PyObject *identity)
{
    PyObject *name = PyTuple_GET_ITEM(identity, 1);
    if (!PyModule_Check(module) || !is_from(module, PyTuple_GET_ITEM(identity, 2))) {
        return NULL;
    }
    PyObject *found = follow(module, name);
    if (found != NULL && !is_called((PyTypeObject *)found, PyTuple_GET_ITEM(identity, 0), name)) {
        Py_CLEAR(found);
    }
    return found;
}

static PyObject *
find_by_name(PyObject *identity)
{
    PyObject *module = NULL, *found = NULL;
    if (PyDict_GetItemRef(PyImport_GetModuleDict(), PyTuple_GET_ITEM(identity, 0), &module) > 0) {
        found = find_in_module(module, identity);
        Py_DECREF(module);
    }
    return found;
}

static PyObject *
find_by_value(core_state *state, PyObject *identity)
{
    PyObject *found = state_call_hook(state, HOOK_CLASS_BY_ID, identity, NULL);
    if (found == Py_None) {
        Py_CLEAR(found);
    }
    return found;
}

// It must be a class of this interpreter, not what stands for one of another.
static PyObject *
checked_steal(core_state *state, PyObject *found)
{
    if (found != NULL && state->references->target(found) != NULL) {
        Py_CLEAR(found);
    }
    PyErr_Clear(); // no memory: it is not found this time
    return found;
}

PyObject *
twin_find(core_state *state, PyObject *identity)
{
    if (PyType_Check(identity)) {
        return Py_NewRef(identity);
    }
    PyObject *found = PyTuple_Check(identity)     ? find_by_name(identity)
                      : PyUnicode_Check(identity) ? find_by_value(state, identity)
                                                  : NULL;
    return checked_steal(state, found);
}

PyObject *
twin_find_in(core_state *state, PyObject *identity, PyObject *known, PyObject *name,
             PyObject *module)
{
    if (!PyTuple_Check(identity) || !is_equal(name, PyTuple_GET_ITEM(identity, 0))) {
        return Py_NewRef(known);
    }
    PyObject *found = module == NULL ? NULL : find_in_module(module, identity);
    found = checked_steal(state, found);
    return found == NULL ? Py_NewRef(Py_None) : found;
}
