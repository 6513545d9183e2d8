// Special methods that a remote class got or lost after it was made.
#include "bridge/python/cpython.h"
#include "bridge/transfer/weak_table.h"
#include "types/reference.h"

int
remote_class_set_special(PyTypeObject *class, PyObject *name, PyObject *value)
{
    return value == NULL ? -1 : PyType_Type.tp_setattro((PyObject *)class, name, value);
}

static int
remove_special(PyTypeObject *class, PyObject *name)
{
    PyObject *own = PyType_GetDict(class);
    int is_there = PyDict_Contains(own, name);
    Py_DECREF(own);
    return is_there <= 0 ? is_there : PyType_Type.tp_setattro((PyObject *)class, name, NULL);
}

static int
change_special(core_state *state, PyTypeObject *class, PyObject *name, const special_set *now,
               Py_ssize_t index)
{
    if (special_set_has(now->present, index)) {
        return remote_class_set_special(class, name, special_method_get(state, name));
    }
    return special_set_has(now->disabled, index) ? remote_class_set_special(class, name, Py_None)
                                                 : remove_special(class, name);
}

// What is in the slots alone: a class with these has them from its base.
static void
change_slots(PyTypeObject *class, PyObject *name, bool has_it)
{
    if (PyUnicode_EqualToUTF8(name, "__buffer__")) {
        class->tp_as_buffer->bf_getbuffer = has_it ? proxy_getbuffer : NULL;
        class->tp_as_buffer->bf_releasebuffer = proxy_releasebuffer; // some may be in use
    }
    else if (PyUnicode_EqualToUTF8(name, "__call__") && !has_it) {
        class->tp_call = NULL;
        class->tp_flags &= ~(unsigned long)Py_TPFLAGS_HAVE_VECTORCALL;
    }
}

static int
change_specials(core_state *state, PyTypeObject *class, const special_set *now)
{
    special_set *old = &remote_class_data(class)->specials;
    PyObject *names = specials_names(state);
    int result = names == NULL ? -1 : 0;
    bool has_instances = class->tp_dealloc == proxy_dealloc;
    for (Py_ssize_t i = 0; result == 0 && i < PyTuple_GET_SIZE(names); i++) {
        bool has_it = special_set_has(now->present, i);
        if (has_it == special_set_has(old->present, i) &&
            special_set_has(now->disabled, i) == special_set_has(old->disabled, i)) {
            continue;
        }
        PyObject *name = PyTuple_GET_ITEM(names, i);
        result = change_special(state, class, name, now, i);
        if (result == 0 && has_instances) {
            change_slots(class, name, has_it || special_set_has(now->disabled, i));
        }
    }
    if (result == 0) {
        *old = *now;
    }
    PyType_Modified(class);
    return result;
}

static bool
is_stale(const remote_class *data)
{
    unsigned version = data->target == NULL ? 0 : atomic_load(&data->target->specials_version);
    return version != 0 && version != data->specials.version;
}

// Those whose classes have other special methods by now. NULL: no memory.
static PyObject *
list_stale(core_state *state)
{
    PyObject *stale = PyList_New(0);
    size_t position = 0;
    pointer_pair pair;
    while (stale != NULL && pointer_map_next(&state->classes, &position, &pair)) {
        PyObject *class = weak_table_get(&state->classes, pair.key);
        if (class != NULL && is_stale(remote_class_data((PyTypeObject *)class)) &&
            PyList_Append(stale, class) < 0) {
            Py_CLEAR(stale);
        }
        Py_XDECREF(class);
    }
    return stale;
}

void
remote_class_refresh(core_state *state)
{
    PyObject *raised = PyErr_GetRaisedException();
    // acquire: pairs with publish of bridge/transfer/specials
    state->specials_epoch = atomic_load_explicit(&specials_epoch, memory_order_acquire);
    PyObject *stale = list_stale(state);
    for (Py_ssize_t i = 0; stale != NULL && i < PyList_GET_SIZE(stale); i++) {
        PyTypeObject *class = (PyTypeObject *)PyList_GET_ITEM(stale, i);
        special_set now;
        if (specials_read(remote_class_data(class)->target, &now)) {
            cpython_unseal_type(class);
            (void)change_specials(state, class, &now);
            cpython_seal_type(class);
        }
    }
    Py_XDECREF(stale);
    PyErr_Clear(); // no memory: it stays as it was until the next change
    PyErr_SetRaisedException(raised);
}
