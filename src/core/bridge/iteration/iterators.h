// iterators: the next items of CPython's own iterators, read without advancing them.
//
// Purpose. An iterator of a list, tuple, range, str, bytes, set or dict runs no Python to find its
// next item. So what it is going to return can be read first, and it is advanced later, to exactly
// where it would be (bridge/crossing/ahead). Its fields are private to CPython (listobject.c,
// tupleobject.c, rangeobject.c, unicodeobject.c, bytesobject.c, setobject.c, dictobject.c; the same
// in 3.13 to 3.15): a type is known only if its iterators were seen to change these fields as
// expected.
//
// Threads. Under the GIL of the iterator's interpreter; iterators_find before any other is made.
#ifndef ATOLL_BRIDGE_ITERATORS_H
#define ATOLL_BRIDGE_ITERATORS_H

#include <Python.h>
#include <stdbool.h>

#include "ground/base/attributes.h"

typedef enum {
    ITERATOR_OTHER, // not known
    ITERATOR_SEQUENCE,
    ITERATOR_RANGE,
    ITERATOR_SET,
    ITERATOR_DICT,
} iterator_kind;

// What an iterator would return next if nothing changed its container.
typedef struct {
    PyObject *iterator, *container; // borrowed; the container of a range: NULL
    iterator_kind kind;
    Py_ssize_t position; // after the items that were read
    Py_ssize_t left;     // as many can be read at most
} outlook;

MUST_CHECK int iterators_find(void); // which types are known; -1: exception

iterator_kind iterator_kind_of(const PyTypeObject *type);

// False: it is not known, or at its end, or its container has changed.
bool iterator_look(PyObject *iterator, outlook *ahead);
bool iterator_is_fixed(const outlook *ahead); // nothing can change the container
// The next of a list or tuple, borrowed, where they stand; NULL: it is another container.
PyObject *const *iterator_items(const outlook *ahead);
PyObject *iterator_read(outlook *ahead); // new reference; NULL: no more, or an exception

// As if it had returned so many items, the last of which left an outlook at `position`, whatever
// has become of its container since.
void iterator_advance(PyObject *iterator, Py_ssize_t count, Py_ssize_t position);

#endif
