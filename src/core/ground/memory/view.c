#include "ground/memory/view.h"

#include <stdlib.h>
#include <string.h>

view *
view_new(block *of, const view_layout *layout)
{
    size_t axes = (size_t)layout->dimensions * sizeof *layout->shape;
    size_t text = strlen(layout->format) + 1;
    view *self = malloc(sizeof *self + 2 * axes + text);
    if (self == NULL) {
        return NULL;
    }
    char *place = (char *)(self + 1);
    if (axes > 0) {
        memcpy(place, layout->shape, axes);
        memcpy(place + axes, layout->strides, axes);
    }
    memcpy(place + 2 * axes, layout->format, text);
    atomic_init(&self->count, 1);
    block_incref(of);
    self->block = of;
    self->layout = *layout;
    self->layout.shape = (const ptrdiff_t *)(void *)place;
    self->layout.strides = (const ptrdiff_t *)(void *)(place + axes);
    self->layout.format = place + 2 * axes;
    return self;
}

void
view_incref(view *self)
{
    atomic_fetch_add_explicit(&self->count, 1, memory_order_relaxed);
}

void
view_decref(view *self)
{
    if (atomic_fetch_sub_explicit(&self->count, 1, memory_order_acq_rel) == 1) {
        block_decref(self->block);
        free(self);
    }
}

static bool
add_reach(ptrdiff_t *bound, ptrdiff_t reach)
{
    return !__builtin_add_overflow(*bound, reach, bound);
}

bool
view_fits(const block *of, const view_layout *layout)
{
    bool is_empty = false;
    for (int i = 0; i < layout->dimensions; i++) {
        if (layout->shape[i] < 0) {
            return false;
        }
        is_empty |= layout->shape[i] == 0;
    }
    if (is_empty) {
        return true;
    }
    ptrdiff_t lowest = (intptr_t)layout->start - (intptr_t)of->data,
              highest = lowest + layout->itemsize;
    for (int i = 0; i < layout->dimensions; i++) {
        ptrdiff_t reach;
        if (__builtin_mul_overflow(layout->shape[i] - 1, layout->strides[i], &reach) ||
            !add_reach(reach < 0 ? &lowest : &highest, reach)) {
            return false;
        }
    }
    return lowest >= 0 && highest <= (ptrdiff_t)of->size;
}
