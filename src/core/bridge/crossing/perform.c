#include "bridge/operation/operation.h"

#include "bridge/crossing/crossing.h"
#include "bridge/iteration/bookmark.h"
#include "bridge/python/caller.h"
#include "bridge/python/cpython.h"
#include "bridge/python/objects.h"
#include "bridge/transfer/error.h"
#include "bridge/transfer/parcel.h"
#include "bridge/transfer/restriction.h"
#include "bridge/transfer/specials.h"
#include "bridge/python/value.h"

#define FEW 6 // arguments that need no memory

// The arguments of one operation, on both sides.
typedef struct {
    PyObject **host;      // [2 + count]: scratch, the object itself, then the host's arguments
    Py_ssize_t made;      // of host[2...]
    PyObject *host_names; // the host's keyword names, or NULL
    bool is_simple;       // few, plain, without keywords: what follows few_host is not in use
    bool is_exit;         // of a context manager: its exception is to be the current one
    PyObject *few_host[2 + FEW];
    Py_ssize_t count; // keyword ones included
    bool *is_packed;  // [count]: in the parcel, not read in place
    bool few_packed[FEW];
    parcel parcel;
} argument_list;

// The result: numbers and shared objects as they are, all else in the parcel.
typedef struct {
    enum {
        ANSWER_ERROR,
        ANSWER_PARCEL,
        ANSWER_INT,
        ANSWER_FLOAT,
        ANSWER_BIG_INT,
        ANSWER_SHARED
    } form;
    attribute_kind attribute;
    union {
        Py_ssize_t number;
        double real;
        PyObject *shared;                                  // immortal
        parcel parcel;                                     // of ANSWER_PARCEL and ANSWER_ERROR
        _Alignas(PyLongObject) unsigned char big_int[160]; // the bytes of an int object
    };
} answer;

// ---- arguments ----

static inline bool
are_simple(const operation *op)
{
    if (UNLIKELY(op->keyword_names != NULL || op->count > FEW)) {
        return false;
    }
    for (Py_ssize_t i = 0; i < op->count; i++) {
        if (UNLIKELY(!value_is_plain(op->arguments[i]))) {
            return false;
        }
    }
    return true;
}

static int
arguments_reserve(argument_list *self, const operation *op)
{
    self->count = op->count + (op->keyword_names ? PyTuple_GET_SIZE(op->keyword_names) : 0);
    self->is_packed = self->few_packed;
    if (self->count > FEW) {
        size_t count = (size_t)self->count;
        self->host = PyMem_RawMalloc((2 + count) * sizeof *self->host + count);
        if (self->host == NULL) {
            self->host = self->few_host;
            PyErr_NoMemory();
            return -1;
        }
        self->is_packed = (bool *)(self->host + 2 + count);
    }
    return 0;
}

static bool
is_throw(PyObject *name)
{
    Py_ssize_t length = PyUnicode_GET_LENGTH(name);
    return (length == 5 && PyUnicode_EqualToUTF8(name, "throw")) ||
           (length == 6 && PyUnicode_EqualToUTF8(name, "athrow"));
}

static bool
takes_exceptions(const operation *op)
{
    return (op->flags & OPERATION_EXCEPTIONS_BY_VALUE) ||
           (op->target != NULL && (op->target->flags & EXPORT_TAKES_EXCEPTIONS)) ||
           (op->kind == OPERATION_METHOD && is_throw(op->name.text));
}

// Does it end with what sys.exc_info() returns, as a call of __exit__ does, whatever its name?
static bool
is_exit(const operation *op)
{
    if (op->count < 3) {
        return false;
    }
    PyObject *const *last = op->arguments + op->count - 3;
    return PyExceptionInstance_Check(last[1]) && (PyObject *)Py_TYPE(last[1]) == last[0];
}

static inline bool
is_closed(const operation *op)
{
    return op->target != NULL && (op->target->flags & EXPORT_RESTRICTED);
}

static NOINLINE int
arguments_pack_all(argument_list *self, core_state *home, const operation *op)
{
    unsigned flags = (takes_exceptions(op) ? PARCEL_EXCEPTIONS_BY_VALUE : 0) |
                     (op->flags & OPERATION_CONTAINERS_BY_VALUE ? PARCEL_CONTAINERS_BY_VALUE : 0);
    restriction closing;
    flags |= PARCEL_IN_PLACE;
    parcel_init(&self->parcel);
    if (UNLIKELY(is_closed(op))) {
        closing = restriction_of_arguments(op->target);
        parcel_init_closed(&self->parcel, &closing);
    }
    self->is_exit = is_exit(op);
    self->parcel.reader = op->owner;
    int result = arguments_reserve(self, op);
    for (Py_ssize_t i = 0; result == 0 && i < self->count; i++) {
        self->is_packed[i] = !value_is_plain(op->arguments[i]);
        if (self->is_packed[i]) {
            result = parcel_put_item(&self->parcel, home, op->arguments, i, flags);
        }
    }
    self->parcel.restriction = NULL;
    return result;
}

static inline int
arguments_pack(argument_list *self, core_state *home, const operation *op)
{
    self->host = self->few_host;
    self->made = 0;
    self->host_names = NULL;
    self->is_simple = are_simple(op);
    return LIKELY(self->is_simple) ? 0 : arguments_pack_all(self, home, op);
}

// Keyword names in a call are always interned, and some functions compare their addresses.
static PyObject *
copy_names(PyObject *foreign_names)
{
    PyObject *names = value_copy(foreign_names);
    for (Py_ssize_t i = 0; names != NULL && i < PyTuple_GET_SIZE(names); i++) {
        PyUnicode_InternInPlace(&((PyTupleObject *)names)->ob_item[i]);
    }
    return names;
}

static NOINLINE int
arguments_unpack_all(argument_list *self, core_state *host, const operation *op)
{
    for (Py_ssize_t i = 0; i < self->count; i++) {
        PyObject *argument =
            self->is_packed[i] ? parcel_get(&self->parcel, host) : value_copy(op->arguments[i]);
        if (argument == NULL) {
            return -1;
        }
        self->host[2 + self->made++] = argument;
    }
    if (op->keyword_names != NULL) {
        self->host_names = copy_names(op->keyword_names);
        return self->host_names == NULL ? -1 : 0;
    }
    return 0;
}

static inline int
arguments_unpack(argument_list *self, core_state *host, const operation *op)
{
    if (UNLIKELY(!self->is_simple)) {
        return arguments_unpack_all(self, host, op);
    }
    Py_ssize_t made = 0;
    while (made < op->count &&
           (self->few_host[2 + made] = value_copy(op->arguments[made])) != NULL) {
        made++;
    }
    self->made = made;
    return LIKELY(made == op->count) ? 0 : -1;
}

static inline void
arguments_drop(argument_list *self)
{
    for (Py_ssize_t i = 0; i < self->made; i++) {
        Py_DECREF(self->host[2 + i]);
    }
    Py_XDECREF(self->host_names);
}

static inline void
arguments_free(argument_list *self)
{
    if (UNLIKELY(!self->is_simple)) {
        Py_CLEAR(self->parcel.held);
        parcel_clear(&self->parcel);
        if (self->host != self->few_host) {
            PyMem_RawFree(self->host);
        }
    }
}

// ---- in the host ----

// The class has no such special method: it was removed, or it is a reflected operator, which
// Proxies have even if the class does not.
static COLD PyObject *
use_without(core_state *host, PyObject *name, argument_list *arguments, size_t nargs)
{
    if (!PyErr_ExceptionMatches(PyExc_AttributeError)) {
        return NULL;
    }
    PyErr_Clear();
    PyObject *hook = state_hook(host, HOOK_USE_WITHOUT);
    PyObject *all = hook == NULL ? NULL : PyTuple_New((Py_ssize_t)nargs + 2);
    if (all == NULL) {
        return NULL;
    }
    PyTuple_SET_ITEM(all, 0, Py_NewRef(name));
    for (size_t i = 0; i <= nargs; i++) {
        PyTuple_SET_ITEM(all, (Py_ssize_t)i + 1, Py_NewRef(arguments->host[1 + i]));
    }
    PyObject *result = PyObject_CallObject(hook, all);
    Py_DECREF(all);
    return result;
}

static PyObject *
call_if_found(core_state *host, PyObject *name, argument_list *arguments, size_t nargs)
{
    PyObject *function = PyObject_GetAttr((PyObject *)Py_TYPE(arguments->host[1]), name);
    if (UNLIKELY(function == NULL)) {
        return use_without(host, name, arguments, nargs);
    }
    PyObject *result =
        PyObject_Vectorcall(function, arguments->host + 1,
                            (nargs + 1) | PY_VECTORCALL_ARGUMENTS_OFFSET, arguments->host_names);
    Py_DECREF(function);
    return result;
}

// Would Python ask the right operand before the left one, or before that concatenates in C?
static bool
is_right_first(PyTypeObject *left, PyTypeObject *right, PyObject *name)
{
    if (left == right) {
        return false;
    }
    const PyNumberMethods *lefts = left->tp_as_number, *rights = right->tp_as_number;
    bool is_concatenated = left->tp_as_sequence != NULL &&
                           left->tp_as_sequence->sq_concat != NULL &&
                           (lefts == NULL || lefts->nb_add == NULL);
    return PyType_IsSubtype(right, left) ||
           (is_concatenated && rights != NULL && rights->nb_add != NULL &&
            PyUnicode_EqualToUTF8(name, "__add__"));
}

// Both operands are here: NULL without an exception, if the left one's method is to be called.
static COLD PyObject *
operate_here(const operation *op, PyObject *name, const argument_list *arguments)
{
    bool is_closed = (op->target->flags & EXPORT_RESTRICTED) != 0;
    PyObject *module = is_closed ? NULL : PyImport_ImportModule("operator"), *function = NULL;
    PyObject *result = NULL;
    if (module != NULL && PyObject_GetOptionalAttr(module, name, &function) > 0) {
        result =
            PyObject_CallFunctionObjArgs(function, arguments->host[1], arguments->host[2], NULL);
        Py_DECREF(function);
    }
    Py_XDECREF(module);
    return result;
}

static NOINLINE PyObject *
call_special(core_state *host, const operation *op, PyObject *name, argument_list *arguments)
{
    size_t nargs = (size_t)op->count;
    if ((op->flags & OPERATION_OPERATOR) && nargs == 1 &&
        UNLIKELY(is_right_first(Py_TYPE(arguments->host[1]), Py_TYPE(arguments->host[2]), name)) &&
        !state_is_reference(host, arguments->host[2])) {
        PyObject *done = operate_here(op, name, arguments);
        if (done != NULL || PyErr_Occurred()) {
            return done;
        }
    }
    PyObject *result = call_if_found(host, name, arguments, nargs);
    // The other operand came by value, so the operator goes on here. With a Proxy the caller's
    // interpreter goes on.
    if (UNLIKELY(result == Py_NotImplemented) && nargs == 1 &&
        !state_is_reference(host, arguments->host[2])) {
        PyObject *hook = state_hook(host, HOOK_OPERATE);
        result = hook == NULL ? NULL
                              : PyObject_CallFunctionObjArgs(hook, name, arguments->host[1],
                                                             arguments->host[2], NULL);
    }
    return result;
}

// Waits if another thread is importing the module.
PyObject *
operation_find(PyObject *place)
{
    PyObject *colon = PyUnicode_FromString(":"), *dot = PyUnicode_FromString(".");
    PyObject *halves = colon && dot ? PyUnicode_Split(place, colon, 1) : NULL;
    PyObject *names = NULL, *found = NULL;
    if (halves != NULL && PyList_GET_SIZE(halves) == 2) {
        found = cpython_import(PyList_GET_ITEM(halves, 0));
        names = found == NULL ? NULL : PyUnicode_Split(PyList_GET_ITEM(halves, 1), dot, -1);
        if (names == NULL) {
            Py_CLEAR(found); // the module is not what was asked for
        }
    }
    for (Py_ssize_t i = 0; names != NULL && found != NULL && i < PyList_GET_SIZE(names); i++) {
        Py_SETREF(found, PyObject_GetAttr(found, PyList_GET_ITEM(names, i)));
    }
    if (found == NULL && !PyErr_Occurred()) {
        PyErr_Format(PyExc_ImportError, "cannot import %R", place);
    }
    Py_XDECREF(names);
    Py_XDECREF(halves);
    Py_XDECREF(colon);
    Py_XDECREF(dot);
    return found;
}

static PyObject *
call_found(core_state *host, PyObject *function_steal, argument_list *arguments, size_t nargs)
{
    PyObject *function = caller_provide(host, function_steal);
    if (function == NULL) {
        return NULL;
    }
    PyObject *result =
        PyObject_Vectorcall(function, arguments->host + 2, nargs | PY_VECTORCALL_ARGUMENTS_OFFSET,
                            arguments->host_names);
    Py_DECREF(function);
    return result;
}

static NOINLINE PyObject *
call_in_module(core_state *host, PyObject *name, argument_list *arguments, size_t nargs)
{
    return call_found(host, PyObject_GetAttr(arguments->host[1], name), arguments, nargs);
}

// To the holder of a restricted Proxy, names that restrict() was not given do not exist.
static COLD int
check_restricted(const operation *op, PyObject *name, restriction *used, PyObject **object)
{
    PyObject *asked =
        op->kind == OPERATION_CALL ? PyUnicode_InternFromString("__call__") : Py_XNewRef(name);
    PyObject *rule = asked == NULL ? NULL : restriction_rule(used->view, asked);
    Py_XDECREF(asked);
    *object = rule == NULL ? NULL : restriction_object(used->view);
    if (*object == NULL) {
        return -1;
    }
    used->rule = rule;
    bool is_change = op->kind == OPERATION_SET || op->kind == OPERATION_DELETE;
    if (is_change && !used->gives_guests) {
        PyErr_SetString(PyExc_AttributeError, "this proxy is restricted: it cannot be changed "
                                              "[docs: how-to/restrict]");
        return -1;
    }
    return 0;
}

static NOINLINE PyObject *
dispatch_other(core_state *host, const operation *op, PyObject *name, argument_list *arguments)
{
    size_t nargs = (size_t)op->count;
    PyObject *object = arguments->host[1];
    switch (op->kind) {
    case OPERATION_CALL:
        return call_found(host, Py_NewRef(object), arguments, nargs);
    case OPERATION_NATIVE:
        return op->native->run(op->native, host, op->target, arguments->host + 2);
    case OPERATION_SPECIAL:
        return call_special(host, op, name, arguments);
    case OPERATION_SET:
        return PyObject_SetAttr(object, name, arguments->host[2]) < 0 ? NULL : Py_None;
    case OPERATION_DELETE:
        return PyObject_DelAttr(object, name) < 0 ? NULL : Py_None;
    case OPERATION_FUNCTION:
        return call_found(host, operation_find(name), arguments, nargs);
    case OPERATION_METHOD:
    case OPERATION_GET:
        break;
    }
    Py_UNREACHABLE();
}

static inline PyObject *
dispatch(core_state *host, const operation *op, PyObject *name, restriction *used,
         argument_list *arguments)
{
    if (LIKELY(op->target != NULL)) {
        arguments->host[1] = op->target->object;
        if (UNLIKELY(arguments->host[1] == NULL)) {
            state_raise_closed(host, op->owner);
            return NULL;
        }
        bookmark_settle(op->target);
        if (UNLIKELY(used != NULL) && check_restricted(op, name, used, &arguments->host[1]) < 0) {
            return NULL;
        }
    }
    if (LIKELY(op->kind == OPERATION_METHOD)) {
        if (UNLIKELY(PyModule_CheckExact(arguments->host[1]))) {
            return call_in_module(host, name, arguments, (size_t)op->count);
        }
        return PyObject_VectorcallMethod(name, arguments->host + 1,
                                         ((size_t)op->count + 1) | PY_VECTORCALL_ARGUMENTS_OFFSET,
                                         arguments->host_names);
    }
    if (op->kind == OPERATION_GET) {
        PyObject *value = PyObject_GetAttr(arguments->host[1], name);
        return UNLIKELY(used != NULL) ? restriction_attribute(host, used, name, value) : value;
    }
    return dispatch_other(host, op, name, arguments);
}

// As within a `with` statement: __exit__ may raise the exception again, or ask for the current one.
static COLD PyObject *
dispatch_exit(core_state *host, const operation *op, PyObject *name, restriction *used,
              argument_list *arguments)
{
    PyObject *before = PyErr_GetHandledException(), *exception = arguments->host[op->count];
    if (PyExceptionInstance_Check(exception)) { // of a closed parcel it may be a view
        PyErr_SetHandledException(exception);
    }
    PyObject *value = dispatch(host, op, name, used, arguments);
    PyErr_SetHandledException(before);
    Py_XDECREF(before);
    return value;
}

// What is `value` to a Proxy that asks for it? For a guest (restricted arguments) only methods that
// cannot be replaced count as methods.
static attribute_kind
classify(const core_state *host, PyObject *object, PyObject *value, bool is_guest)
{
    if (Py_TYPE(value)->tp_call == NULL) {
        return ATTRIBUTE_VALUE;
    }
    bool is_bound = (PyMethod_Check(value) && PyMethod_GET_SELF(value) == object) ||
                    (PyCFunction_Check(value) && PyCFunction_GET_SELF(value) == object);
    if (!is_bound || PyType_Check(object)) {
        return ATTRIBUTE_VALUE;
    }
    PyTypeObject *type = Py_TYPE(object);
    if (!export_will_tell_changes(host, type)) {
        return is_guest ? ATTRIBUTE_VALUE : ATTRIBUTE_NEW_METHOD;
    }
    bool is_fixed = type->tp_getattro == PyObject_GenericGetAttr && type->tp_dictoffset == 0 &&
                    !(type->tp_flags & Py_TPFLAGS_MANAGED_DICT);
    return is_fixed ? ATTRIBUTE_CLASS_METHOD : is_guest ? ATTRIBUTE_VALUE : ATTRIBUTE_METHOD;
}

// str() and int() accept only certain results of their special methods.
static NOINLINE PyObject *
make_plain(PyObject *result_steal)
{
    PyObject *plain = NULL;
    if (PyUnicode_Check(result_steal) && !PyUnicode_CheckExact(result_steal)) {
        plain = PyUnicode_FromObject(result_steal);
    }
    else if (PyLong_Check(result_steal) && !PyLong_CheckExact(result_steal) &&
             !PyBool_Check(result_steal)) {
        plain = PyNumber_Long(result_steal);
    }
    else {
        return result_steal;
    }
    Py_DECREF(result_steal);
    return plain;
}

static bool
is_annotate_function(PyObject *object)
{
    return PyFunction_Check(object) &&
           PyUnicode_EqualToUTF8(((PyFunctionObject *)object)->func_name, "__annotate__");
}

// What functools.wraps() sets in another function has to be a real dict.
static bool
is_dict_of_function(const operation *op, PyObject *object)
{
    if (op->kind == OPERATION_GET) {
        return PyUnicode_EqualToUTF8(op->name.text, "__annotations__") ||
               PyUnicode_EqualToUTF8(op->name.text, "__kwdefaults__");
    }
    return op->kind == OPERATION_CALL && is_annotate_function(object);
}

static NOINLINE int
pack_in_parcel(core_state *host, const interp *home, const operation *op, PyObject *object,
               PyObject *value, const restriction *narrowing, answer *result)
{
    unsigned flags = PARCEL_MAY_HOLD;
    if (Py_TYPE(value) == &PyDict_Type && is_dict_of_function(op, object)) {
        flags |= PARCEL_CONTAINERS_BY_VALUE;
    }
    parcel_init_closed(&result->parcel, narrowing);
    result->parcel.reader = home;
    result->form = ANSWER_PARCEL;
    int status = parcel_put(&result->parcel, host, value, flags);
    result->parcel.restriction = NULL;
    return status;
}

static bool
pack_number(PyObject *value, answer *result)
{
    if (PyFloat_CheckExact(value)) {
        result->real = PyFloat_AS_DOUBLE(value);
        result->form = ANSWER_FLOAT;
        return true;
    }
    if (PyLong_CheckExact(value) && cpython_int_size(value) <= sizeof result->big_int) {
        memcpy(result->big_int, value, cpython_int_size(value));
        result->form = ANSWER_BIG_INT;
        return true;
    }
    return false;
}

static inline int
pack_answer(core_state *host, const interp *home, const operation *op, PyObject *object,
            PyObject *value, const restriction *narrowing, answer *result)
{
    if (value == Py_None || PyBool_Check(value) || heap_contains(value)) {
        result->shared = value;
        result->form = ANSWER_SHARED;
        return 0;
    }
    if (Py_TYPE(value) == &PyLong_Type && PyUnstable_Long_IsCompact((PyLongObject *)value)) {
        result->number = PyUnstable_Long_CompactValue((PyLongObject *)value);
        result->form = ANSWER_INT;
        return 0;
    }
    return pack_number(value, result)
               ? 0
               : pack_in_parcel(host, home, op, object, value, narrowing, result);
}

static COLD void
pack_error(core_state *host, const restriction *narrowing, answer *result)
{
    if (result->form == ANSWER_PARCEL) { // packing failed
        Py_CLEAR(result->parcel.held);
        parcel_clear(&result->parcel);
    }
    parcel_init_closed(&result->parcel, narrowing);
    error_pack(&result->parcel, host, 0);
    result->parcel.restriction = NULL;
    result->form = ANSWER_ERROR;
}

// In most formats only annotationlib can call such a function, and only where its code is.
static COLD PyObject *
annotate_again(core_state *host, const operation *op, const argument_list *arguments)
{
    if (op->kind != OPERATION_CALL || op->count != 1 ||
        !PyErr_ExceptionMatches(PyExc_NotImplementedError) ||
        !is_annotate_function(arguments->host[1])) {
        return NULL;
    }
    PyErr_Clear();
    return state_call_hook(host, HOOK_ANNOTATE, arguments->host[1], arguments->host[2]);
}

static void
perform_in_host(core_state *host, const operation *op, const interp *home, argument_list *arguments,
                answer *result)
{
    restriction used, *narrowing = NULL;
    if (UNLIKELY(is_closed(op))) {
        used = restriction_of_answer(op->target, home);
        narrowing = &used;
    }
    PyObject *value = NULL, *name = NULL;
    int status = -1;
    result->form = ANSWER_ERROR;
    result->attribute = ATTRIBUTE_VALUE;
    specials_refresh(host);
    if (LIKELY(op->kind == OPERATION_CALL || (name = name_here(host, op->name)) != NULL)) {
        if (LIKELY(arguments_unpack(arguments, host, op) == 0)) {
            value = UNLIKELY(!arguments->is_simple && arguments->is_exit)
                        ? dispatch_exit(host, op, name, narrowing, arguments)
                        : dispatch(host, op, name, narrowing, arguments);
            if (UNLIKELY(value == NULL && narrowing == NULL)) {
                value = annotate_again(host, op, arguments);
            }
        }
        if (UNLIKELY(op->flags & OPERATION_PLAIN_RESULT) && value != NULL) {
            value = make_plain(value);
        }
    }
    if (LIKELY(value != NULL)) {
        if ((op->flags & OPERATION_FUSE) &&
            (result->attribute = classify(host, arguments->host[1], value, narrowing != NULL)) !=
                ATTRIBUTE_VALUE) {
            status = pack_answer(host, home, op, NULL, Py_None, NULL, result);
        }
        else {
            status = pack_answer(host, home, op, arguments->host[1], value, narrowing, result);
        }
    }
    Py_XDECREF(value);
    Py_XDECREF(name);
    if (UNLIKELY(status < 0)) {
        pack_error(host, narrowing, result);
    }
    arguments_drop(arguments);
    specials_publish(host);
}

// ---- at home ----

static NOINLINE PyObject *
unpack_parcel(core_state *home, answer *result)
{
    PyObject *value = result->form == ANSWER_PARCEL ? parcel_get(&result->parcel, home)
                                                    : error_raise(&result->parcel, home);
    parcel_clear(&result->parcel);
    return value;
}

static inline PyObject *
unpack_answer(core_state *home, answer *result)
{
    return LIKELY(result->form == ANSWER_INT) ? PyLong_FromSsize_t(result->number)
           : result->form == ANSWER_SHARED    ? result->shared
           : result->form == ANSWER_FLOAT     ? PyFloat_FromDouble(result->real)
           : result->form == ANSWER_BIG_INT   ? cpython_copy_int(result->big_int)
                                              : unpack_parcel(home, result);
}

// A held result is copied while the host cannot close, then dropped there.
static COLD PyObject *
fetch_held(core_state *home, crossing *over, answer *result)
{
    crossing_return(over);
    PyObject *held = result->parcel.held;
    PyObject *value = unpack_answer(home, result);
    PyObject *raised = PyErr_GetRaisedException();
    crossing_revisit(over);
    Py_DECREF(held);
    crossing_leave(over);
    PyErr_SetRaisedException(raised);
    return value;
}

PyObject *
operation_perform(core_state *home, const operation *self, attribute_kind *attribute)
{
    argument_list arguments;
    PyObject *value = NULL;
    if (LIKELY(arguments_pack(&arguments, home, self) == 0)) {
        crossing over;
        crossing_result why =
            crossing_enter(&over, home->interp, self->owner, (crossing_purpose){.operation = self});
        if (LIKELY(why == CROSSING_OK)) {
            answer result;
            perform_in_host(self->owner->core_state, self, home->interp, &arguments, &result);
            if (attribute != NULL) {
                *attribute = result.attribute;
            }
            if (UNLIKELY(result.form == ANSWER_PARCEL && result.parcel.held != NULL)) {
                value = fetch_held(home, &over, &result);
            }
            else {
                crossing_leave(&over);
                value = unpack_answer(home, &result);
            }
        }
        else {
            crossing_raise(home, self->owner, why);
        }
    }
    else if (interp_get_phase(self->owner) == INTERP_CLOSED &&
             PyErr_ExceptionMatches(PyExc_Exception)) {
        state_raise_closed(home, self->owner); // at exit, what packing needs may be gone
    }
    arguments_free(&arguments);
    specials_refresh(home);
    return value;
}
