// weak table: finds the one local object of each record, and does not keep it alive.
//
// Purpose. One Proxy, remote class or handle for each thing: state->proxies, classes, handles.
//
// Lifetime. Whoever makes an object enters it, with pointer_map_set; its tp_dealloc takes it out,
// and so does its tp_clear. Until then it may be asked for while it is on its way out:
// - Its count is zero: the dealloc of a subclass has begun, or CPython has put it aside for later.
//   There is no way back, so it is not found, and a new one takes its place.
// - CPython's collector has condemned it. Its weak references may be cleared already, but
//   finalizers still use it and may keep it: so it is found, and taken out of the collection with
//   all that it reaches, as if it were new. The collector bears that, since finalizers may free
//   what it has condemned; and it empties only what is in its list. Where it has begun to empty the
//   object's class, finalizers have run, nobody else can have it, and a new one takes its place.
//
// Threads. Under the GIL of the table's interpreter.
#ifndef ATOLL_BRIDGE_WEAK_TABLE_H
#define ATOLL_BRIDGE_WEAK_TABLE_H

#include <Python.h>

#include "bridge/python/cpython.h"
#include "ground/base/pointer_map.h"

// NULL: a class that it reaches is being emptied; or no memory.
PyObject *weak_table_reprieve(PyObject *condemned);

// New reference. NULL, without an exception: there is none.
static inline PyObject *
weak_table_get(const pointer_map *self, const void *key)
{
    PyObject *found = pointer_map_get(self, key);
    if (found == NULL || UNLIKELY(Py_REFCNT(found) == 0)) {
        return NULL;
    }
    return UNLIKELY(cpython_is_condemned(found)) ? weak_table_reprieve(found) : Py_NewRef(found);
}

// Another may have taken its place.
static inline void
weak_table_remove(pointer_map *self, const void *key, const PyObject *object)
{
    pointer_map_remove_pair(self, key, object);
}

#endif
