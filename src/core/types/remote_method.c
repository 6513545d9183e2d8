// A method of a remote object, asked for but not yet called: `p.add`. Making one does not cross;
// calling it crosses once. One that is kept, compared or passed on behaves as the bound method.
#include <stddef.h>

#include "bridge/python/cpython.h"
#include "types/reference.h"

struct remote_method {
    PyObject_HEAD
    vectorcallfunc vectorcall;
    proxy_object *proxy;
    PyObject *name; // owned
    core_state *state;
    int32_t index;
    bool is_latest; // proxy->latest is it, and `proxy` is borrowed; else owned
};

// Somebody has it, and its Proxy goes on without it.
static void
part(remote_method *self)
{
    self->is_latest = false;
    self->proxy->latest = NULL;
    Py_DECREF(self);
}

bool
remote_method_keep_proxy(remote_method *self)
{
    bool is_needed = Py_REFCNT(self) > 1;
    if (is_needed) {
        cpython_revive((PyObject *)self->proxy);
        part(self);
    }
    return is_needed;
}

static COLD PyObject *
new_latest(proxy_object *proxy, PyObject *name, int32_t index)
{
    PyTypeObject *type = proxy->state->types[TYPE_REMOTE_METHOD];
    remote_method *self = PyObject_GC_New(remote_method, type);
    if (self != NULL) {
        self->vectorcall = remote_method_vectorcall;
        self->state = proxy->state;
        self->proxy = proxy;
        self->name = Py_NewRef(name);
        self->index = index;
        self->is_latest = true;
        proxy->latest = (remote_method *)Py_NewRef(self);
        PyObject_GC_Track(self);
    }
    return (PyObject *)self;
}

// Nobody else has it: so it may as well be another one.
static PyObject *
rename_latest(remote_method *self, PyObject *name, int32_t index)
{
    PyObject *old = self->name;
    self->name = Py_NewRef(name);
    self->index = index;
    Py_INCREF(self); // before a str of a subclass ends, which may run Python
    Py_DECREF(old);
    return (PyObject *)self;
}

bool
remote_method_is_named(const remote_method *self, PyObject *interned)
{
    return self->name == interned;
}

// A Proxy keeps the latest one for the next time, so that a call needs not make one.
PyObject *
remote_method_get(proxy_object *proxy, PyObject *name, int32_t index)
{
    remote_method *latest = proxy->latest;
    if (LIKELY(latest != NULL && latest->name == name)) {
        return Py_NewRef(latest);
    }
    if (latest != NULL && Py_REFCNT(latest) == 1) {
        return rename_latest(latest, name, index);
    }
    if (latest != NULL) {
        Py_INCREF(proxy);
        part(latest);
    }
    return new_latest(proxy, name, index);
}

int
remote_method_traverse_owned(PyObject *op, visitproc visit, void *arg)
{
    remote_method *self = (remote_method *)op;
    Py_VISIT(Py_TYPE(op));
    if (!self->is_latest) {
        Py_VISIT(self->proxy);
    }
    return 0;
}

// Its Proxy lives as long as it does, though a borrowed reference is in no count.
static int
remote_method_traverse(PyObject *op, visitproc visit, void *arg)
{
    if (cpython_is_subtracting(op, arg)) {
        return remote_method_traverse_owned(op, visit, arg);
    }
    Py_VISIT(Py_TYPE(op));
    Py_VISIT(((remote_method *)op)->proxy);
    return 0;
}

static void
remote_method_dealloc(PyObject *op)
{
    remote_method *self = (remote_method *)op;
    PyTypeObject *type = Py_TYPE(op);
    PyObject_GC_UnTrack(op);
    if (!self->is_latest) {
        Py_DECREF(self->proxy);
    }
    Py_DECREF(self->name);
    PyObject_GC_Del(op);
    Py_DECREF(type);
}

PyObject *
remote_method_vectorcall(PyObject *op, PyObject *const *arguments, size_t nargsf,
                         PyObject *keyword_names)
{
    remote_method *self = (remote_method *)op;
    exported *target = self->proxy->target;
    operation call = {.kind = OPERATION_METHOD,
                      .owner = target->owner,
                      .target = target,
                      .name = {self->index, self->name},
                      .arguments = arguments,
                      .count = PyVectorcall_NARGS(nargsf),
                      .keyword_names = keyword_names};
    return operation_perform(self->state, &call, NULL);
}

PyObject *
remote_method_resolve(PyObject *op)
{
    remote_method *self = (remote_method *)op;
    return reference_operate(self->state, self->proxy->target, OPERATION_GET, self->name, NULL, 0);
}

PyObject *
remote_method_owner(PyObject *self)
{
    return (PyObject *)((remote_method *)self)->proxy;
}

static PyObject *
remote_method_getattro(PyObject *op, PyObject *name)
{
    if (state_check_name(name) < 0) {
        return NULL;
    }
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
    {Py_tp_traverse, remote_method_traverse},
    {Py_tp_call, PyVectorcall_Call},
    {Py_tp_getattro, remote_method_getattro},
    {Py_tp_setattro, remote_method_setattro},
    {Py_tp_repr, remote_method_repr},
    {Py_tp_richcompare, remote_method_richcompare},
    {Py_tp_hash, remote_method_hash},
    {Py_tp_members, members},
    {0, NULL},
};

static PyType_Spec spec = {"atoll._core.RemoteMethod", sizeof(remote_method), 0,
                           Py_TPFLAGS_DEFAULT | Py_TPFLAGS_IMMUTABLETYPE | Py_TPFLAGS_HAVE_GC |
                               Py_TPFLAGS_HAVE_VECTORCALL | Py_TPFLAGS_DISALLOW_INSTANTIATION,
                           slots};

int
remote_method_add_type(PyObject *module, core_state *state)
{
    state->types[TYPE_REMOTE_METHOD] =
        (PyTypeObject *)PyType_FromModuleAndSpec(module, &spec, NULL);
    return state->types[TYPE_REMOTE_METHOD] == NULL ? -1 : 0;
}
