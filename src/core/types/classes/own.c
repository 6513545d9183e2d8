// What a remote class has of its own, not from its owner: what messages call it, what NumPy is told
// here about arrays, and who asks the owner where CPython asks `type` itself.
#include "types/reference.h"

#define PREFIX "proxy of "

// CPython's messages say that what they are about is a Proxy; `__name__` is that of the original.
static int
set_shown_name(PyTypeObject *class)
{
    const char *name = class->tp_name;
    if (strncmp(name, "builtins.", 9) == 0) {
        name += 9;
    }
    size_t size = sizeof PREFIX + strlen(name);
    char *shown = PyMem_RawMalloc(size);
    if (shown == NULL) {
        PyErr_NoMemory();
        return -1;
    }
    snprintf(shown, size, PREFIX "%s", name);
    class->tp_name = remote_class_data(class)->shown_name = shown;
    return 0;
}

static int
add_members(PyTypeObject *class, PyObject *members)
{
    PyObject *name, *value;
    Py_ssize_t position = 0;
    remote_class_data(class)->own_members = members;
    while (members != NULL && PyDict_Next(members, &position, &name, &value)) {
        if (PyType_Type.tp_setattro((PyObject *)class, name, value) < 0) {
            return -1;
        }
    }
    return members == NULL ? -1 : 0;
}

int
remote_class_equip(core_state *state, PyTypeObject *class, bool is_array)
{
    return set_shown_name(class) < 0 ||
                   (is_array && add_members(class, state_hook(state, HOOK_ARRAY_METHODS)) < 0)
               ? -1
               : 0;
}

int
remote_class_add_annotations(PyTypeObject *class)
{
    PyObject *asked = state_hook(remote_class_data(class)->state, HOOK_CLASS_ANNOTATIONS);
    PyObject *contents = asked == NULL ? NULL : PyType_GetDict(class);
    int result = contents == NULL ? -1 : PyDict_SetItemString(contents, "__annotations__", asked);
    Py_XDECREF(contents);
    return result;
}

const char *
remote_class_name(PyTypeObject *class)
{
    const char *shown = remote_class_data(class)->shown_name;
    return shown == NULL ? class->tp_name : shown + sizeof PREFIX - 1;
}

// tp_new, by which pickle makes an object before it sets its state.
PyObject *
remote_class_new_instance(PyTypeObject *class, PyObject *arguments, PyObject *keywords)
{
    const remote_class *data = remote_class_data(class);
    if (data->target == NULL) {
        PyErr_Format(PyExc_TypeError, "cannot create '%s' instances", class->tp_name);
        return NULL;
    }
    PyObject *hook = state_hook(data->state, HOOK_NEW_INSTANCE);
    return hook == NULL
               ? NULL
               : PyObject_CallFunctionObjArgs(hook, (PyObject *)class, arguments, keywords, NULL);
}

// tp_init: `type.__call__` is not what makes an object of another interpreter.
int
remote_class_refuse_init(PyObject *proxy, PyObject *arguments, PyObject *keywords)
{
    PyErr_Format(PyExc_TypeError, "cannot create '%s' instances: call the class itself",
                 Py_TYPE(proxy)->tp_name);
    return -1;
}
