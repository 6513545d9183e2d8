// frozendict: the type of shared dicts. From 3.15 on it is the builtin; before, this one.
//
// Purpose. A mapping that cannot change, with the interface of the builtin frozendict. It keeps an
// ordinary dict that no other code can get.
//
// Lifetime. The type is static, so it is the same in all interpreters. Shared instances live for
// ever in the heap; frozendict(...) makes ordinary ones.
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
    Py_hash_t hash; // -1: not computed; not written once shared
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

// Where a shared one keeps its hash; -1 there: not known.
static inline Py_hash_t *
frozendict_kept_hash(PyObject *self)
{
#if PY_VERSION_HEX >= 0x030F0000
    return cpython_frozendict_hash(self);
#else
    return &((frozendict_object *)self)->hash;
#endif
}

// Set the table of a shared one. -1: exception.
MUST_CHECK int frozendict_fill(share_arena *arena, PyObject *self, void *table, Py_ssize_t count);

// Call once in every interpreter, in the main one first. -1: exception.
MUST_CHECK int frozendict_init(void);

#endif
