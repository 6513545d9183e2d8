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
                 "holder: %s",
                 Py_TYPE(object)->tp_name, why);
    return -1;
}

// The export of what stands for an object of the reader's own, counted. 0: it does not.
static int
find_reader_object(core_state *state, const restriction *self, PyObject *object, exported **target)
{
    bool is_method = state_is_type(state, TYPE_REMOTE_METHOD, object);
    PyObject *reference = is_method ? state->references->method_owner(object) : object;
    exported *known = state->references->target(reference);
    if (known == NULL || known->owner != self->reader) {
        return 0;
    }
    if (!is_method) {
        *target = export_ref(known).target;
        return 1;
    }
    return state->references->identify(state, object, target);
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
put_by_reference(parcel *self, core_state *state, PyObject *object)
{
    exported *target = NULL;
    int is_readers = find_reader_object(state, self->restriction, object, &target);
    if (is_readers != 0) {
        return is_readers < 0 ? -1 : record_put_export(self, target);
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
        return restriction_only_advances(object) ? put_by_reference(self, state, object)
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
    }
    return put_by_reference(self, state, object);
}
