// A special method of a remote class: a descriptor that crosses. CPython fills the type's slots
// from these, so a Proxy has the special methods that its object has, and no others.
#include <stddef.h>

#include "bridge/python/value.h"
#include "types/reference.h"

typedef enum { OPERATOR_NONE, OPERATOR_PLAIN, OPERATOR_REFLECTED } operator_kind;

typedef struct {
    PyObject_HEAD
    vectorcallfunc vectorcall;
    PyObject *name; // owned
    core_state *state;
    int32_t index;
    unsigned flags; // of the operation
    bool is_check;  // isinstance() or issubclass()
    operator_kind operator;
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

static const char *const comparisons[] = {"eq", "ne", "lt", "le", "gt", "ge"};
static const char *const arithmetic[] = {"add",      "sub", "mul",    "matmul", "truediv",
                                         "floordiv", "mod", "divmod", "pow",    "lshift",
                                         "rshift",   "and", "xor",    "or"};

static bool
is_among(const char *text, size_t size, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (strlen(names[i]) == size && memcmp(names[i], text, size) == 0) {
            return true;
        }
    }
    return false;
}

// Is it the method of an operator with two operands? 'r' and 'i': reflected, or in place.
static operator_kind
operator_kind_of(const char *utf8, size_t size)
{
    if (size < 6 || memcmp(utf8, "__", 2) != 0) {
        return OPERATOR_NONE;
    }
    const char *text = utf8 + 2;
    size -= 4;
    if (is_among(text, size, comparisons, Py_ARRAY_LENGTH(comparisons)) ||
        is_among(text, size, arithmetic, Py_ARRAY_LENGTH(arithmetic))) {
        return OPERATOR_PLAIN;
    }
    bool has_kind = (text[0] == 'r' || text[0] == 'i') &&
                    is_among(text + 1, size - 1, arithmetic, Py_ARRAY_LENGTH(arithmetic));
    return !has_kind ? OPERATOR_NONE : text[0] == 'r' ? OPERATOR_REFLECTED : OPERATOR_PLAIN;
}

static unsigned
flags_of_operator(const char *utf8, operator_kind kind)
{
    bool is_in_place = utf8[2] == 'i'; // none of the others begins so
    return kind == OPERATOR_PLAIN && !is_in_place ? OPERATION_OPERATOR : 0;
}

static bool
is_builtin_container(const PyTypeObject *type)
{
    return type == &PyList_Type || type == &PyDict_Type || type == &PySet_Type ||
           type == &PyByteArray_Type;
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

// The body of a class that is made in the owner, that of its base, sets cells for its functions,
// which `type` fills: they cannot go over.
static inline bool
is_cell_of_class(PyObject *const *arguments, size_t nargs)
{
    return nargs == 3 && UNLIKELY(PyCell_Check(arguments[2])) && PyUnicode_Check(arguments[1]);
}

// 1: done here. 0: it is none of these.
static COLD int
set_cell_of_class(const exported *namespace, PyObject *const *arguments)
{
    if (PyUnicode_EqualToUTF8(arguments[1], "__classdictcell__")) { // for annotations
        return PyCell_Set(arguments[2], arguments[0]) < 0 ? -1 : 1;
    }
    if (!PyUnicode_EqualToUTF8(arguments[1], "__classcell__")) {
        return 0;
    }
    // super() searches the bases of local types, and those of a Proxy's type are none.
    PyErr_Format(PyExc_TypeError,
                 "super() and __class__ do not work in a class that is made in interpreter '%s', "
                 "where its base is: name the base, as in Base.method(self) "
                 "[docs: how-to/standard-library]",
                 namespace->owner->name);
    return -1;
}

// What is no value, and would be a Proxy in the owner.
static inline bool
is_operand(core_state *state, const exported *target, PyObject *object)
{
    if (value_is_plain(object) || (target->flags & EXPORT_RESTRICTED) ||
        state_is_type(state, TYPE_REMOTE_METHOD, object) || is_remote_class(object)) {
        return false;
    }
    const exported *other = reference_target(object);
    return other == NULL || other->owner != target->owner;
}

// Code in C wants the other operand to be of its own type, and no Proxy. 1: the operator is done,
// with its result or an exception; 0: it is to be done as always.
static int
take_operand(special_method *self, const exported *target, PyObject *const *arguments,
             unsigned *flags, PyObject **result)
{
    if (!is_operand(self->state, target, arguments[1])) {
        return 0;
    }
    if (self->operator== OPERATOR_PLAIN && is_builtin_container(Py_TYPE(arguments[1])) &&
        remote_class_data(Py_TYPE(arguments[0]))->is_container) {
        *flags |= OPERATION_CONTAINERS_BY_VALUE;
        return 0;
    }
    PyObject *hook = state_hook(self->state, HOOK_APPLY);
    PyObject *done = hook == NULL ? NULL
                                  : PyObject_CallFunctionObjArgs(hook, self->name, arguments[0],
                                                                 arguments[1], NULL);
    if (done == NULL) {
        return 1;
    }
    bool is_done = PyTuple_CheckExact(done);
    *result = is_done ? Py_NewRef(PyTuple_GET_ITEM(done, 0)) : NULL;
    Py_DECREF(done);
    return is_done;
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
    if (UNLIKELY(is_cell_of_class(arguments, (size_t)nargs))) {
        int is_set = set_cell_of_class(target, arguments);
        if (is_set != 0) {
            return is_set < 0 ? NULL : Py_None;
        }
    }
    // An ABC with which it was registered asks about all classes, whatever has become of it.
    if (UNLIKELY(self->is_check && interp_get_phase(target->owner) == INTERP_CLOSED)) {
        Py_RETURN_FALSE;
    }
    operation call = {.kind = OPERATION_SPECIAL,
                      .owner = target->owner,
                      .target = target,
                      .name = {self->index, self->name},
                      .arguments = arguments + 1,
                      .count = nargs - 1,
                      .keyword_names = keyword_names,
                      .flags = self->flags};
    if (self->operator!= OPERATOR_NONE && nargs == 2 && is_proxy_instance(arguments[0])) {
        PyObject *result = NULL;
        int is_done = take_operand(self, target, arguments, &call.flags, &result);
        if (UNLIKELY(is_done != 0)) {
            return result;
        }
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
            self->is_check = PyUnicode_EqualToUTF8(interned, "__instancecheck__") ||
                             PyUnicode_EqualToUTF8(interned, "__subclasscheck__");
            PyObject_GC_Track(self);
            self->operator= operator_kind_of(utf8, (size_t)size);
            self->flags |= flags_of_operator(utf8, self->operator);
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

static PyObject *
get_by_name(PyObject *module, PyObject *name)
{
    return Py_XNewRef(special_method_get(PyModule_GetState(module), name));
}

static PyObject *
has_items(PyObject *module, PyObject *type)
{
    const PySequenceMethods *methods =
        PyType_Check(type) ? ((PyTypeObject *)type)->tp_as_sequence : NULL;
    return PyBool_FromLong(methods != NULL && methods->sq_item != NULL);
}

static PyMethodDef functions[] = {
    {"has_items", has_items, METH_O,
     PyDoc_STR("has_items($module, type, /)\n--\n\n"
               "Whether instances have items by position to C code, which can then iterate.")},
    {"special_method", get_by_name, METH_O,
     PyDoc_STR("special_method($module, name, /)\n--\n\n"
               "What remote classes have as their special method of that name.")},
    {NULL},
};

int
special_method_add_type(PyObject *module, core_state *state)
{
    if (PyModule_AddFunctions(module, functions) < 0) {
        return -1;
    }
    state->types[TYPE_SPECIAL_METHOD] =
        (PyTypeObject *)PyType_FromModuleAndSpec(module, &spec, NULL);
    return state->types[TYPE_SPECIAL_METHOD] == NULL ? -1 : 0;
}
