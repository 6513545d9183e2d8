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
    RECORD_BIG_INT, // the bytes of an int object
    RECORD_FLOAT,
    RECORD_COMPLEX,
    RECORD_STRING,
    RECORD_BYTES,  // its detail is 1 for a bytearray
    RECORD_SHAPED, // an instance of a class: see record_shaped
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

// Its characters follow; the detail of the record is PyUnicode_MAX_CHAR_VALUE.
typedef struct {
    Py_hash_t hash;
    Py_ssize_t length;
} string_head;

// Its values follow, then the names and values of its dict; or the values are read in place. If the
// detail of the record is 1, they come after what its shape is known as, its definition and an
// export of the instance itself.
typedef struct {
    PyTypeObject *shared; // its type, if all share that; else NULL
    PyObject *in_place;   // the packer's tuple of its values, all plain; or NULL: they follow
    int32_t number;       // of its shape
    uint32_t values, named;
} record_shaped;

// What a closed parcel may become in bytes: a holder shall not fill its owner's memory.
#define CLOSED_SIZE_MAX ((size_t)1 << 28)

#define ROUND_UP(size) (((size) + 15) & ~(size_t)15)

// The next one to be read; moves on past its payload.
static inline record *
record_next(parcel *self)
{
    record *head = (record *)(void *)(self->data + self->position);
    bool has_payload = head->kind < RECORD_TUPLE || head->kind == RECORD_EXPORT ||
                       head->kind == RECORD_HANDLE || head->kind == RECORD_HELD;
    self->position += sizeof *head + (has_payload ? ROUND_UP(head->size) : 0);
    return head;
}

// Parts of parcel_put.c for parcel_closed.c. 0, or -1 with an exception.
int record_put_export(parcel *self, exported *target_steal);
int record_put_exception(parcel *self, core_state *state, PyObject *type, PyObject *arguments);
int record_put_container(parcel *self, core_state *state, PyObject *object); // 0: it is none
// A remote method, as what its owner says that it is by now, by the usual rule.
int record_put_method(parcel *self, core_state *state, PyObject *method, unsigned flags);
// An object that is no immutable builtin, for the reader of a closed parcel.
int record_put_closed(parcel *self, core_state *state, PyObject *object, unsigned flags);

// An instance that crosses element by element (parcel_shaped_put.c, parcel_shaped_get.c): 1; 0: it
// has to go otherwise.
int record_put_shaped(parcel *self, core_state *state, PyObject *object, struct shape *shape,
                      unsigned flags);
PyObject *record_get_shaped(parcel *self, core_state *state, const record *head);
void *record_put(parcel *self, record_kind kind, uint32_t detail, uint64_t size, size_t payload);

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
