#include "bridge/operation/special.h"

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

PyObject *
special_call(core_state *host, const operation *op, PyObject *name, argument_list *arguments)
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
