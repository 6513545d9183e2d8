#include "bridge/operation/dispatch.h"

#include "bridge/operation/special.h"
#include "bridge/python/caller.h"
#include "bridge/python/cpython.h"

PyObject *
dispatch_find(PyObject *place)
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

PyObject *
dispatch_in_module(core_state *host, PyObject *name, argument_list *arguments, size_t nargs)
{
    return call_found(host, PyObject_GetAttr(arguments->host[1], name), arguments, nargs);
}

// To the holder of a restricted Proxy, names that restrict() was not given do not exist.
COLD int
dispatch_check_restricted(const operation *op, PyObject *name, restriction *used, PyObject **object)
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

PyObject *
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
        return special_call(host, op, name, arguments);
    case OPERATION_SET:
        return PyObject_SetAttr(object, name, arguments->host[2]) < 0 ? NULL : Py_None;
    case OPERATION_DELETE:
        return PyObject_DelAttr(object, name) < 0 ? NULL : Py_None;
    case OPERATION_FUNCTION:
        return call_found(host, dispatch_find(name), arguments, nargs);
    case OPERATION_METHOD:
    case OPERATION_GET:
        break;
    }
    Py_UNREACHABLE();
}

COLD PyObject *
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

bool
dispatch_is_annotate(PyObject *object)
{
    return PyFunction_Check(object) &&
           PyUnicode_EqualToUTF8(((PyFunctionObject *)object)->func_name, "__annotate__");
}

COLD PyObject *
dispatch_annotate_again(core_state *host, const operation *op, const argument_list *arguments)
{
    if (op->kind != OPERATION_CALL || op->count != 1 ||
        !PyErr_ExceptionMatches(PyExc_NotImplementedError) ||
        !dispatch_is_annotate(arguments->host[1])) {
        return NULL;
    }
    PyErr_Clear();
    return state_call_hook(host, HOOK_ANNOTATE, arguments->host[1], arguments->host[2]);
}
