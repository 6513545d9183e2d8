// The local type that stands for a class of another interpreter, and whose instances are the
// Proxies to that class's objects. Its metatype sends every question on to the class itself.
#include "bridge/python/cpython.h"
#include "bridge/transfer/weak_table.h"
#include "types/reference.h"

PyObject *
remote_class_type_of(PyObject *reference)
{
    PyTypeObject *type = Py_TYPE(reference);
    if (is_remote_class(reference)) {
        core_state *state = remote_class_data((PyTypeObject *)reference)->state;
        return type == state->types[TYPE_REMOTE_CLASS] ? Py_NewRef(&PyType_Type)
                                                       : remote_class_itself(type);
    }
    remote_class *data = remote_class_data(type);
    if (data->is_restricted) {
        PyErr_SetString(PyExc_AttributeError, "this proxy is restricted: its class is not allowed "
                                              "[docs: how-to/restrict]");
        return NULL;
    }
    return data->shared_type != NULL ? Py_NewRef(data->shared_type) : remote_class_itself(type);
}

PyObject *
remote_class_class_of(PyObject *reference)
{
    PyTypeObject *type = Py_TYPE(reference);
    PyObject *twin = NULL;
    // RemoteClass itself, of which classes of plain metaclasses are, stands for no class.
    bool is_remote = is_remote_class((PyObject *)type);
    if (is_remote && remote_class_twin(type, &twin) < 0) {
        return NULL;
    }
    return twin != NULL ? twin : remote_class_type_of(reference);
}

// ---- life ----

static void
forget(PyTypeObject *class)
{
    remote_class *data = remote_class_data(class);
    if (data->type_key != NULL) {
        weak_table_remove(&data->state->classes, data->type_key, (PyObject *)class);
    }
    data->type_key = NULL;
    if (data->target != NULL) {
        weak_table_remove(&data->state->proxies, data->target, (PyObject *)class);
        weak_table_remove(&data->state->subclasses, data->target, (PyObject *)class);
    }
}

int
remote_class_traverse(PyObject *self, visitproc visit, void *arg)
{
    Py_VISIT(Py_TYPE(self));
    Py_VISIT(remote_class_data((PyTypeObject *)self)->module);
    Py_VISIT(remote_class_data((PyTypeObject *)self)->lineage);
    Py_VISIT(remote_class_data((PyTypeObject *)self)->twins);
    return PyType_Type.tp_traverse(self, visit, arg);
}

int
remote_class_clear(PyObject *self)
{
    forget((PyTypeObject *)self); // what is half gone must not be found again
    Py_CLEAR(remote_class_data((PyTypeObject *)self)->twins);
    return PyType_Type.tp_clear(self);
}

void
remote_class_dealloc(PyObject *self)
{
    PyTypeObject *metatype = Py_TYPE(self);
    remote_class *data = remote_class_data((PyTypeObject *)self);
    forget((PyTypeObject *)self);
    exported *target = data->target;
    PyObject *module = data->module;
    char *shown_name = data->shown_name;
    Py_CLEAR(data->lineage);
    Py_CLEAR(data->twins);
    for (int slot = 0; slot < METHOD_SLOTS; slot++) {
        Py_CLEAR(data->methods[slot].name);
    }
    PyType_Type.tp_dealloc(self);
    PyMem_RawFree(shown_name);
    if (target != NULL) {
        export_unref((foreign_ref){target});
    }
    Py_XDECREF(module);
    Py_DECREF(metatype);
}

// ---- operations ----

static PyObject *
remote_class_getattro(PyObject *self, PyObject *name)
{
    remote_class *data = remote_class_data((PyTypeObject *)self);
    if (data->target == NULL) {
        return PyType_Type.tp_getattro(self, name);
    }
    if (name == data->state->str_class) {
        return remote_class_class_of(self);
    }
    if (state_check_name(name) < 0) {
        return NULL;
    }
    if (UNLIKELY(data->own_members != NULL) && PyDict_Contains(data->own_members, name) > 0) {
        return PyType_Type.tp_getattro(self, name);
    }
    PyObject *found;
    if (reference_namespace(data->state, self, name, &found)) {
        return found;
    }
    return reference_operate(data->state, data->target, OPERATION_GET, name, NULL, 0);
}

static int
remote_class_setattro(PyObject *self, PyObject *name, PyObject *value)
{
    remote_class *data = remote_class_data((PyTypeObject *)self);
    if (data->target == NULL) {
        PyErr_SetString(PyExc_TypeError, "cannot set attributes of the class of a Proxy");
        return -1;
    }
    if (state_check_name(name) < 0) {
        return -1;
    }
    return reference_set(data->state, data->target, name, value);
}

static PyObject *
call_with_keywords(remote_class *data, PyObject *arguments, PyObject *keywords)
{
    Py_ssize_t count = PyTuple_GET_SIZE(arguments), total = count + PyDict_GET_SIZE(keywords);
    PyObject **all = PyMem_New(PyObject *, total);
    PyObject *names = PyTuple_New(total - count), *name, *value;
    if (all == NULL || names == NULL) {
        PyMem_Free(all);
        Py_XDECREF(names);
        return PyErr_NoMemory();
    }
    memcpy(all, ((PyTupleObject *)arguments)->ob_item, (size_t)count * sizeof *all);
    Py_ssize_t position = 0;
    for (Py_ssize_t i = 0; PyDict_Next(keywords, &position, &name, &value); i++) {
        PyTuple_SET_ITEM(names, i, Py_NewRef(name));
        all[count + i] = value;
    }
    PyObject *result = reference_call(data->state, data->target, all, count, names);
    Py_DECREF(names);
    PyMem_Free(all);
    return result;
}

static PyObject *
remote_class_call(PyObject *self, PyObject *arguments, PyObject *keywords)
{
    remote_class *data = remote_class_data((PyTypeObject *)self);
    if (data->shared_type != NULL && data->type_key == data->shared_type) {
        return PyObject_Call((PyObject *)data->shared_type, arguments, keywords);
    }
    if (data->target == NULL) {
        PyErr_Format(PyExc_TypeError, "a Proxy cannot be made by hand: call '%s' itself",
                     remote_class_name((PyTypeObject *)self));
        return NULL;
    }
    if (keywords != NULL && PyDict_GET_SIZE(keywords) > 0) {
        return call_with_keywords(data, arguments, keywords);
    }
    return reference_call(data->state, data->target, ((PyTupleObject *)arguments)->ob_item,
                          PyTuple_GET_SIZE(arguments), NULL);
}

static PyObject *
remote_class_repr(PyObject *self)
{
    remote_class *data = remote_class_data((PyTypeObject *)self);
    if (data->target == NULL) {
        return PyUnicode_FromFormat("<proxy class of '%s'>",
                                    remote_class_name((PyTypeObject *)self));
    }
    PyObject *repr = PyUnicode_InternFromString("__repr__");
    PyObject *text = repr == NULL ? NULL
                                  : reference_operate(data->state, data->target, OPERATION_SPECIAL,
                                                      repr, NULL, 0);
    Py_XDECREF(repr);
    return text;
}

static Py_hash_t
remote_class_hash(PyObject *self)
{
    remote_class *data = remote_class_data((PyTypeObject *)self);
    return Py_HashPointer(data->target == NULL ? self : data->target->address);
}

PyDoc_STRVAR(doc, "The type of remote classes: the local types that stand for classes of other "
                  "interpreters.");

static PyMethodDef methods[] = {
    {"__instancecheck__", remote_class_instancecheck, METH_O, "Is it an instance?"},
    {"__subclasscheck__", remote_class_subclasscheck, METH_O, "Is it a subclass?"},
    {"__prepare__", (PyCFunction)(void (*)(void))remote_class_prepare,
     METH_VARARGS | METH_KEYWORDS | METH_CLASS, "Make the namespace for a class's body."},
    {NULL},
};

static PyType_Slot slots[] = {
    {Py_tp_doc, (void *)doc},
    {Py_tp_dealloc, remote_class_dealloc},
    {Py_tp_traverse, remote_class_traverse},
    {Py_tp_clear, remote_class_clear},
    {Py_tp_getattro, remote_class_getattro},
    {Py_tp_setattro, remote_class_setattro},
    {Py_tp_call, remote_class_call},
    {Py_tp_repr, remote_class_repr},
    {Py_tp_hash, remote_class_hash},
    {Py_tp_methods, methods},
    {0, NULL},
};

static PyType_Spec spec = {"atoll._core.RemoteClass", REMOTE_CLASS_OFFSET + sizeof(remote_class), 0,
                           Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_BASETYPE |
                               Py_TPFLAGS_TYPE_SUBCLASS,
                           slots};

// What `type` itself answers for a class, is asked of the remote one.
static const char *const asked_of_class[] = {"__or__", "__ror__", "__dir__"};

int
remote_class_add_type(PyObject *module, core_state *state)
{
    PyObject *metatype = remote_class_add_statement_type(module);
    PyObject *type = metatype == NULL
                         ? NULL
                         : PyType_FromMetaclass((PyTypeObject *)metatype, module, &spec, metatype);
    Py_XDECREF(metatype);
    if (type == NULL) {
        return -1;
    }
    state->types[TYPE_REMOTE_CLASS] = (PyTypeObject *)type;
    if (PyModule_AddObjectRef(module, "RemoteClass", type) < 0) {
        return -1;
    }
    for (size_t i = 0; i < Py_ARRAY_LENGTH(asked_of_class); i++) {
        PyObject *name = PyUnicode_InternFromString(asked_of_class[i]);
        PyObject *special = name == NULL ? NULL : special_method_get(state, name);
        int result = special == NULL ? -1 : PyObject_SetAttr(type, name, special);
        Py_XDECREF(name);
        if (result < 0) {
            return -1;
        }
    }
    cpython_seal_type((PyTypeObject *)type);
    return 0;
}
