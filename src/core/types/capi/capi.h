// capi: the functions behind atoll.h, for extension modules of others.
//
// Purpose. What Python code reaches by atoll's types, C code reaches by a table in the capsule
// `atoll._core._C_API`. The functions check what they are given, and leave the work to `bridge`.
//
// Lifetime. The table is constant; the handles of interpreters are their records, counted.
//
// Threads. As atoll.h says of each: attached to the interpreter that is named, or any.
//
// Errors. An exception if the thread is attached, and an Atoll_Status.
#ifndef ATOLL_TYPES_CAPI_H
#define ATOLL_TYPES_CAPI_H

#include <Python.h>

#define ATOLL_TYPES_ONLY
#include <../atoll/include/atoll.h> // the one header that users get, too

#include "bridge/python/state.h"

static inline interp *
capi_interp(Atoll_Interpreter *handle)
{
    return (interp *)(void *)handle;
}

static inline Atoll_Interpreter *
capi_handle(interp *of)
{
    return (Atoll_Interpreter *)(void *)of;
}

// The interpreters that this thread has asked for, in places that do not depend on which one it
// asks for: a processor goes on with the one that it expects while it still reads the thread state.
#define CAPI_KNOWN 4

typedef struct {
    unsigned version; // of the registry
    unsigned next;    // the place that is given away next
    struct {
        const PyInterpreterState *state;
        interp *record; // borrowed: it is there as long as the thread is in its interpreter
    } places[CAPI_KNOWN];
} capi_known;

extern __thread capi_known capi_known_here __attribute__((tls_model("initial-exec")));

interp *capi_find_interp(PyInterpreterState *of); // the slow half of the next

// The record of the interpreter of a thread state of this thread, borrowed; NULL: it is unknown.
static inline interp *
capi_interp_of(const PyThreadState *state)
{
    const capi_known *known = &capi_known_here;
    unsigned version = atomic_load_explicit(&registry_version, memory_order_relaxed);
    for (int i = 0; i < CAPI_KNOWN; i++) {
        if (known->places[i].state == state->interp && LIKELY(known->version == version)) {
            return known->places[i].record;
        }
    }
    return capi_find_interp(state->interp);
}

// The state of an interpreter that a function is to work in; NULL: this thread is not attached to
// it, or it is none. Then *why is set, and an exception if the thread is attached.
core_state *capi_here_slow(Atoll_Interpreter *named, int *why);

static inline core_state *
capi_here(Atoll_Interpreter *named, int *why)
{
    const PyThreadState *state = PyThreadState_GetUnchecked();
    const interp *here = capi_interp(named);
    if (LIKELY(state != NULL && here != NULL && here->python_state == state->interp &&
               interp_get_phase(here) != INTERP_CLOSED && here->core_state != NULL)) {
        return here->core_state;
    }
    return capi_here_slow(named, why);
}

// Raise an exception if this thread is attached. Returns `why`.
int capi_fail(int why, PyObject *type, const char *text);

// As capi_here, for something that is to be used there, and must not be NULL.
static inline core_state *
capi_here_with(Atoll_Interpreter *named, const void *needed, const char *missing, int *why)
{
    core_state *state = capi_here(named, why);
    if (UNLIKELY(state != NULL && needed == NULL)) {
        *why = capi_fail(ATOLL_ERROR_ARGUMENT, PyExc_ValueError, missing);
        return NULL;
    }
    return state;
}

// interpreters
Atoll_Interpreter *capi_current(void);
Atoll_Interpreter *capi_main(void);
Atoll_Interpreter *capi_of_thread(unsigned long ident);
Atoll_Interpreter *capi_of_object(Atoll_Interpreter *here, PyObject *object);
PyObject *capi_to_object(Atoll_Interpreter *here, Atoll_Interpreter *which);
void capi_hold(Atoll_Interpreter *which);
void capi_release(Atoll_Interpreter *which);
int64_t capi_id(Atoll_Interpreter *which);
const char *capi_name(Atoll_Interpreter *which);
int capi_state(Atoll_Interpreter *which);

// visits
int capi_enter(Atoll_Interpreter *which, Atoll_Visit *visit);
int capi_enter_within(Atoll_Interpreter *which, Atoll_Visit *visit, double seconds);
int capi_leave(Atoll_Visit *visit);

// references
int capi_export(Atoll_Interpreter *here, PyObject *object, Atoll_Ref *reference);
PyObject *capi_resolve(Atoll_Interpreter *here, Atoll_Ref reference);
void capi_hold_ref(Atoll_Ref reference);
void capi_release_ref(Atoll_Ref reference);
Atoll_Interpreter *capi_owner(Atoll_Ref reference);
PyObject *capi_call(Atoll_Interpreter *here, Atoll_Ref target, PyObject *name,
                    PyObject *const *arguments, size_t count, PyObject *keyword_names);
PyObject *capi_call_function(Atoll_Interpreter *here, Atoll_Interpreter *where, PyObject *name,
                             PyObject *const *arguments, size_t count, PyObject *keyword_names);
PyObject *capi_get_attr(Atoll_Interpreter *here, Atoll_Ref target, PyObject *name);
int capi_set_attr(Atoll_Interpreter *here, Atoll_Ref target, PyObject *name, PyObject *value);

// memory
PyObject *capi_share(Atoll_Interpreter *here, PyObject *object);
int capi_is_shared(Atoll_Interpreter *here, PyObject *object);
PyObject *capi_wrap_memory(Atoll_Interpreter *here, void *data, size_t size, int is_readonly,
                           void (*free)(void *context), void *context);
PyObject *capi_new_atomic_int(Atoll_Interpreter *here, int64_t value);
Atoll_Cell *capi_cell(Atoll_Interpreter *here, PyObject *atomic_int);
void *capi_slot(Atoll_Interpreter *here, Atoll_Slot *slot);

#endif
