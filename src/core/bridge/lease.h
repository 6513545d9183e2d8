// lease: a buffer of an object in another interpreter, in use here.
//
// Lifetime. Made in the owner, released there as an errand. While one is out, its interpreter
// cannot close: the memory is the owner's.
#ifndef ATOLL_BRIDGE_LEASE_H
#define ATOLL_BRIDGE_LEASE_H

#include <Python.h>

#include "ground/errand.h"
#include "ground/interp.h"

typedef struct {
    errand errand;  // first
    Py_buffer view; // the owner's
    interp *owner;  // counted
} lease;

lease *lease_new(interp *owner, PyObject *object, int flags); // in the owner; NULL: exception
void lease_release(lease *self);                              // any thread
void lease_run(lease *self);                                  // in the owner: its errand

#endif
