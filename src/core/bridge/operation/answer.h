// answer: the result of an operation, on its way back.
//
// Purpose. Numbers and shared objects go as they are, all else, also an exception, in a parcel.
//
// Lifetime. On the stack; unpacked once.
//
// Threads. answer_pack and _pack_error: attached to the owner's interpreter; answer_unpack: to the
// caller's. If a parcel holds the value, it is unpacked while the owner cannot close.
#ifndef ATOLL_BRIDGE_ANSWER_H
#define ATOLL_BRIDGE_ANSWER_H

#include <Python.h>
#include <stdbool.h>

#include "bridge/operation/operation.h"
#include "bridge/python/cpython.h"
#include "bridge/transfer/parcel.h"
#include "bridge/transfer/restriction.h"
#include "ground/share/heap.h"

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

// What is `value`, an attribute of `object`, to a Proxy that asks for it? For a guest (restricted
// arguments) only methods that cannot be replaced count as methods.
attribute_kind answer_classify(const core_state *host, PyObject *object, PyObject *value,
                               bool is_guest);

// str() and int() accept only certain results of their special methods.
PyObject *answer_make_plain(PyObject *result_steal);

// The exception that is set here.
void answer_pack_error(core_state *host, const restriction *narrowing, answer *result);

// The slow halves.
int answer_pack_other(core_state *host, const interp *home, const operation *op, PyObject *object,
                      PyObject *value, const restriction *narrowing, answer *result);
PyObject *answer_unpack_parcel(core_state *home, answer *result);

// -1 with an exception: then answer_pack_error.
static inline int
answer_pack(core_state *host, const interp *home, const operation *op, PyObject *object,
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
    return answer_pack_other(host, home, op, object, value, narrowing, result);
}

// NULL with an exception: also that which it brings.
static inline PyObject *
answer_unpack(core_state *home, answer *result)
{
    return LIKELY(result->form == ANSWER_INT) ? PyLong_FromSsize_t(result->number)
           : result->form == ANSWER_SHARED    ? result->shared
           : result->form == ANSWER_FLOAT     ? PyFloat_FromDouble(result->real)
           : result->form == ANSWER_BIG_INT   ? cpython_copy_int(result->big_int)
                                              : answer_unpack_parcel(home, result);
}

#endif
