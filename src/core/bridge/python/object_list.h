// object_list: a list of objects without references to them, for code that must not change counts.
//
// Threads. Under the GIL of the objects' interpreter. Errors. False: out of memory; nothing has
// changed.
#ifndef ATOLL_BRIDGE_OBJECT_LIST_H
#define ATOLL_BRIDGE_OBJECT_LIST_H

#include <Python.h>
#include <stdbool.h>

#include "ground/base/attributes.h"

typedef struct {
    PyObject **items; // borrowed
    size_t count, capacity;
} object_list;

MUST_CHECK bool object_list_reserve(object_list *self, size_t capacity);
MUST_CHECK bool object_list_grow(object_list *self);

static inline MUST_CHECK bool
object_list_add(object_list *self, PyObject *object)
{
    if (UNLIKELY(self->count == self->capacity) && !object_list_grow(self)) {
        return false;
    }
    self->items[self->count++] = object;
    return true;
}

#endif
