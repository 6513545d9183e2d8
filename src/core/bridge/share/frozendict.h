// frozendict: the type of shared dicts. From 3.15 on the builtin one; before, this one of ours.
//
// Purpose. A mapping that cannot change, with the interface of the builtin frozendict. It keeps an
// ordinary dict that nobody else sees.
//
// Lifetime. The type is static, as CPython's own are: the same in all interpreters. Shared
// instances live for ever in the heap; frozendict(...) makes ordinary ones.
//
// Threads. A shared instance may be used in all interpreters at once; nothing in it is written.
#ifndef ATOLL_BRIDGE_FROZENDICT_H
#define ATOLL_BRIDGE_FROZENDICT_H

#include <Python.h>

#include "bridge/share/share_arena.h"
#include "bridge/python/cpython.h"

#if PY_VERSION_HEX >= 0x030F0000
#    define frozendict_type PyFrozenDict_Type
#else
extern PyTypeObject frozendict_type;

typedef struct {
    PyObject_HEAD
    PyObject *dict; // owned
    Py_hash_t hash; // -1: not known; a shared one never comes to know it
} frozendict_object;
#endif

// The dict inside an exact frozendict, for PyDict_Next; borrowed.
static inline PyObject *
frozendict_dict(PyObject *self)
{
#if PY_VERSION_HEX >= 0x030F0000
    return self;
#else
    return ((frozendict_object *)self)->dict;
#endif
}

// Where a shared one keeps its hash; -1: it does not.
static inline Py_hash_t *
frozendict_kept_hash(PyObject *self)
{
#if PY_VERSION_HEX >= 0x030F0000
    return cpython_frozendict_hash(self);
#else
    return &((frozendict_object *)self)->hash;
#endif
}

// Give a shared one the table of a dict. -1: exception.
MUST_CHECK int frozendict_fill(share_arena *arena, PyObject *self, void *table, Py_ssize_t count);

// Once in every interpreter, first in the main one. -1: exception.
MUST_CHECK int frozendict_init(void);

#endif
