#include "bridge/crossing/lease.h"

#include "bridge/crossing/crossing.h"
#include "bridge/transfer/error.h"
#include "bridge/transfer/parcel.h"
#include "bridge/transfer/restriction.h"

// Memory that holds objects (a NumPy array of dtype object) is not shown to other interpreters:
// they would take the objects for their own.
static bool
has_objects(const char *format)
{
    bool is_name = false; // of a field, between colons
    for (const char *each = format; each != NULL && *each != '\0'; each++) {
        is_name ^= *each == ':';
        if (*each == 'O' && !is_name) {
            return true;
        }
    }
    return false;
}

static int
refuse_objects(Py_buffer *view)
{
    if (!has_objects(view->format)) {
        return 0;
    }
    PyBuffer_Release(view);
    PyErr_SetString(PyExc_BufferError,
                    "memory that holds objects cannot be seen from another interpreter: "
                    "atoll.copy() copies it [docs: how-to/buffers]");
    return -1;
}

static lease *
make(interp *owner, PyObject *object, int flags)
{
    lease *self = PyMem_RawCalloc(1, sizeof *self);
    if (self == NULL) {
        PyErr_NoMemory();
        return NULL;
    }
    if (PyObject_GetBuffer(object, &self->view, flags) < 0 || refuse_objects(&self->view) < 0) {
        PyMem_RawFree(self);
        return NULL;
    }
    self->deferred.kind = DEFERRED_RELEASE_BUFFER;
    self->owner = owner;
    interp_incref(owner);
    atomic_fetch_add(&owner->buffers, 1);
    return self;
}

lease *
lease_take(core_state *home, exported *target, int flags)
{
    crossing over;
    crossing_result why =
        crossing_enter(&over, home->interp, target->owner, CROSSING_FOR("buffer"));
    if (why != CROSSING_OK) {
        crossing_raise(home, target->owner, why);
        return NULL;
    }
    core_state *host = target->owner->core_state;
    restriction closing = restriction_of_answer(target, home->interp);
    parcel error;
    parcel_init_closed(&error, target->flags & EXPORT_RESTRICTED ? &closing : NULL);
    lease *made = NULL;
    PyObject *object = closing.gives_guests ? closing.view->object : target->object;
    if (object != NULL) {
        made = make(target->owner, object, flags);
    }
    else {
        state_raise_closed(host, target->owner);
    }
    if (made == NULL) {
        error_pack(&error, host, 0);
    }
    error.restriction = NULL;
    crossing_leave(&over);
    if (made == NULL) {
        (void)error_raise(&error, home);
    }
    parcel_clear(&error);
    return made;
}

void
lease_release(lease *self)
{
    // It fails only in a forked child, where the owner is forgotten: lifecycle_close refuses to
    // close an interpreter with leases.
    (void)!export_defer(self->owner, &self->deferred);
}

void
lease_run(deferred *item)
{
    lease *self = (lease *)item;
    interp *owner = self->owner;
    PyBuffer_Release(&self->view);
    PyMem_RawFree(self);
    atomic_fetch_sub(&owner->buffers, 1);
    interp_decref(owner);
}
