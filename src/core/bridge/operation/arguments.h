// arguments: those of one operation, on both sides.
//
// Purpose. Immutable arguments are read in place, as the caller's frame keeps them alive; others go
// in a parcel.
//
// Lifetime. On the stack. After arguments_pack, whatever it returned: arguments_free, at home.
//
// Threads. arguments_pack and _free: attached to the caller's interpreter; _unpack and _drop: to
// the owner's.
//
// Errors. -1 with an exception.
#ifndef ATOLL_BRIDGE_ARGUMENTS_H
#define ATOLL_BRIDGE_ARGUMENTS_H

#include <Python.h>
#include <stdbool.h>

#include "bridge/operation/operation.h"
#include "bridge/python/value.h"
#include "bridge/transfer/parcel.h"

#define ARGUMENTS_FEW 6 // need no memory

typedef struct {
    PyObject **host;      // [2 + count]: scratch, the object itself, then the host's arguments
    Py_ssize_t made;      // of host[2...]
    PyObject *host_names; // the host's keyword names, or NULL
    bool is_simple;       // few, plain, without keywords: what follows few_host is not in use
    bool is_exit;         // of a context manager: its exception is to be the current one
    PyObject *few_host[2 + ARGUMENTS_FEW];
    Py_ssize_t count; // keyword ones included
    bool *is_packed;  // [count]: in the parcel, not read in place
    bool few_packed[ARGUMENTS_FEW];
    parcel parcel;
} argument_list;

// The slow halves.
int arguments_pack_all(argument_list *self, core_state *home, const operation *op);
int arguments_unpack_all(argument_list *self, core_state *host, const operation *op);

static inline bool
arguments_are_simple(const operation *op)
{
    if (UNLIKELY(op->keyword_names != NULL || op->count > ARGUMENTS_FEW)) {
        return false;
    }
    for (Py_ssize_t i = 0; i < op->count; i++) {
        if (UNLIKELY(!value_is_plain(op->arguments[i]))) {
            return false;
        }
    }
    return true;
}

static inline int
arguments_pack(argument_list *self, core_state *home, const operation *op)
{
    self->host = self->few_host;
    self->made = 0;
    self->host_names = NULL;
    self->is_simple = arguments_are_simple(op);
    return LIKELY(self->is_simple) ? 0 : arguments_pack_all(self, home, op);
}

static inline int
arguments_unpack(argument_list *self, core_state *host, const operation *op)
{
    if (UNLIKELY(!self->is_simple)) {
        return arguments_unpack_all(self, host, op);
    }
    Py_ssize_t made = 0;
    while (made < op->count &&
           (self->few_host[2 + made] = value_copy(op->arguments[made])) != NULL) {
        made++;
    }
    self->made = made;
    return LIKELY(made == op->count) ? 0 : -1;
}

static inline void
arguments_drop(argument_list *self)
{
    for (Py_ssize_t i = 0; i < self->made; i++) {
        Py_DECREF(self->host[2 + i]);
    }
    Py_XDECREF(self->host_names);
}

static inline void
arguments_free(argument_list *self)
{
    if (UNLIKELY(!self->is_simple)) {
        Py_CLEAR(self->parcel.held);
        parcel_clear(&self->parcel);
        if (self->host != self->few_host) {
            PyMem_RawFree(self->host);
        }
    }
}

#endif
