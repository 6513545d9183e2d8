// A method of a remote object, asked for but not yet called: `p.add`. Making one does not cross;
// calling it crosses once. One that is kept, compared or passed on behaves as the bound method.
#include <stddef.h>

#include "bridge/cpython.h"
#include "bridge/value.h"
#include "local/reference.h"

typedef struct {
    PyObject_HEAD
    vectorcallfunc vectorcall;
    PyObject *proxy; // owned
    PyObject *name;  // owned
    core_state *state;
    int32_t index;
} remote_method;

static bool
takes_exceptions(PyObject *name)
{
    return PyUnicode_EqualToUTF8(name, "throw") || PyUnicode_EqualToUTF8(name, "athrow");
}

PyObject *
remote_method_new(core_state *state, PyObject *proxy, PyObject *name, int32_t index)
{
    remote_method *self;
    if (LIKELY(state->free_method_count > 0)) {
        self = (remote_method *)state->free_methods[--state->free_method_count];
        Py_INCREF(state->types[TYPE_REMOTE_METHOD]);
        cpython_revive((PyObject *)self);
    }
    else {
        self = PyObject_New(remote_method, state->types[TYPE_REMOTE_METHOD]);
        if (self == NULL) {
            return NULL;
        }
        self->vectorcall = remote_method_vectorcall;
        self->state = state;
    }
    self->proxy = Py_NewRef(proxy);
    self->name = Py_NewRef(name);
    self->index = index;
    return (PyObject *)self;
}

static void
remote_method_dealloc(PyObject *op)
{
    remote_method *self = (remote_method *)op;
    core_state *state = self->state;
    PyTypeObject *type = Py_TYPE(op);
    PyObject *proxy = self->proxy;
    Py_DECREF(self->name);
    if (LIKELY(state->free_method_count < FREE_METHODS && !state->is_cleared)) {
        state->free_methods[state->free_method_count++] = op;
    }
    else {
        PyObject_Free(op);
    }
    Py_DECREF(proxy);
    Py_DECREF(type);
}

PyObject *
remote_method_vectorcall(PyObject *op, PyObject *const *arguments, size_t nargsf,
                         PyObject *keyword_names)
{
    remote_method *self = (remote_method *)op;
    exported *target = ((proxy_object *)self->proxy)->target;
    operation call = {.kind = OPERATION_METHOD,
                      .owner = target->owner,
                      .target = target,
                      .name = {self->index, self->name},
                      .arguments = arguments,
                      .count = PyVectorcall_NARGS(nargsf),
                      .keyword_names = keyword_names};
    if (UNLIKELY(call.count > 0 && !value_is_plain(arguments[0]) && takes_exceptions(self->name))) {
        call.flags = OPERATION_EXCEPTIONS_BY_VALUE;
    }
    return operation_perform(self->state, &call, NULL);
}

PyObject *
remote_method_resolve(PyObject *op)
{
    remote_method *self = (remote_method *)op;
    return reference_operate(self->state, ((proxy_object *)self->proxy)->target, OPERATION_GET,
                             self->name, NULL, 0);
}

PyObject *
remote_method_owner(PyObject *self)
{
    return ((remote_method *)self)->proxy;
}

static PyObject *
remote_method_getattro(PyObject *op, PyObject *name)
{
    if (PyUnicode_EqualToUTF8(name, "__self__")) {
        return Py_NewRef(((remote_method *)op)->proxy);
    }
    PyObject *resolved = remote_method_resolve(op);
    PyObject *value = resolved == NULL ? NULL : PyObject_GetAttr(resolved, name);
    Py_XDECREF(resolved);
    return value;
}

static int
remote_method_setattro(PyObject *op, PyObject *name, PyObject *value)
{
    PyObject *resolved = remote_method_resolve(op);
    int result = resolved == NULL ? -1 : PyObject_SetAttr(resolved, name, value);
    Py_XDECREF(resolved);
    return result;
}

static PyObject *
remote_method_repr(PyObject *op)
{
    PyObject *resolved = remote_method_resolve(op);
    PyObject *text = resolved == NULL ? NULL : PyObject_Repr(resolved);
    Py_XDECREF(resolved);
    return text;
}

static PyObject *
remote_method_richcompare(PyObject *op, PyObject *other, int comparison)
{
    remote_method *self = (remote_method *)op, *that = (remote_method *)other;
    if (Py_TYPE(other) != Py_TYPE(op) || (comparison != Py_EQ && comparison != Py_NE)) {
        Py_RETURN_NOTIMPLEMENTED;
    }
    int same = self->proxy == that->proxy ? PyUnicode_Compare(self->name, that->name) == 0 : 0;
    return PyErr_Occurred() ? NULL : PyBool_FromLong(same == (comparison == Py_EQ));
}

static Py_hash_t
remote_method_hash(PyObject *op)
{
    remote_method *self = (remote_method *)op;
    Py_hash_t name = PyObject_Hash(self->name);
    Py_hash_t hash = name ^ Py_HashPointer(self->proxy);
    return name == -1 ? -1 : hash == -1 ? -2 : hash;
}

static PyMemberDef members[] = {
    {"__vectorcalloffset__", Py_T_PYSSIZET, offsetof(remote_method, vectorcall), Py_READONLY},
    {NULL},
};

static PyType_Slot slots[] = {
    {Py_tp_dealloc, remote_method_dealloc},
    {Py_tp_call, PyVectorcall_Call},
    {Py_tp_getattro, remote_method_getattro},
    {Py_tp_setattro, remote_method_setattro},
    {Py_tp_repr, remote_method_repr},
    {Py_tp_richcompare, remote_method_richcompare},
    {Py_tp_hash, remote_method_hash},
    {Py_tp_members, members},
    {0, NULL},
};

static PyType_Spec spec = {
    "atoll._core.RemoteMethod", sizeof(remote_method), 0,
    Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_VECTORCALL | Py_TPFLAGS_DISALLOW_INSTANTIATION, slots};

int
remote_method_add_type(PyObject *module, core_state *state)
{
    state->types[TYPE_REMOTE_METHOD] =
        (PyTypeObject *)PyType_FromModuleAndSpec(module, &spec, NULL);
    return state->types[TYPE_REMOTE_METHOD] == NULL ? -1 : 0;
}
