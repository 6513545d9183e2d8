// view: a block, or a part of it, seen as items of a format in a shape.
//
// Purpose. A Buffer crosses as a pointer to its view, with one more count. A view never changes;
// another slice, format or shape is another view of the same block.
//
// Lifetime. Counted; holds one count of its block. Threads. Any, with or without a GIL.
#ifndef ATOLL_GROUND_VIEW_H
#define ATOLL_GROUND_VIEW_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include "ground/memory/block.h"

// As in Python's Py_buffer; `start` is the first item, which need not have the lowest address.
typedef struct {
    char *start;
    ptrdiff_t itemsize, nbytes;
    int dimensions;
    bool is_readonly;
    const char *format;
    const ptrdiff_t *shape, *strides; // [dimensions]
} view_layout;

typedef struct {
    atomic_intptr_t count;
    block *block; // counted
    view_layout layout;
} view;

// Copies the layout with what it points to. NULL: out of memory.
view *view_new(block *of, const view_layout *layout);
void view_incref(view *self);
void view_decref(view *self);

// Are all items inside the block?
bool view_fits(const block *of, const view_layout *layout);

#endif
