// export: an object of one interpreter that others hold references to.
//
// Purpose. The owner's table maps the object to its one export; the export keeps the object alive.
// Elsewhere only a foreign_ref is held: a struct, so that using it as a PyObject does not compile.
//
// Lifetime. count = Proxies that hold it + references on their way. The last reference is not
// dropped where it is held but handed to the owner as a deferred job, still counted: so the owner
// may export the object again meanwhile, and the table never has an export that nobody counts.
//
// Threads. The object is touched only under the owner's GIL; the count is atomic.
#ifndef ATOLL_BRIDGE_EXPORT_H
#define ATOLL_BRIDGE_EXPORT_H

#include <Python.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "bridge/python/state.h"
#include "ground/interpreter/deferred.h"
#include "ground/interpreter/interp.h"

enum {
    EXPORT_CLASS = 1,       // the object is a class
    EXPORT_RESTRICTED = 2,  // a view (restriction.h): all that crosses for it does so closed
    EXPORT_SHARED_TYPE = 4, // its type is the same object everywhere
    EXPORT_TAKES_EXCEPTIONS =
        16,            // what it is called with: its arguments that are exceptions go by value
    EXPORT_GUEST = 32, // a view that stands for an argument of a holder's
    EXPORT_TOKEN = 64, // a view with no names
};

#define SPECIALS_WORDS 2 // of 64 bits, one for each special method

typedef struct exported {
    deferred deferred; // first: the drop of the last reference
    atomic_intptr_t count;
    interp *owner;             // counted
    PyObject *object;          // owned, under the owner's GIL; NULL once the owner has closed, or
                               // in a garbage cycle
    struct bookmark *bookmark; // owned, so too: of an iterator, or NULL
    const void *address;       // of the object: for hashing by identity
    const PyTypeObject *type;  // of the object: a key, never followed outside the owner
    uint64_t generation;       // tells exports at one address apart
    unsigned flags;            // as it was made: any thread reads them
    atomic_bool is_internal;   // atoll's own: users neither see it nor keep an interpreter by it
    atomic_uint changes;       // of a class: how often it was changed since it was described
    // Of a class, see bridge/specials.
    struct exported *next_changed; // under the owner's GIL
    bool is_changed;               // so too: it is in the list of those
    atomic_uint specials_version;
    _Atomic uint64_t present[SPECIALS_WORDS], disabled[SPECIALS_WORDS];
} exported;

typedef struct {
    exported *target;
} foreign_ref;

// What the rooms above do for exports; process_init says it before there are any.
typedef struct {
    void (*call_for_visit)(void);            // a deferred job waits, perhaps where nobody comes by
    void (*note_growth)(core_state *state);  // there are many exports
    void (*note_dropped)(core_state *state); // some may be gone
    void (*release_buffer)(deferred *item);  // a deferred job of that kind is due
} export_listener;

void export_listen(const export_listener *whom);

// All under the GIL of state->interp.
exported *export_object(core_state *state,
                        PyObject *object); // counts one reference; NULL: MemoryError
void export_watch_class(core_state *state, exported *class); // count its changes from now on
// Is a class that is watched one whose next change will be noticed? After some 1000 changes CPython
// gives it no version any more, and tells none.
bool export_will_tell_changes(const core_state *state, PyTypeObject *class);
void export_make_internal(core_state *state, PyObject *object); // which is exported
void export_run_deferred(core_state *state);                    // some of them
void export_run_all_deferred(core_state *state);                // and those that come meanwhile
// It stands for nothing any more. Returns its object, which becomes the caller's; NULL: severed.
PyObject *export_sever(core_state *state, exported *self);
void export_drop_all(core_state *state); // the interpreter closes

static inline foreign_ref
export_ref(exported *self)
{
    atomic_fetch_add_explicit(&self->count, 1, memory_order_relaxed);
    return (foreign_ref){self};
}

void export_unref_at_home(core_state *state, exported *self); // while the object is held otherwise

// Any thread, with or without a GIL.
void export_unref(foreign_ref reference);
// False: the owner takes no more, and the deferred job stays the caller's.
MUST_CHECK bool export_defer(interp *owner, deferred *item);

#endif
