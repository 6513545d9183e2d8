// key: where an item of a priority queue stands, as bytes that memcmp orders.
//
// Purpose. Items of several interpreters cannot be compared by their own methods: those live where
// the items do, and a queue's mutex is no place for Python. So the order is taken from the item
// when it is put: numbers, strings, bytes, None, and tuples of them, as Python orders each; of
// different kinds, None first, then numbers, strings, bytes, tuples. At the first element of a
// tuple that is none of these the key ends.
//
// Errors. TypeError: nothing of it can be ordered. ValueError: a NaN.
#ifndef ATOLL_BRIDGE_SORT_KEY_H
#define ATOLL_BRIDGE_SORT_KEY_H

#include <Python.h>

#include "ground/base/attributes.h"
#include "ground/queue/backlog.h"

// Sets item->key and item->key_size; the key is PyMem_RawFree's.
MUST_CHECK int sort_key_make(PyObject *object, queue_item *item);

#endif
