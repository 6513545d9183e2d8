// atom: shared copies of immutable builtin objects that refer to no others.
//
// Threads. Under the GIL of the source's interpreter. Everything that CPython would later write
// into a copy (its hash, its UTF-8 form, that it is interned) is written now.
#ifndef ATOLL_BRIDGE_ATOM_H
#define ATOLL_BRIDGE_ATOM_H

#include "bridge/share/share_arena.h"

// Is it shared already: in the heap, or the same object in all interpreters?
static inline bool
atom_is_shared(PyObject *object)
{
    return heap_contains(object) || cpython_is_singleton(object);
}

// The shared copy; borrowed, as it is immortal. NULL without an exception: it is not an atom.
// `kind` is the result of pool_kind_of.
PyObject *atom_share(share_arena *self, pool_kind kind, PyObject *source);

#endif
