// parcel: values in a form that belongs to no interpreter, for one crossing.
//
// Purpose. What value.h cannot read in place goes here: results (their maker drops them before the
// reader looks), containers with mutable things inside, and what crosses by reference. A value that
// is plain and large is not packed but held: the reader copies it in place, then has it dropped. So
// are the plain parts of an instance that is an argument.
//
// Lifetime. On the C stack, or part of an item of a queue; small ones need no memory. Records that
// were not read keep counts of exports, so a parcel must be cleared.
//
// Threads. Packed under one GIL, unpacked under another.
//
// Errors. parcel_put returns -1 with an exception and leaves a parcel that can only be cleared.
#ifndef ATOLL_BRIDGE_PARCEL_H
#define ATOLL_BRIDGE_PARCEL_H

#include <Python.h>
#include <stdbool.h>
#include <stdint.h>

#include "bridge/python/state.h"

struct restriction;
struct packing;
struct being_put;

typedef struct {
    unsigned char *data; // owned if not `space`
    size_t size, capacity, position;
    PyObject *held;                        // owned by the packer's interpreter, or NULL
    const struct restriction *restriction; // borrowed while packing; NULL: all goes as it is
    const interp *reader;                  // borrowed while packing; NULL: anybody may read it
    const struct packing *packing;         // what is being packed, inside out
    unsigned deep;                         // how many instances lie deep in others
    const struct being_put *exceptions;    // that are being packed, one inside the other
    bool is_closed;                        // it was packed with a restriction (restriction.h)
    _Alignas(16) unsigned char space[176];
} parcel;

enum {
    PARCEL_EXCEPTIONS_BY_VALUE = 1, // a closed one too: throw() and __exit__() need real ones
    PARCEL_MAY_HOLD = 2,            // the reader will see to it that `held` is dropped
    PARCEL_CONTAINERS_BY_VALUE = 4, // the outermost list, dict, set or bytearray, not what is in it
    PARCEL_COPIES = 8,              // of a task: what exceptions have goes by value, if it can
    PARCEL_IN_PLACE = 16, // it is read while the packer keeps the object, and then drops `held`
};

static inline void
parcel_init(parcel *self)
{
    self->data = self->space;
    self->size = self->position = 0;
    self->capacity = sizeof self->space;
    self->held = NULL;
    self->restriction = NULL;
    self->reader = NULL;
    self->packing = NULL;
    self->deep = 0;
    self->exceptions = NULL;
    self->is_closed = false;
}

static inline void
parcel_init_closed(parcel *self, const struct restriction *restriction)
{
    parcel_init(self);
    self->restriction = restriction;
    self->is_closed = restriction != NULL;
}

void parcel_trim(parcel *self); // no more is put: give back memory that is not used
MUST_CHECK int parcel_put(parcel *self, core_state *state, PyObject *object, unsigned flags);
// One of several that belong together: a traceback after its exception is that exception's.
MUST_CHECK int parcel_put_item(parcel *self, core_state *state, PyObject *const *items,
                               Py_ssize_t index, unsigned flags);
// As many of the first as are ints of one word: how many, or 0 if there is no memory. They are read
// as if they had been put one by one.
Py_ssize_t parcel_put_ints(parcel *self, PyObject *const *items, Py_ssize_t count);
// Put it so that the others can be read without it. What cannot be packed, or later not be
// unpacked, is lost alone; only a lack of memory and exceptions that are no Exception are raised.
MUST_CHECK int parcel_put_alone(parcel *self, core_state *state, PyObject *object, unsigned flags);
// Move the records of another, which is empty then; false: no memory, and nothing is moved.
bool parcel_append(parcel *self, parcel *from);

PyObject *parcel_get(parcel *self, core_state *state); // new reference
// Move past an int, a string or what all share. True: it equals this exact int or string, or is it.
bool parcel_skip_equal(parcel *self, PyObject *object);
// A reader of the same records, as long as these are there, who leaves them for others to read.
// With counts of his own, unless the records are known to need none.
void parcel_begin_reading(parcel *reader, const parcel *from, bool has_counts);
void parcel_end_reading(parcel *reader);
// What was put alone: new reference. If it is lost, *why is set to a text instead; both NULL:
// exception.
PyObject *parcel_get_alone(parcel *self, core_state *state, PyObject **why);
void parcel_cut(parcel *self, size_t size); // while packing: take back what was put since
void parcel_clear_slow(parcel *self);

// Any thread, with or without a GIL; `held` must have been dropped.
static inline void
parcel_clear(parcel *self)
{
    if (UNLIKELY(self->position < self->size || self->data != self->space)) {
        parcel_clear_slow(self);
    }
}

#endif
