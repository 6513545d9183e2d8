#include "bridge/transfer/handle.h"

#include <stddef.h>

#include "bridge/transfer/export.h"
#include "bridge/transfer/weak_table.h"
#include "ground/queue/queue.h"
#include "ground/base/shake.h"
#include "ground/memory/view.h"

// ---- kinds ----

void
handle_drop_interp(interp *of)
{
    bool is_last = atomic_fetch_sub(&of->handles, 1) == 1;
    if (is_last && !of->is_main && interp_get_phase(of) == INTERP_OPEN &&
        atomic_load(&of->role) == ROLE_IN_USE && !atomic_exchange(&of->is_drop_queued, true)) {
        bool is_open = export_defer(of, &of->dropped);
        (void)is_open; // else it closes now
    }
}

static void
interp_incref_any(void *record)
{
    atomic_fetch_add(&((interp *)record)->handles, 1);
    interp_incref(record);
}

static void
interp_decref_any(void *record)
{
    handle_drop_interp(record);
    interp_decref(record);
}

static hook_id
interp_class(const void *record)
{
    return HOOK_INTERPRETER;
}

static void
queue_incref_any(void *record)
{
    queue_incref(record);
}

static void
queue_decref_any(void *record)
{
    queue_decref(record);
}

static hook_id
queue_class(const void *record)
{
    switch (queue_order(record)) {
    case BACKLOG_OLDEST_FIRST:
        return HOOK_QUEUE;
    case BACKLOG_NEWEST_FIRST:
        return HOOK_LIFO_QUEUE;
    case BACKLOG_SMALLEST_FIRST:
        return HOOK_PRIORITY_QUEUE;
    }
    Py_UNREACHABLE();
}

static void
view_incref_any(void *record)
{
    view_incref(record);
}

static void
view_decref_any(void *record)
{
    view_decref(record);
}

static hook_id
buffer_class(const void *record)
{
    return HOOK_BUFFER;
}

static hook_id
atomic_int_class(const void *record)
{
    return HOOK_ATOMIC_INT;
}

static const struct {
    type_id type; // base of its handles
    void (*incref)(void *record);
    void (*decref)(void *record);
    hook_id (*class)(const void *record); // of the handles that crossing makes
} kinds[HANDLE_KINDS] = {
    [HANDLE_INTERPRETER] = {TYPE_INTERPRETER, interp_incref_any, interp_decref_any, interp_class},
    [HANDLE_QUEUE] = {TYPE_QUEUE, queue_incref_any, queue_decref_any, queue_class},
    [HANDLE_BUFFER] = {TYPE_BUFFER, view_incref_any, view_decref_any, buffer_class},
    [HANDLE_ATOMIC_INT] = {TYPE_ATOMIC_INT, view_incref_any, view_decref_any, atomic_int_class},
};

void
handle_incref(handle_kind kind, void *record)
{
    kinds[kind].incref(record);
}

void
handle_decref(handle_kind kind, void *record)
{
    kinds[kind].decref(record);
}

// ---- objects ----

bool
handle_check(const core_state *state, PyObject *object)
{
    for (int kind = 0; kind < HANDLE_KINDS; kind++) {
        if (PyObject_TypeCheck(object, state->types[kinds[kind].type])) {
            return true;
        }
    }
    return false;
}

PyObject *
handle_make(core_state *state, PyTypeObject *class, handle_kind kind, void *record_steal)
{
    handle_object *self = (handle_object *)class->tp_alloc(class, 0);
    if (self == NULL) {
        handle_decref(kind, record_steal);
        return NULL;
    }
    self->record = record_steal;
    self->kind = kind;
    self->module = Py_NewRef(state->module);
    if (!pointer_map_set(&state->handles, record_steal, self)) {
        Py_DECREF(self);
        return PyErr_NoMemory();
    }
    return (PyObject *)self;
}

PyObject *
handle_of(core_state *state, handle_kind kind, void *record)
{
    PyObject *known = weak_table_get(&state->handles, record);
    if (known != NULL) {
        return known;
    }
    PyTypeObject *class = (PyTypeObject *)state_hook(state, kinds[kind].class(record));
    if (class == NULL) {
        return NULL;
    }
    shake();
    known = weak_table_get(&state->handles, record); // the import may have let others in
    if (known != NULL) {
        return known;
    }
    handle_incref(kind, record);
    return handle_make(state, class, kind, record);
}

static void
forget(PyObject *op)
{
    const handle_object *self = (handle_object *)op;
    if (self->record != NULL) {
        core_state *state = PyModule_GetState(self->module);
        weak_table_remove(&state->handles, self->record, op);
    }
}

void
handle_release(PyObject *op)
{
    handle_object *self = (handle_object *)op;
    void *record = self->record;
    if (record != NULL) {
        forget(op);
        self->record = NULL;
        handle_decref(self->kind, record);
    }
}

int
handle_traverse(PyObject *op, visitproc visit, void *arg)
{
    Py_VISIT(Py_TYPE(op));
    Py_VISIT(((handle_object *)op)->module);
    return 0;
}

// A subclass's attributes have been cleared before; as they ended somebody may have asked for it,
// so that it is not condemned any more.
int
handle_clear(PyObject *op)
{
    if (cpython_is_condemned(op)) {
        forget(op);
    }
    return 0;
}

void
handle_dealloc(PyObject *op)
{
    handle_object *self = (handle_object *)op;
    PyTypeObject *type = Py_TYPE(op);
    PyObject *module = self->module;
    PyObject_GC_UnTrack(op);
    handle_release(op);
    if (self->weak_references != NULL) {
        PyObject_ClearWeakRefs(op);
    }
    type->tp_free(op);
    Py_XDECREF(module);
    Py_DECREF(type); // of a Python subclass too: subtype_dealloc leaves it to a heap base
}

PyMemberDef handle_members[] = {
    {"__weaklistoffset__", Py_T_PYSSIZET, offsetof(handle_object, weak_references), Py_READONLY},
    {NULL},
};
