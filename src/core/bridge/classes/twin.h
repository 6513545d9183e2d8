// twin: the class here that is, to people, the same as one of another interpreter.
//
// Purpose. Elsewhere a class is known by its identity: a type that all interpreters share; or the
// names of its module and of itself and the origin of the module, if these names give that very
// class; or the id of a class that crosses by value. Its twin is the class here of an equal
// identity, where that is loaded: nothing is imported, and no code of users runs, to find it.
//
// Lifetime. What was found stays true until the epoch of the interpreter changes: a module was
// loaded, reloaded or taken out of sys.modules, or a class has come or gone by value. That a name
// of a module was given to another class is not noticed.
//
// Threads. Under the GIL of state->interp; twin_epoch by anybody.
#ifndef ATOLL_BRIDGE_TWIN_H
#define ATOLL_BRIDGE_TWIN_H

#include <Python.h>

#include "bridge/python/state.h"

void twin_watch(core_state *state); // count what may change twins, from now on
void twin_unwatch(core_state *state);

// 0: nobody counts.
static inline unsigned
twin_epoch(const interp *of)
{
    return atomic_load_explicit(&of->twin_epoch, memory_order_acquire);
}

void twin_note_change(core_state *state);

// New reference. NULL without an exception: there is none.
PyObject *twin_find(core_state *state, PyObject *identity);
// As that, while `name` is about to become `module` in sys.modules (NULL: to go). Of that module's
// classes only: of others it returns `known`.
PyObject *twin_find_in(core_state *state, PyObject *identity, PyObject *known, PyObject *name,
                       PyObject *module);

#endif
