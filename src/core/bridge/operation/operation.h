// operation: one thing to be done to an object of another interpreter.
//
// Purpose. Says what; bridge/crossing/perform does it. Its parts: the arguments go there
// (arguments.h), the owner does it (dispatch.h), and the answer comes back (answer.h).
//
// Lifetime. On the caller's stack, which keeps all alive that it points to.
#ifndef ATOLL_BRIDGE_OPERATION_H
#define ATOLL_BRIDGE_OPERATION_H

#include "bridge/transfer/export.h"
#include "bridge/python/state.h"

typedef enum {
    OPERATION_CALL,     // object(*arguments)
    OPERATION_METHOD,   // object.name(*arguments)
    OPERATION_SPECIAL,  // type(object).name(object, *arguments)
    OPERATION_NATIVE,   // native->run(...): a function of ours, known by that name
    OPERATION_GET,      // object.name
    OPERATION_SET,      // object.name = arguments[0]
    OPERATION_DELETE,   // del object.name
    OPERATION_FUNCTION, // name(*arguments), name being "module:function"; no object
} operation_kind;

// To be run in the host: the result, new, or NULL with an exception.
typedef struct native_call {
    PyObject *(*run)(struct native_call *self, core_state *host, exported *target,
                     PyObject *const *arguments);
} native_call;

typedef struct operation {
    operation_kind kind;
    interp *owner;    // borrowed
    exported *target; // borrowed; NULL for OPERATION_FUNCTION
    name_ref name;
    PyObject *const *arguments; // as for vectorcall
    Py_ssize_t count;           // positional ones
    PyObject *keyword_names;    // tuple, or NULL
    unsigned flags;
    struct native_call *native; // borrowed; for OPERATION_NATIVE
} operation;

enum {
    OPERATION_EXCEPTIONS_BY_VALUE = 1, // arguments that are exceptions, of restricted ones too
    OPERATION_CONTAINERS_BY_VALUE = 8, // arguments that are builtin containers
    OPERATION_PLAIN_RESULT = 2,        // str and int subclasses become str and int
    OPERATION_FUSE = 4,      // GET: do not return a bound method, only tell that it is one
    OPERATION_OPERATOR = 16, // of two operands, neither reflected nor in place
};

// What OPERATION_FUSE found out about the attribute.
typedef enum {
    ATTRIBUTE_VALUE,
    ATTRIBUTE_NEW_METHOD,   // a bound method of this object, for this time
    ATTRIBUTE_METHOD,       // a bound method, until its class is said to have changed
    ATTRIBUTE_CLASS_METHOD, // likewise, and of every object of its class: they have no dict
} attribute_kind;

static inline bool
operation_is_closed(const operation *self) // of a restricted object
{
    return self->target != NULL && (self->target->flags & EXPORT_RESTRICTED);
}

#endif
