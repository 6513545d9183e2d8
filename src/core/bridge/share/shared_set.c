#include "bridge/share/shared_set.h"

static PyObject *
itself(PyObject *self, PyObject *unused)
{
    return Py_NewRef(self);
}

static PyObject *
reduce(PyObject *self, PyObject *unused)
{
    PyObject *items = PySequence_List(self);
    return items == NULL ? NULL : Py_BuildValue("O(N)", &PyFrozenSet_Type, items);
}

static PyMethodDef methods[] = {
    {"copy", itself, METH_NOARGS, PyDoc_STR("copy($self, /)\n--\n\nReturn the object itself.")},
    {"__copy__", itself, METH_NOARGS, NULL},
    {"__reduce__", reduce, METH_NOARGS, NULL},
    {NULL},
};

PyTypeObject shared_set_type = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "frozenset",
    .tp_basicsize = sizeof(PySetObject),
    .tp_flags = Py_TPFLAGS_DEFAULT, // others are inherited
    .tp_doc = PyDoc_STR("A frozenset that all interpreters share; it has no weak references."),
    .tp_methods = methods,
    .tp_base = &PyFrozenSet_Type,
};

int
shared_set_init(void)
{
    if (cpython_init_static_type(&shared_set_type) < 0) {
        return -1;
    }
    // The main interpreter, the first, has inherited it; later ones find the type as it is then.
    bool is_first = PyInterpreterState_Get() == PyInterpreterState_Main();
    if (is_first) {
        shared_set_type.tp_weaklistoffset = 0;
    }
    if (shared_set_type.tp_weaklistoffset != 0) {
        PyErr_SetString(PyExc_SystemError, "shared frozensets would have weak references");
        return -1;
    }
    return 0;
}
