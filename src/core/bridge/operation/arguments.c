#include "bridge/operation/arguments.h"

#include "bridge/transfer/restriction.h"

static int
arguments_reserve(argument_list *self, const operation *op)
{
    self->count = op->count + (op->keyword_names ? PyTuple_GET_SIZE(op->keyword_names) : 0);
    self->is_packed = self->few_packed;
    if (self->count > ARGUMENTS_FEW) {
        size_t count = (size_t)self->count;
        self->host = PyMem_RawMalloc((2 + count) * sizeof *self->host + count);
        if (self->host == NULL) {
            self->host = self->few_host;
            PyErr_NoMemory();
            return -1;
        }
        self->is_packed = (bool *)(self->host + 2 + count);
    }
    return 0;
}

static bool
is_throw(PyObject *name)
{
    Py_ssize_t length = PyUnicode_GET_LENGTH(name);
    return (length == 5 && PyUnicode_EqualToUTF8(name, "throw")) ||
           (length == 6 && PyUnicode_EqualToUTF8(name, "athrow"));
}

static bool
takes_exceptions(const operation *op)
{
    return (op->flags & OPERATION_EXCEPTIONS_BY_VALUE) ||
           (op->target != NULL && (op->target->flags & EXPORT_TAKES_EXCEPTIONS)) ||
           (op->kind == OPERATION_METHOD && is_throw(op->name.text));
}

// Does it end with what sys.exc_info() returns, as a call of __exit__ does, whatever its name?
static bool
is_exit(const operation *op)
{
    if (op->count < 3) {
        return false;
    }
    PyObject *const *last = op->arguments + op->count - 3;
    return PyExceptionInstance_Check(last[1]) && (PyObject *)Py_TYPE(last[1]) == last[0];
}

NOINLINE int
arguments_pack_all(argument_list *self, core_state *home, const operation *op)
{
    unsigned flags = (takes_exceptions(op) ? PARCEL_EXCEPTIONS_BY_VALUE : 0) |
                     (op->flags & OPERATION_CONTAINERS_BY_VALUE ? PARCEL_CONTAINERS_BY_VALUE : 0);
    restriction closing;
    flags |= PARCEL_IN_PLACE;
    parcel_init(&self->parcel);
    if (UNLIKELY(operation_is_closed(op))) {
        closing = restriction_of_arguments(op->target);
        parcel_init_closed(&self->parcel, &closing);
    }
    self->is_exit = is_exit(op);
    self->parcel.reader = op->owner;
    int result = arguments_reserve(self, op);
    for (Py_ssize_t i = 0; result == 0 && i < self->count; i++) {
        self->is_packed[i] = !value_is_plain(op->arguments[i]);
        if (self->is_packed[i]) {
            result = parcel_put_item(&self->parcel, home, op->arguments, i, flags);
        }
    }
    self->parcel.restriction = NULL;
    return result;
}

// Keyword names in a call are always interned, and some functions compare their addresses.
static PyObject *
copy_names(PyObject *foreign_names)
{
    PyObject *names = value_copy(foreign_names);
    for (Py_ssize_t i = 0; names != NULL && i < PyTuple_GET_SIZE(names); i++) {
        PyUnicode_InternInPlace(&((PyTupleObject *)names)->ob_item[i]);
    }
    return names;
}

NOINLINE int
arguments_unpack_all(argument_list *self, core_state *host, const operation *op)
{
    for (Py_ssize_t i = 0; i < self->count; i++) {
        PyObject *argument =
            self->is_packed[i] ? parcel_get(&self->parcel, host) : value_copy(op->arguments[i]);
        if (argument == NULL) {
            return -1;
        }
        self->host[2 + self->made++] = argument;
    }
    if (op->keyword_names != NULL) {
        self->host_names = copy_names(op->keyword_names);
        return self->host_names == NULL ? -1 : 0;
    }
    return 0;
}
