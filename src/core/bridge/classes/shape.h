// shape: how the instances of a class that cannot change are taken apart and put together.
//
// Purpose. Named tuples, struct sequences and frozen dataclasses cross as tuples do: element by
// element, into a new instance of the class that has the same name there. Members of enumerations
// cross by their names. None of the class's own code takes part. atoll._transfer.shapes says, once
// for each class, what its shape is.
//
// A shape is known everywhere by a text, and that by a number (ground/base/names). Who has found
// the class of a number keeps it, and says so in its interp: from then on instances come to it
// without anything that tells what they are of.
//
// Lifetime. A shape is counted; it borrows its type, and is looked up by an instance or with it.
//
// Threads. Under the GIL of state->interp.
#ifndef ATOLL_BRIDGE_SHAPE_H
#define ATOLL_BRIDGE_SHAPE_H

#include <Python.h>
#include <stdbool.h>

#include "bridge/python/cpython.h"
#include "bridge/python/state.h"
#include "ground/base/names.h"

#define SHAPE_SLOTS_MAX 16 // with more an instance goes by reference

// As in atoll._transfer.shapes.
typedef enum {
    SHAPE_ITEMS,    // a named tuple
    SHAPE_SEQUENCE, // a struct sequence
    SHAPE_FIELDS,   // a frozen dataclass
    SHAPE_MEMBER,   // a member of an Enum
    SHAPE_FLAG,     // of a Flag, or a combination
} shape_kind;

typedef struct shape {
    Py_ssize_t references;
    PyTypeObject *type; // borrowed
    shape_kind kind;
    int32_t number;        // of `known_as`; NAME_NONE: there was no room
    PyObject *known_as;    // owned
    PyObject *path;        // owned tuple: a module, and the names that lead from it to the class;
                           // None: it crosses by value
    unsigned epoch;        // of twins, up to which its module is known to be the same
    PyObject *namespace;   // borrowed from that module
    Py_ssize_t position;   // of the first of the names in the namespace
    PyObject *key;         // owned: that name, as it is there; NULL: it was not looked for yet
    PyObject *definition;  // owned: what it is made of where it is not yet; None: it is imported
    PyObject *names;       // owned tuple: the fields in an instance's dict
    cpython_places places; // of these
    Py_ssize_t slot_count;
    Py_ssize_t slots[]; // offsets in an instance
} shape;

// How instances of a type cross.
typedef struct {
    bool is_dumped;
    shape *shape; // borrowed; NULL: by reference, unless it is dumped
} value_rule;

static inline rule_cache_entry *
shape_rule_entry(core_state *state, const PyTypeObject *type)
{
    return &state->rule_cache[((uintptr_t)type >> 6) % RULE_CACHE_SIZE];
}

static inline bool
shape_rule_is_current(const rule_cache_entry *entry, const PyTypeObject *type)
{
    return entry->type == type && entry->version == type->tp_version_tag && entry->version != 0 &&
           entry->epoch == names_value_epoch();
}

MUST_CHECK int shape_rule_of(core_state *state, PyTypeObject *type, value_rule *rule);

// The shape, borrowed, of a type whose rule has been asked before; NULL says nothing.
static inline shape *
shape_known(core_state *state, const PyTypeObject *type)
{
    const rule_cache_entry *entry = shape_rule_entry(state, type);
    return LIKELY(shape_rule_is_current(entry, type)) ? entry->shape : NULL;
}

// Is its class still what its name gives?
bool shape_is_current(core_state *state, shape *self);

static inline shape *
shape_ref(shape *self)
{
    self->references++;
    return self;
}

void shape_unref(shape *self);

// The shape, counted, of the class that is known so here. NULL without an exception: there is
// none.
shape *shape_by_number(core_state *state, int32_t number);
// By import, or made of its definition; NULL without an exception as well.
shape *shape_find(core_state *state, PyObject *known_as, PyObject *definition);

static inline PyObject **
shape_slot(const shape *self, PyObject *object, Py_ssize_t index)
{
    return (PyObject **)(void *)((char *)object + self->slots[index]);
}

// Note where an instance that has all fields, and nothing else, keeps those of its dict. `values`:
// of its slots, which are not looked at, and of these fields.
void shape_find_places(shape *self, PyObject *object, PyObject *const *values);

// Of a struct sequence: also the fields that are not among its items; -1: unknown.
Py_ssize_t shape_field_count(PyTypeObject *type);

// The dict of an instance, new reference; NULL without an exception: it has none.
PyObject *shape_dict(PyObject *object);

void shape_forget_all(core_state *state);
MUST_CHECK int shape_traverse_all(core_state *state, visitproc visit, void *arg);

#endif
