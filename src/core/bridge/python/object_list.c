#include "bridge/python/object_list.h"

#include <stdlib.h>

bool
object_list_reserve(object_list *self, size_t capacity)
{
    PyObject **items = realloc(self->items, (capacity + 1) * sizeof *items);
    if (items == NULL) {
        return false;
    }
    self->items = items;
    self->capacity = capacity;
    return true;
}

bool
object_list_grow(object_list *self)
{
    return object_list_reserve(self, self->capacity == 0 ? 1024 : 2 * self->capacity);
}
