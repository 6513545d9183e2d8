// dispatch: does an operation in the interpreter that owns its object.
//
// Threads. Under the GIL of host->interp, the owner's.
//
// Errors. NULL with an exception. `used`: what a restricted target lets through, or NULL.
#ifndef ATOLL_BRIDGE_DISPATCH_H
#define ATOLL_BRIDGE_DISPATCH_H

#include <Python.h>
#include <stdbool.h>

#include "bridge/iteration/bookmark.h"
#include "bridge/operation/arguments.h"
#include "bridge/transfer/restriction.h"

// Import "module:name.name" in the interpreter that this thread is attached to; new reference.
// Waits if another thread is importing the module.
PyObject *dispatch_find(PyObject *place);

bool dispatch_is_annotate(PyObject *object); // an __annotate__ function

// dispatch() has failed: in most formats only annotationlib can call an __annotate__ function, and
// only where its code is.
PyObject *dispatch_annotate_again(core_state *host, const operation *op,
                                  const argument_list *arguments);

// As within a `with` statement: __exit__ may raise the exception again, or ask for the current one.
PyObject *dispatch_exit(core_state *host, const operation *op, PyObject *name, restriction *used,
                        argument_list *arguments);

// The slow halves.
int dispatch_check_restricted(const operation *op, PyObject *name, restriction *used,
                              PyObject **object);
PyObject *dispatch_in_module(core_state *host, PyObject *name, argument_list *arguments,
                             size_t nargs);
PyObject *dispatch_other(core_state *host, const operation *op, PyObject *name,
                         argument_list *arguments);

static inline PyObject *
dispatch(core_state *host, const operation *op, PyObject *name, restriction *used,
         argument_list *arguments)
{
    if (LIKELY(op->target != NULL)) {
        arguments->host[1] = op->target->object;
        if (UNLIKELY(arguments->host[1] == NULL)) {
            state_raise_closed(host, op->owner);
            return NULL;
        }
        bookmark_settle(op->target);
        if (UNLIKELY(used != NULL) &&
            dispatch_check_restricted(op, name, used, &arguments->host[1]) < 0) {
            return NULL;
        }
    }
    if (LIKELY(op->kind == OPERATION_METHOD)) {
        if (UNLIKELY(PyModule_CheckExact(arguments->host[1]))) {
            return dispatch_in_module(host, name, arguments, (size_t)op->count);
        }
        return PyObject_VectorcallMethod(name, arguments->host + 1,
                                         ((size_t)op->count + 1) | PY_VECTORCALL_ARGUMENTS_OFFSET,
                                         arguments->host_names);
    }
    if (op->kind == OPERATION_GET) {
        PyObject *value = PyObject_GetAttr(arguments->host[1], name);
        return UNLIKELY(used != NULL) ? restriction_attribute(host, used, name, value) : value;
    }
    return dispatch_other(host, op, name, arguments);
}

#endif
