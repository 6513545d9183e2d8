// What a closed parcel carries besides immutable builtins (restriction.h). Nothing of it is taken
// apart or rebuilt by anybody's code.
#include "bridge/python/cpython.h"
#include "bridge/transfer/error.h"
#include "bridge/transfer/export.h"
#include "bridge/transfer/record.h"
#include "bridge/transfer/restriction.h"

static int
refuse_copy(PyObject *object, const char *why)
{
    PyErr_Format(PyExc_TypeError,
                 "a '%.200s' cannot be copied between a restricted object and its "
                 "holder: %s [docs: how-to/restrict]",
                 Py_TYPE(object)->tp_name, why);
    return -1;
}

// Does it stand for an object of the reader's own?
static bool
is_readers(core_state *state, const restriction *self, PyObject *object)
{
    const exported *known = state->references->target(object);
    return known != NULL && known->owner == self->reader;
}

// What throw() and __exit__() are given.
static int
put_exception(parcel *self, core_state *state, PyObject *exception)
{
    PyObject *arguments = NULL;
    PyObject *type = error_reduce(state, exception, &arguments);
    int result = type == NULL ? -1 : record_put_exception(self, state, type, arguments);
    Py_XDECREF(arguments);
    return result;
}

static int
put_by_reference(parcel *self, core_state *state, PyObject *object, unsigned flags)
{
    if (is_readers(state, self->restriction, object)) {
        return record_put_export(self, export_ref(state->references->target(object)).target);
    }
    // The reader says what its method is, maybe an object of the packer's: that is narrowed.
    if (state_is_type(state, TYPE_REMOTE_METHOD, object) &&
        is_readers(state, self->restriction, state->references->method_owner(object))) {
        return record_put_method(self, state, object, flags);
    }
    PyObject *view = restriction_narrow(state, self->restriction, object);
    int result = view == NULL ? -1 : record_put_export(self, export_object(state, view));
    Py_XDECREF(view);
    return result;
}

static int
put_copy(parcel *self, core_state *state, PyObject *object)
{
    int is_container = record_put_container(self, state, object);
    if (is_container == 0) {
        return restriction_only_advances(state, object)
                   ? put_by_reference(self, state, object, 0)
                   : refuse_copy(object, "it is of no builtin type");
    }
    return is_container < 0 ? -1 : 0;
}

int
record_put_closed(parcel *self, core_state *state, PyObject *object, unsigned flags)
{
    if (state_is_type(state, TYPE_MARK, object)) {
        if (((mark_object *)object)->by_value) {
            return refuse_copy(((mark_object *)object)->object, "only restrict() says what is");
        }
        object = ((mark_object *)object)->object;
    }
    if (self->restriction->rule == Py_True) {
        return put_copy(self, state, object);
    }
    if (flags & PARCEL_EXCEPTIONS_BY_VALUE) {
        if (PyExceptionInstance_Check(object)) {
            return put_exception(self, state, object);
        }
        if (PyExceptionClass_Check(object)) {
            return parcel_put(self, state, error_nearest_type((PyTypeObject *)object), 0);
        }
        if (PyTraceBack_Check(object)) { // of frames of the packer's
            return parcel_put(self, state, Py_None, 0);
        }
    }
    return put_by_reference(self, state, object, flags);
}
