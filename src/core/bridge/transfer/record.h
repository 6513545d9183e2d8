// record: what a parcel consists of.
//
// Purpose. parcel_put.c writes records, parcel_get.c reads them in the same order; nothing else
// knows of them. A record points to nothing inside its parcel, which may move.
#ifndef ATOLL_BRIDGE_RECORD_H
#define ATOLL_BRIDGE_RECORD_H

#include "bridge/transfer/export.h"
#include "bridge/transfer/parcel.h"
#include "ground/interpreter/thread.h"

typedef enum {
    RECORD_POINTER, // an object that all share
    RECORD_INT,
    RECORD_BIG_INT,
    RECORD_FLOAT,
    RECORD_COMPLEX,
    RECORD_STRING,
    RECORD_BYTES, // its detail is 1 for a bytearray
    RECORD_TUPLE,
    RECORD_FROZENSET,
    RECORD_SLICE,
    RECORD_RANGE,
    RECORD_FROZENDICT,
    RECORD_LIST,
    RECORD_SET,
    RECORD_DICT,
    RECORD_EXPORT,
    RECORD_RESOLVED, // (function of atoll._transfer.values, argument) to be called by the reader
    RECORD_HANDLE,   // its detail is the kind
    RECORD_HELD,
    RECORD_EXCEPTION, // its detail is 1 for one that this is a part of: its number is the size
    RECORD_TRACEBACK, // of the exception whose number is the size, as its reader knows it
    RECORD_PLAIN_EXCEPTION, // a builtin type and its arguments follow
    RECORD_ALONE,           // a value, or (its detail is 1) why there is none; so many bytes follow
} record_kind;

typedef struct {
    uint32_t kind;
    uint32_t detail;
    uint64_t size; // of the payload in bytes, or the number of elements that follow
} record;

// What a closed parcel may become in bytes: a holder shall not fill its owner's memory.
#define CLOSED_SIZE_MAX ((size_t)1 << 28)

#define ROUND_UP(size) (((size) + 15) & ~(size_t)15)

// Parts of parcel_put.c for parcel_closed.c. 0, or -1 with an exception.
int record_put_export(parcel *self, exported *target_steal);
int record_put_exception(parcel *self, core_state *state, PyObject *type, PyObject *arguments);
int record_put_container(parcel *self, core_state *state, PyObject *object); // 0: it is none
// A remote method, as what its owner says that it is by now, by the usual rule.
int record_put_method(parcel *self, core_state *state, PyObject *method, unsigned flags);
// An object that is no immutable builtin, for the reader of a closed parcel.
int record_put_closed(parcel *self, core_state *state, PyObject *object, unsigned flags);

// Containers in containers recurse.
static inline int
record_go_deeper(const char *where)
{
    if (thread_is_stack_low()) {
        PyErr_Format(PyExc_RecursionError, "no stack left%s", where);
        return -1;
    }
    return Py_EnterRecursiveCall(where);
}

#endif
