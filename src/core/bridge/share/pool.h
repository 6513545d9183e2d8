// pool: finds small values that are shared already, so that equal ones are kept once.
//
// Purpose. A string, bytes, int or float needs no memory if an equal one of the same type is shared
// already. Both the pool of the process and that of one share() are limited in size, and if most
// values of a type turn out to be new, the rest of them are not looked for: then equal ones may be
// shared more than once.
//
// Lifetime. The process's pool refers to shared objects only, which are immortal. The pool of one
// share() is published when that has succeeded.
//
// Threads. The process's pool is lock-free; that of one share() belongs to its caller.
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

pool_kind pool_kind_of(const pool *self, PyObject *object);      // POOL_NONE: do not look for it
PyObject *pool_find(pool *self, pool_kind kind, PyObject *like); // a shared object, or NULL
MUST_CHECK bool pool_add(pool *self, PyObject *made);            // false: out of memory
void pool_publish(pool *self);                                   // and free
void pool_free(pool *self);

#endif
