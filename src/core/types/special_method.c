// A special method of a remote class: a descriptor that crosses. CPython fills the type's slots
// from these, so a Proxy has the special methods that its object has, and no others.
#include <stddef.h>

#include "types/reference.h"

typedef struct {
    PyObject_HEAD
    vectorcallfunc vectorcall;
    PyObject *name; // owned
    core_state *state;
    int32_t index;
    unsigned flags; // of the operation
    bool is_operator;
} special_method;

static const struct {
    const char *name;
    unsigned flags;
} flagged[] = {
    {"__exit__", OPERATION_EXCEPTIONS_BY_VALUE}, {"__aexit__", OPERATION_EXCEPTIONS_BY_VALUE},
    {"__str__", OPERATION_PLAIN_RESULT},         {"__repr__", OPERATION_PLAIN_RESULT},
    {"__format__", OPERATION_PLAIN_RESULT},      {"__len__", OPERATION_PLAIN_RESULT},
    {"__length_hint__", OPERATION_PLAIN_RESULT}, {"__hash__", OPERATION_PLAIN_RESULT},
    {"__index__", OPERATION_PLAIN_RESULT},       {"__int__", OPERATION_PLAIN_RESULT},
};

static const char *const operators[] = {
    "__eq__",   "__ne__",   "__lt__",   "__le__",  "__gt__",   "__ge__",   "__add__",
    "__iadd__", "__radd__", "__or__",   "__and__", "__sub__",  "__xor__",  "__ror__",
    "__rand__", "__rsub__", "__rxor__", "__ior__", "__iand__", "__isub__", "__ixor__",
};

static bool
is_operator(PyObject *name)
{
    for (size_t i = 0; i < Py_ARRAY_LENGTH(operators); i++) {
        if (PyUnicode_EqualToUTF8(name, operators[i])) {
            return true;
        }
    }
    return false;
}

static unsigned
flags_of(PyObject *name)
{
    for (size_t i = 0; i < Py_ARRAY_LENGTH(flagged); i++) {
        if (PyUnicode_EqualToUTF8(name, flagged[i].name)) {
            return flagged[i].flags;
        }
    }
    return 0;
}

// A remote class that stands for a shared type has no object elsewhere: it is an ordinary type.
static PyObject *
call_locally(special_method *self, PyObject *const *arguments, size_t nargs,
             PyObject *keyword_names)
{
    PyObject *function = PyObject_GetAttr((PyObject *)&PyType_Type, self->name);
    if (function == NULL) {
        return NULL;
    }
    PyObject *result = PyObject_Vectorcall(function, arguments, nargs, keyword_names);
    Py_DECREF(function);
    return result;
}

// The body of a class that is made in the owner, that of its base, gives its methods this cell to
// find the class in. But super() searches the bases of local types, and those of a Proxy's are none.
static inline bool
is_class_cell(PyObject *const *arguments, size_t nargs)
{
    return nargs == 3 && UNLIKELY(PyCell_Check(arguments[2])) && PyUnicode_Check(arguments[1]) &&
           PyUnicode_EqualToUTF8(arguments[1], "__classcell__");
}

static COLD PyObject *
refuse_class_cell(const exported *namespace)
{
    PyErr_Format(PyExc_TypeError,
                 "super() and __class__ do not work in a class that is made in interpreter '%s', "
                 "where its base is: name the base, as in Base.method(self)",
                 namespace->owner->name);
    return NULL;
}

static PyObject *
special_method_vectorcall(PyObject *op, PyObject *const *arguments, size_t nargsf,
                          PyObject *keyword_names)
{
    special_method *self = (special_method *)op;
    Py_ssize_t nargs = PyVectorcall_NARGS(nargsf);
    exported *target = nargs < 1 ? NULL : reference_target(arguments[0]);
    if (UNLIKELY(target == NULL)) {
        if (nargs > 0 && is_remote_class(arguments[0])) {
            return call_locally(self, arguments, (size_t)nargs, keyword_names);
        }
        PyErr_Format(PyExc_TypeError, "%U() needs a Proxy as its first argument", self->name);
        return NULL;
    }
    if (UNLIKELY(is_class_cell(arguments, (size_t)nargs))) {
        return refuse_class_cell(target);
    }
    operation call = {.kind = OPERATION_SPECIAL,
                      .owner = target->owner,
                      .target = target,
                      .name = {self->index, self->name},
                      .arguments = arguments + 1,
                      .count = nargs - 1,
                      .keyword_names = keyword_names,
                      .flags = self->flags};
    // The operators of list, dict, set and bytearray want the other operand to be one, not a Proxy.
    if (self->is_operator && is_proxy_instance(arguments[0]) &&
        remote_class_data(Py_TYPE(arguments[0]))->is_container) {
        call.flags |= OPERATION_CONTAINERS_BY_VALUE;
    }
    return operation_perform(self->state, &call, NULL);
}

PyObject *
special_method_get(core_state *state, PyObject *name)
{
    Py_ssize_t size;
    const char *utf8 = PyUnicode_AsUTF8AndSize(name, &size);
    if (utf8 == NULL) {
        return NULL;
    }
    PyObject *interned = Py_NewRef(name);
    PyUnicode_InternInPlace(&interned);
    int32_t index = names_index(utf8, (size_t)size, true);
    const void *key = (void *)((intptr_t)index + 1);
    special_method *self = pointer_map_get(&state->specials, key);
    if (self == NULL && index != NAME_NONE) {
        self = PyObject_GC_New(special_method, state->types[TYPE_SPECIAL_METHOD]);
        if (self != NULL) {
            self->vectorcall = special_method_vectorcall;
            self->name = Py_NewRef(interned);
            self->state = state;
            self->index = index;
            self->flags = flags_of(interned);
            PyObject_GC_Track(self);
            self->is_operator = is_operator(interned);
            if (!pointer_map_set(&state->specials, key, self)) {
                Py_CLEAR(self);
                PyErr_NoMemory();
            }
        }
    }
    else if (self == NULL) {
        PyErr_SetString(PyExc_MemoryError, "no room for the name of a special method");
    }
    Py_DECREF(interned);
    return (PyObject *)self;
}

static void
special_method_dealloc(PyObject *op)
{
    PyTypeObject *type = Py_TYPE(op);
    PyObject_GC_UnTrack(op);
    Py_DECREF(((special_method *)op)->name);
    PyObject_GC_Del(op);
    Py_DECREF(type);
}

static int
special_method_traverse(PyObject *op, visitproc visit, void *arg)
{
    Py_VISIT(Py_TYPE(op));
    return 0;
}

static PyObject *
special_method_bind(PyObject *self, PyObject *object, PyObject *type)
{
    return object == NULL ? Py_NewRef(self) : PyMethod_New(self, object);
}

static PyObject *
special_method_repr(PyObject *self)
{
    return PyUnicode_FromFormat("<remote special method %U>", ((special_method *)self)->name);
}

static PyMemberDef members[] = {
    {"__vectorcalloffset__", Py_T_PYSSIZET, offsetof(special_method, vectorcall), Py_READONLY},
    {"__name__", Py_T_OBJECT_EX, offsetof(special_method, name), Py_READONLY},
    {NULL},
};

static PyType_Slot slots[] = {
    {Py_tp_dealloc, special_method_dealloc},
    {Py_tp_traverse, special_method_traverse},
    {Py_tp_call, PyVectorcall_Call},
    {Py_tp_descr_get, special_method_bind},
    {Py_tp_repr, special_method_repr},
    {Py_tp_members, members},
    {0, NULL},
};

static PyType_Spec spec = {"atoll._core.SpecialMethod", sizeof(special_method), 0,
                           Py_TPFLAGS_DEFAULT | Py_TPFLAGS_IMMUTABLETYPE | Py_TPFLAGS_HAVE_GC |
                               Py_TPFLAGS_HAVE_VECTORCALL | Py_TPFLAGS_METHOD_DESCRIPTOR |
                               Py_TPFLAGS_DISALLOW_INSTANTIATION,
                           slots};

int
special_method_add_type(PyObject *module, core_state *state)
{
    state->types[TYPE_SPECIAL_METHOD] =
        (PyTypeObject *)PyType_FromModuleAndSpec(module, &spec, NULL);
    return state->types[TYPE_SPECIAL_METHOD] == NULL ? -1 : 0;
}
