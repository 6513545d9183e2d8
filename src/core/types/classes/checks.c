// isinstance() and issubclass() with a remote class, where its metaclass leaves them to `type`.
//
// The owner is asked about its own objects and classes only. All others are instances by twins
// (bridge/classes/twin): an ABC that a remote class was registered with asks it about every class.
#include "types/reference.h"

// What `type` itself says of a remote class that stands for a shared type.
static PyObject *
ask_type(const char *question, PyObject *class, PyObject *about)
{
    return PyObject_CallMethod((PyObject *)&PyType_Type, question, "OO", class, about);
}

static PyObject *
ask_owner(const remote_class *class, const char *question, PyObject *about)
{
    PyObject *name = PyUnicode_InternFromString(question);
    PyObject *answer = name == NULL ? NULL
                                    : reference_operate(class->state, class->target,
                                                        OPERATION_SPECIAL, name, &about, 1);
    Py_XDECREF(name);
    return answer;
}

static bool
is_of_owner(const remote_class *class, PyObject *object)
{
    if (state_is_type(class->state, TYPE_REMOTE_METHOD, object)) {
        object = class->state->references->method_owner(object);
    }
    const exported *target = reference_target(object);
    return target != NULL && target->owner == class->target->owner;
}

// Of a class of a third interpreter: is this one among its bases?
static int
is_base_of(const remote_class *class, PyTypeObject *other)
{
    const PyObject *lineage =
        is_remote_class((PyObject *)other) ? remote_class_data(other)->lineage : NULL;
    if (lineage == NULL || class->lineage == NULL || PyTuple_GET_SIZE(class->lineage) == 0 ||
        PyTuple_GET_ITEM(class->lineage, 0) == Py_None) {
        return 0;
    }
    return PySequence_Contains((PyObject *)lineage, PyTuple_GET_ITEM(class->lineage, 0));
}

static PyObject *
ask_twin(PyObject *self, PyObject *object, int (*check)(PyObject *, PyObject *),
         PyTypeObject *other)
{
    PyObject *twin;
    if (remote_class_twin((PyTypeObject *)self, &twin) < 0) {
        return NULL;
    }
    int answer = twin != NULL ? check(object, twin)
                              : is_base_of(remote_class_data((PyTypeObject *)self), other);
    Py_XDECREF(twin);
    return answer < 0 ? NULL : PyBool_FromLong(answer);
}

PyObject *
remote_class_instancecheck(PyObject *self, PyObject *object)
{
    const remote_class *class = remote_class_data((PyTypeObject *)self);
    if (class->target == NULL) {
        return ask_type("__instancecheck__", self, object);
    }
    if (is_proxy_instance(object) && remote_class_data(Py_TYPE(object))->target == class->target) {
        Py_RETURN_TRUE;
    }
    return is_of_owner(class, object)
               ? ask_owner(class, "__instancecheck__", object)
               : ask_twin(self, object, PyObject_IsInstance, Py_TYPE(object));
}

PyObject *
remote_class_subclasscheck(PyObject *self, PyObject *other)
{
    const remote_class *class = remote_class_data((PyTypeObject *)self);
    if (class->target == NULL) {
        return ask_type("__subclasscheck__", self, other);
    }
    if (reference_target(other) == class->target) {
        Py_RETURN_TRUE;
    }
    if (is_of_owner(class, other)) {
        return ask_owner(class, "__subclasscheck__", other);
    }
    if (!PyType_Check(other)) {
        PyErr_SetString(PyExc_TypeError, "issubclass() arg 1 must be a class");
        return NULL;
    }
    return ask_twin(self, other, PyObject_IsSubclass, (PyTypeObject *)other);
}
