#include "bridge/lease.h"

#include "bridge/janitor.h"

lease *
lease_new(interp *owner, PyObject *object, int flags)
{
    lease *self = PyMem_RawCalloc(1, sizeof *self);
    if (self == NULL) {
        PyErr_NoMemory();
        return NULL;
    }
    if (PyObject_GetBuffer(object, &self->view, flags) < 0) {
        PyMem_RawFree(self);
        return NULL;
    }
    self->errand.kind = ERRAND_RELEASE_BUFFER;
    self->owner = owner;
    interp_incref(owner);
    atomic_fetch_add(&owner->buffers, 1);
    return self;
}

void
lease_release(lease *self)
{
    // A closed owner cannot be (interpreter_close refuses), but a forked child forgets its
    // parent's.
    if (errand_push(&self->owner->errands, &self->errand)) {
        janitor_notify();
    }
}

void
lease_run(lease *self)
{
    interp *owner = self->owner;
    PyBuffer_Release(&self->view);
    PyMem_RawFree(self);
    atomic_fetch_sub(&owner->buffers, 1);
    interp_decref(owner);
}
