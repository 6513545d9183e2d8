// pool: small values that are kept once when they are equal.
//
// Purpose. Shared strings, bytes, ints and floats of which an equal one of the same type is shared
// already need no memory. Both the pool of the process and that of one share() are of limited
// size, and where most values of a type turn out to be new, the rest of them are not looked for:
// what finds no place is shared once more.
//
// Lifetime. The process's pool holds shared objects only, which are immortal. That of one share()
// is published when all has succeeded.
//
// Threads. The process's pool is free of locks; that of one share() is its caller's.
#ifndef ATOLL_BRIDGE_POOL_H
#define ATOLL_BRIDGE_POOL_H

#include <Python.h>
#include <stdbool.h>

#include "ground/base/attributes.h"

typedef enum { POOL_STR, POOL_BYTES, POOL_INT, POOL_FLOAT, POOL_KINDS, POOL_NONE } pool_kind;

typedef struct {
    PyObject **slots; // owned
    size_t mask;      // capacity - 1; 0 while empty
    size_t count;
    struct {
        size_t asked, found;
    } uses[POOL_KINDS];
} pool;

pool_kind pool_kind_of(const pool *self, PyObject *object); // POOL_NONE: it is not for the pool
PyObject *pool_find(pool *self, pool_kind kind, PyObject *like); // a shared object, or NULL
MUST_CHECK bool pool_add(pool *self, PyObject *made);            // false: out of memory
void pool_publish(pool *self);                                   // and free
void pool_free(pool *self);

#endif
