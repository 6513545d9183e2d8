// handle: a local object that stands for a record of the whole process: Interpreter, Queue, Buffer.
//
// Purpose. Records are counted and belong to no interpreter, so a handle crosses as a pointer with
// one more count. In each interpreter a record has at most one handle object.
//
// Lifetime. A handle object holds one count of its record, until it is released: only a Buffer is.
//
// Threads. Under the GIL of state->interp.
#ifndef ATOLL_BRIDGE_HANDLE_H
#define ATOLL_BRIDGE_HANDLE_H

#include <Python.h>
#include <stdbool.h>

#include "bridge/python/state.h"

typedef enum {
    HANDLE_INTERPRETER,
    HANDLE_QUEUE,
    HANDLE_BUFFER,     // of a view
    HANDLE_ATOMIC_INT, // of a view of one item
    HANDLE_KINDS
} handle_kind;

typedef struct {
    PyObject_HEAD
    void *record;     // counted; NULL: released
    handle_kind kind; // of the record
    PyObject *module; // owned, keeps the state: the type's own reference goes when it is cleared
    PyObject *weak_references;
} handle_object;

void handle_incref(handle_kind kind, void *record);
void handle_decref(handle_kind kind, void *record);

// Give back what counted as a handle of an interpreter until the first was made. An interpreter
// that has none, and of which nothing else is held, is closed (bridge/interpreter/standby).
void handle_drop_interp(interp *of);

// This interpreter's object for a record; new reference.
PyObject *handle_of(core_state *state, handle_kind kind, void *record);

// Make an object, of a class given, the handle of a record; steals one count.
PyObject *handle_make(core_state *state, PyTypeObject *class, handle_kind kind, void *record_steal);

void handle_release(PyObject *self); // give back its count; it stands for nothing from now on

bool handle_check(const core_state *state, PyObject *object);

// What all their types have in common.
int handle_traverse(PyObject *self, visitproc visit, void *arg);
int handle_clear(PyObject *self);
void handle_dealloc(PyObject *self);
extern PyMemberDef handle_members[];

#endif
