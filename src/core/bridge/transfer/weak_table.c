#include "bridge/transfer/weak_table.h"

#include <stdlib.h>

#include "bridge/python/object_list.h"

typedef struct {
    object_list list;
    pointer_map known; // what is in it
} gathered;

// Every class has a __doc__ at least.
static bool
is_emptied(PyObject *object)
{
    PyTypeObject *class = (PyTypeObject *)object;
    return PyType_Check(object) && PyType_HasFeature(class, Py_TPFLAGS_HEAPTYPE) &&
           (class->tp_dict == NULL || PyDict_GET_SIZE(class->tp_dict) == 0);
}

static int
gather(PyObject *object, void *argument)
{
    gathered *self = argument;
    if (is_emptied(object)) {
        return -1;
    }
    if (!PyObject_IS_GC(object) || !cpython_is_condemned(object) ||
        pointer_map_get(&self->known, object) != NULL) {
        return 0;
    }
    return pointer_map_set(&self->known, object, object) && object_list_add(&self->list, object)
               ? 0
               : -1;
}

// First all is found, then all is moved: nothing is left half-way.
PyObject *
weak_table_reprieve(PyObject *condemned)
{
    gathered all = {0};
    int status = gather(condemned, &all);
    for (size_t i = 0; status == 0 && i < all.list.count; i++) {
        PyObject *each = all.list.items[i];
        status = Py_TYPE(each)->tp_traverse(each, gather, &all);
    }
    for (size_t i = 0; status == 0 && i < all.list.count; i++) {
        PyObject_GC_UnTrack(all.list.items[i]);
        PyObject_GC_Track(all.list.items[i]);
    }
    pointer_map_free(&all.known);
    free(all.list.items);
    return status == 0 ? Py_NewRef(condemned) : NULL;
}
