#include "bridge/operation/answer.h"

#include <string.h>

#include "bridge/operation/dispatch.h"
#include "bridge/transfer/error.h"

// ---- in the host ----

attribute_kind
answer_classify(const core_state *host, PyObject *object, PyObject *value, bool is_guest)
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

PyObject *
answer_make_plain(PyObject *result_steal)
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

// What functools.wraps() sets in another function has to be a real dict.
static bool
is_dict_of_function(const operation *op, PyObject *object)
{
    if (op->kind == OPERATION_GET) {
        return PyUnicode_EqualToUTF8(op->name.text, "__annotations__") ||
               PyUnicode_EqualToUTF8(op->name.text, "__kwdefaults__");
    }
    return op->kind == OPERATION_CALL && dispatch_is_annotate(object);
}

static int
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

int
answer_pack_other(core_state *host, const interp *home, const operation *op, PyObject *object,
                  PyObject *value, const restriction *narrowing, answer *result)
{
    return pack_number(value, result)
               ? 0
               : pack_in_parcel(host, home, op, object, value, narrowing, result);
}

COLD void
answer_pack_error(core_state *host, const restriction *narrowing, answer *result)
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

// ---- at home ----

PyObject *
answer_unpack_parcel(core_state *home, answer *result)
{
    PyObject *value = result->form == ANSWER_PARCEL ? parcel_get(&result->parcel, home)
                                                    : error_raise(&result->parcel, home);
    parcel_clear(&result->parcel);
    return value;
}
