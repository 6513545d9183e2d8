// atom: shared copies of immutable builtin objects that refer to no others.
//
// Threads. Under the GIL of the source's interpreter. Everything that CPython would later write
// into one of them (its hash, its UTF-8 form, that it is interned) is written now.
#ifndef ATOLL_BRIDGE_ATOM_H
#define ATOLL_BRIDGE_ATOM_H

#include "bridge/share/share_arena.h"

// May it be taken for itself: is it in the heap, or one object of the whole process?
static inline bool
atom_is_shared(PyObject *object)
{
    return heap_contains(object) || cpython_is_singleton(object);
}

// The shared one; borrowed, for it is immortal. NULL without an exception: it is no atom. The kind
// is what pool_kind_of says.
PyObject *atom_share(share_arena *self, pool_kind kind, PyObject *source);

#endif
