#include "bridge/transfer/export.h"

#include "bridge/python/cpython.h"
#include "bridge/python/objects.h"
#include "bridge/transfer/specials.h"
#include "ground/base/shake.h"

#define DEFERRED_PER_VISIT 256 // finalizers delay an innocent visitor: not for long

static export_listener listener;

void
export_listen(const export_listener *whom)
{
    listener = *whom;
}

static void
free_export(exported *self)
{
    interp *owner = self->owner;
    PyMem_RawFree(self->bookmark);
    PyMem_RawFree(self);
    interp_decref(owner);
}

static void
add_flags(const core_state *state, exported *self, PyObject *object)
{
    if (!state_is_type(state, TYPE_RESTRICTED, object)) {
        self->flags = (PyType_Check(object) ? EXPORT_CLASS : 0) |
                      (cpython_is_shared_type(self->type) ? EXPORT_SHARED_TYPE : 0);
        return;
    }
    const restricted_object *view = (restricted_object *)object;
    self->flags = EXPORT_RESTRICTED | (view->takes_exceptions ? EXPORT_TAKES_EXCEPTIONS : 0) |
                  (view->kind == VIEW_GUEST ? EXPORT_GUEST : 0) |
                  (view->kind == VIEW_TOKEN ? EXPORT_TOKEN : 0);
    // A guest is of its object's type if that type is no way to anything; of a class it is none.
    bool is_whole = view->kind == VIEW_GUEST && view->names == NULL && view->object != NULL;
    if (is_whole && !PyType_Check(view->object) && cpython_is_shared_type(Py_TYPE(view->object))) {
        self->flags |= EXPORT_SHARED_TYPE;
        self->type = Py_TYPE(view->object);
    }
}

static exported *
new_export(core_state *state, PyObject *object)
{
    exported *self = PyMem_RawCalloc(1, sizeof *self);
    if (self == NULL || !pointer_map_set(&state->exports, object, self)) {
        PyMem_RawFree(self);
        PyErr_NoMemory();
        return NULL;
    }
    self->deferred.kind = DEFERRED_DROP_EXPORT;
    self->count = 1;
    self->owner = state->interp;
    interp_incref(state->interp);
    self->object = Py_NewRef(object);
    self->address = object;
    self->type = Py_TYPE(object);
    self->generation = ++state->generation;
    if (UNLIKELY(state->exports.count > state->growth_limit)) {
        listener.note_growth(state);
    }
    add_flags(state, self, object);
    return self;
}

exported *
export_object(core_state *state, PyObject *object)
{
    exported *known = pointer_map_get(&state->exports, object);
    shake();
    return known != NULL ? export_ref(known).target : new_export(state, object);
}

// CPython calls it, under its interpreter's GIL, when a watched type is changed.
static int
on_class_changed(PyTypeObject *type)
{
    interp *here = registry_find(PyInterpreterState_Get());
    core_state *state = here == NULL ? NULL : here->core_state;
    exported *known = state == NULL ? NULL : pointer_map_get(&state->exports, type);
    if (known != NULL) {
        atomic_fetch_add_explicit(&known->changes, 1, memory_order_release);
        specials_note_change(state, known);
    }
    return 0;
}

void
export_watch_class(core_state *state, exported *class)
{
    if (state->watcher == WATCHER_NONE) {
        state->watcher = PyType_AddWatcher(on_class_changed);
    }
    if (state->watcher < 0 || PyType_Watch(state->watcher, class->object) < 0) {
        PyErr_Clear(); // all of the few watchers are taken: changes go unnoticed
        state->watcher = state->watcher < 0 ? WATCHER_REFUSED : state->watcher;
    }
}

bool
export_will_tell_changes(const core_state *state, PyTypeObject *class)
{
    bool is_immutable = class->tp_flags & Py_TPFLAGS_IMMUTABLETYPE;
    return is_immutable || (state->watcher >= 0 && PyUnstable_Type_AssignVersionTag(class));
}

void
export_make_internal(core_state *state, PyObject *object)
{
    exported *known = pointer_map_get(&state->exports, object);
    if (known != NULL && !atomic_load_explicit(&known->is_internal, memory_order_relaxed)) {
        atomic_store_explicit(&known->is_internal, true, memory_order_relaxed);
        state->internal_exports++;
    }
}

bool
export_defer(interp *owner, deferred *item)
{
    if (!deferred_push(&owner->deferred, item)) {
        return false;
    }
    listener.call_for_visit();
    return true;
}

void
export_unref(foreign_ref reference)
{
    exported *self = reference.target;
    // acquire: if it has been a deferred job before, whoever ran that is done with it (drop)
    intptr_t count = atomic_load_explicit(&self->count, memory_order_acquire);
    while (count > 1) {
        shake();
        if (atomic_compare_exchange_weak_explicit(&self->count, &count, count - 1,
                                                  memory_order_acq_rel, memory_order_acquire)) {
            return;
        }
    }
    shake();
    // The last one, and only its holder is here: the owner takes it over.
    if (!export_defer(self->owner, &self->deferred)) {
        free_export(self);
    }
}

PyObject *
export_sever(core_state *state, exported *self)
{
    PyObject *object = self->object;
    if (object != NULL) {
        pointer_map_remove(&state->exports, object);
        specials_forget(state, self);
        state->internal_exports -= atomic_load_explicit(&self->is_internal, memory_order_relaxed);
        self->object = NULL;
    }
    return object;
}

static void
drop(core_state *state, exported *self)
{
    if (atomic_fetch_sub_explicit(&self->count, 1, memory_order_acq_rel) > 1) {
        return; // exported again meanwhile
    }
    shake();
    PyObject *object = export_sever(state, self);
    free_export(self);
    Py_XDECREF(object);
}

// No deferred job is needed: its owner is here. (While it is a deferred job, that has a count of
// its own.)
void
export_unref_at_home(core_state *state, exported *self)
{
    drop(state, self);
}

static void
run(core_state *state, deferred *item)
{
    switch (item->kind) {
    case DEFERRED_DROP_EXPORT:
        drop(state, (exported *)item);
        break;
    case DEFERRED_RELEASE_BUFFER:
        listener.release_buffer(item);
        break;
    case DEFERRED_NOTE_DROPPED: // export_run_deferred does
        atomic_store(&state->interp->is_drop_queued, false);
        break;
    }
}

// Deferred jobs run Python (finalizers), which may come back here: so the list is always
// consistent.
void
export_run_deferred(core_state *state)
{
    interp *owner = state->interp;
    deferred *taken = deferred_take_all(&owner->deferred);
    while (taken != NULL) {
        deferred *next = taken->next;
        taken->next = owner->due;
        owner->due = taken;
        taken = next;
    }
    PyObject *raised = PyErr_GetRaisedException();
    for (int i = 0; i < DEFERRED_PER_VISIT && owner->due != NULL; i++) {
        deferred *item = owner->due;
        owner->due = item->next;
        shake();
        run(state, item);
    }
    PyErr_SetRaisedException(raised);
    if (owner->due != NULL) {
        interp_raise_attention(owner, ATTENTION_DEFERRED);
        listener.call_for_visit();
    }
    listener.note_dropped(state);
}

void
export_run_all_deferred(core_state *state)
{
    while (state->interp->due != NULL || deferred_is_waiting(&state->interp->deferred)) {
        export_run_deferred(state);
    }
}

void
export_drop_all(core_state *state)
{
    export_run_all_deferred(state);
    // Dropping an object may export others, or drop them: so one at a time, round and round.
    size_t position = 0;
    pointer_pair pair;
    while (state->exports.count > 0) {
        if (!pointer_map_next(&state->exports, &position, &pair)) {
            position = 0;
            continue;
        }
        PyObject *object = export_sever(state, pair.value);
        Py_DECREF(object);
    }
}
