#include "bridge/transfer/identity.h"

#include <stdatomic.h>

#include "bridge/python/cpython.h"
#include "bridge/transfer/weak_table.h"

// What an exception owns once it has a number; nobody else does.
typedef struct {
    PyObject_HEAD
    PyObject *exception; // borrowed
    uintptr_t number;
    PyObject *module; // owned, keeps the state
} tag_object;

static atomic_uintptr_t latest_number; // of the process

static int
give(core_state *state, PyObject *exception, uintptr_t number)
{
    tag_object *self = PyObject_GC_New(tag_object, state->types[TYPE_TAG]);
    if (self == NULL) {
        return -1;
    }
    *self = (tag_object){self->ob_base, exception, number, Py_NewRef(state->module)};
    PyObject_GC_Track(self);
    if (!pointer_map_set(&state->identities, (void *)number, exception)) {
        Py_DECREF(self);
        PyErr_NoMemory();
        return -1;
    }
    Py_XSETREF(*cpython_exception_spare(exception), (PyObject *)self);
    return 0;
}

uintptr_t
identity_of(core_state *state, PyObject *exception)
{
    PyObject *tag = *cpython_exception_spare(exception);
    if (tag != NULL && state_is_type(state, TYPE_TAG, tag)) {
        return ((tag_object *)tag)->number;
    }
    uintptr_t number = atomic_fetch_add_explicit(&latest_number, 1, memory_order_relaxed) + 1;
    return give(state, exception, number) < 0 ? 0 : number;
}

PyObject *
identity_find(core_state *state, uintptr_t number)
{
    return weak_table_get(&state->identities, (void *)number);
}

// ---- the tag ----

static int
tag_traverse(PyObject *self, visitproc visit, void *arg)
{
    Py_VISIT(Py_TYPE(self));
    Py_VISIT(((tag_object *)self)->module);
    return 0;
}

static void
tag_dealloc(PyObject *op)
{
    tag_object *self = (tag_object *)op;
    PyTypeObject *type = Py_TYPE(op);
    PyObject *module = self->module;
    PyObject_GC_UnTrack(op);
    core_state *state = PyModule_GetState(module);
    weak_table_remove(&state->identities, (void *)self->number, self->exception);
    PyObject_GC_Del(op);
    Py_DECREF(module);
    Py_DECREF(type);
}

static PyType_Slot tag_slots[] = {
    {Py_tp_dealloc, tag_dealloc},
    {Py_tp_traverse, tag_traverse},
    {0, NULL},
};

static PyType_Spec tag_spec = {"atoll._core.Tag", sizeof(tag_object), 0,
                               Py_TPFLAGS_DEFAULT | Py_TPFLAGS_IMMUTABLETYPE | Py_TPFLAGS_HAVE_GC |
                                   Py_TPFLAGS_DISALLOW_INSTANTIATION,
                               tag_slots};

int
identity_add_type(PyObject *module, core_state *state)
{
    state->types[TYPE_TAG] = (PyTypeObject *)PyType_FromModuleAndSpec(module, &tag_spec, NULL);
    return state->types[TYPE_TAG] == NULL ? -1 : 0;
}

// ---- for atoll._transfer.exceptions ----

static int
check_exception(PyObject *object)
{
    if (PyExceptionInstance_Check(object)) {
        return 0;
    }
    PyErr_SetString(PyExc_TypeError, "an exception is required");
    return -1;
}

static PyObject *
identity(PyObject *module, PyObject *exception)
{
    if (check_exception(exception) < 0) {
        return NULL;
    }
    uintptr_t number = identity_of(PyModule_GetState(module), exception);
    return number == 0 ? NULL : PyLong_FromSize_t(number);
}

static PyObject *
identified(PyObject *module, PyObject *number)
{
    size_t wanted = PyLong_AsSize_t(number);
    if (wanted == (size_t)-1 && PyErr_Occurred()) {
        return NULL;
    }
    PyObject *found = identity_find(PyModule_GetState(module), wanted);
    return found != NULL ? found : Py_NewRef(Py_None);
}

static PyObject *
identify(PyObject *module, PyObject *const *arguments, Py_ssize_t count)
{
    size_t number = count == 2 ? PyLong_AsSize_t(arguments[1]) : 0;
    if (count != 2 || check_exception(arguments[0]) < 0 || PyErr_Occurred()) {
        return PyErr_Occurred() ? NULL
                                : PyErr_Format(PyExc_TypeError, "identify(exception, number)");
    }
    return give(PyModule_GetState(module), arguments[0], number) < 0 ? NULL : Py_NewRef(Py_None);
}

PyMethodDef identity_functions[] = {
    {"identity", identity, METH_O,
     PyDoc_STR("identity($module, exception, /)\n--\n\n"
               "The number by which an exception is known in all interpreters.")},
    {"identified", identified, METH_O,
     PyDoc_STR("identified($module, number, /)\n--\n\n"
               "The exception of that number which lives here, or None.")},
    {"identify", (PyCFunction)(void (*)(void))identify, METH_FASTCALL,
     PyDoc_STR("identify($module, exception, number, /)\n--\n\n"
               "Have a new exception known by the number of the one that it was made from.")},
    {NULL},
};
