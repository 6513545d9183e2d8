#include "bridge/share/share.h"

#include <stddef.h>

#include "bridge/share/atom.h"
#include "bridge/share/frozendict.h"
#include "bridge/share/shared_set.h"
#include "bridge/python/value.h"
#include "ground/base/pointer_map.h"

// The hash of a container that contains itself: computing it would never end.
#define ENDLESS_HASH 590923713

typedef enum { BRANCH_TUPLE, BRANCH_SET, BRANCH_DICT } branch_kind;

// A container whose items are being shared. Its source is borrowed from what contains it.
typedef struct {
    branch_kind kind;
    PyObject *source;
    PyObject *dict; // of a dict: the source, or the dict inside a frozendict
    PyObject *made;
    size_t dicts;        // how many of the branches down to this one are dicts
    Py_ssize_t position; // of the next item in source
    Py_ssize_t count;    // of items taken from source
    PyObject *
        *items;      // of a tuple: its items; of a set: owned; of a dict: where the latest key goes
    PyObject *key;   // the latest in source
    PyObject *value; // of that key, if it is still to be shared
    bool has_unknown; // the hash of an item is not known
    void *table;      // of a dict
    cpython_table_shape shape;
} branch;

typedef struct {
    core_state *state;
    bool may_freeze;
    share_arena arena;
    pointer_map known; // source -> shared, for sources that may be met again
    branch *branches;  // owned; the innermost is the last
    size_t depth, capacity;
} sharing;

// ---- errors ----

// (index,) in a sequence, (None, key) for a dict's value, ("key", key) or ("item", item) for a key
// or a set's item.
static PyObject *
step_into(const branch *self, PyObject *culprit)
{
    if (self->kind == BRANCH_TUPLE) {
        return Py_BuildValue("(n)", self->count - 1);
    }
    if (self->kind == BRANCH_SET) {
        return Py_BuildValue("sO", "item", culprit);
    }
    return self->value == NULL ? Py_BuildValue("OO", Py_None, self->key)
                               : Py_BuildValue("sO", "key", culprit);
}

// Sets the exception that HOOK_SHARE_ERROR makes of the path and the object; returns -1.
static int
refuse(const sharing *self, PyObject *culprit, bool is_cycle)
{
    PyObject *path = PyList_New(0);
    for (size_t i = 0; path != NULL && i < self->depth; i++) {
        PyObject *inner = i + 1 < self->depth ? self->branches[i + 1].source : culprit;
        PyObject *step = step_into(&self->branches[i], inner);
        if (step == NULL || PyList_Append(path, step) < 0) {
            Py_CLEAR(path);
        }
        Py_XDECREF(step);
    }
    PyObject *hook = path == NULL ? NULL : state_hook(self->state, HOOK_SHARE_ERROR);
    PyObject *error =
        hook == NULL ? NULL : PyObject_CallFunction(hook, "OOi", path, culprit, (int)is_cycle);
    Py_XDECREF(path);
    if (error != NULL) {
        PyErr_SetRaisedException(error);
    }
    return -1;
}

// ---- hashes ----

// Is the hash known, so that asking for it is cheap and writes nothing?
static bool
knows_hash(PyObject *shared)
{
    PyTypeObject *type = Py_TYPE(shared);
    if (type == &PyTuple_Type) {
#if CPYTHON_TUPLES_KEEP_HASH
        return ((PyTupleObject *)shared)->ob_hash != -1 || PyTuple_GET_SIZE(shared) == 0;
#else
        return PyTuple_GET_SIZE(shared) == 0;
#endif
    }
    if (type == &shared_set_type) {
        return ((PySetObject *)shared)->hash != -1;
    }
    return type != &frozendict_type || *frozendict_kept_hash(shared) != -1;
}

static Py_hash_t
hash_or_endless(PyObject *made, bool is_known)
{
    return is_known ? PyObject_Hash(made) : ENDLESS_HASH;
}

// ---- branches ----

static branch *
push(sharing *self)
{
    if (self->depth == self->capacity) {
        size_t capacity = self->capacity == 0 ? 16 : 2 * self->capacity;
        branch *branches = PyMem_RawRealloc(self->branches, capacity * sizeof *branches);
        if (branches == NULL) {
            return (branch *)PyErr_NoMemory();
        }
        self->branches = branches;
        self->capacity = capacity;
    }
    branch *top = &self->branches[self->depth++];
    *top = (branch){0};
    return top;
}

static bool
remember(sharing *self, PyObject *source, PyObject *made)
{
    if (Py_REFCNT(source) > 1 && !pointer_map_set(&self->known, source, made)) {
        PyErr_NoMemory();
        return false;
    }
    return true;
}

// A word in a made tuple's GC head, which the collector never uses: the depth of its branch while
// its items are being shared, else zero.
static uintptr_t *
open_mark(PyObject *tuple)
{
    return (uintptr_t *)(void *)tuple - 1;
}

static PyObject *
open_tuple(sharing *self, branch *top, Py_ssize_t count)
{
    size_t size = offsetof(PyTupleObject, ob_item) + (size_t)count * sizeof(PyObject *);
    PyObject *made = share_arena_container(&self->arena, SHARED_TUPLE, &PyTuple_Type, size);
    if (made != NULL) {
        ((PyVarObject *)made)->ob_size = count;
        top->items = ((PyTupleObject *)made)->ob_item;
        *open_mark(made) = self->depth;
#if CPYTHON_TUPLES_KEEP_HASH
        ((PyTupleObject *)made)->ob_hash = -1;
#endif
    }
    return made;
}

static PyObject *
open_set(sharing *self, branch *top)
{
    size_t count = (size_t)PySet_GET_SIZE(top->source);
    top->items = PyMem_RawCalloc(count + 1, sizeof *top->items);
    if (top->items == NULL) {
        return PyErr_NoMemory();
    }
    return share_arena_container(&self->arena, SHARED_FROZENSET, &shared_set_type,
                                 sizeof(PySetObject));
}

static bool
has_only_strings(PyObject *dict)
{
    Py_ssize_t position = 0;
    PyObject *key;
    while (PyDict_Next(dict, &position, &key, NULL)) {
        if (!PyUnicode_CheckExact(key)) {
            return false;
        }
    }
    return true;
}

static PyObject *
open_dict(sharing *self, branch *top)
{
    top->dict =
        Py_IS_TYPE(top->source, &frozendict_type) ? frozendict_dict(top->source) : top->source;
    Py_ssize_t count =
        ((PyDictObject *)top->dict)->ma_used; // PyDict_GET_SIZE would refuse a builtin frozendict
    top->shape = cpython_table_shape_of(count, has_only_strings(top->dict));
    top->table = share_arena_raw(&self->arena, top->shape.size);
    if (top->table == NULL) {
        return NULL;
    }
    PyObject *made = share_arena_container(&self->arena, SHARED_FROZENDICT, &frozendict_type,
                                           (size_t)frozendict_type.tp_basicsize);
    if (made != NULL) {
        *frozendict_kept_hash(made) = -1;
    }
    return made;
}

// A dict is filled when its branch is closed, so that one that contains itself works.
static int
open_branch(sharing *self, branch_kind kind, PyObject *source, PyObject **where)
{
    branch *top = push(self);
    if (top == NULL) {
        return -1;
    }
    top->kind = kind;
    top->dicts = (self->depth > 1 ? top[-1].dicts : 0) + (kind == BRANCH_DICT);
    top->source = source;
    top->made = kind == BRANCH_TUPLE ? open_tuple(self, top, Py_SIZE(source))
                : kind == BRANCH_SET ? open_set(self, top)
                                     : open_dict(self, top);
    *where = top->made;
    return top->made != NULL && remember(self, source, top->made) ? 0 : -1;
}

static int
close_tuple(branch *top)
{
    *open_mark(top->made) = 0;
#if CPYTHON_TUPLES_KEEP_HASH
    Py_hash_t hash = hash_or_endless(top->made, !top->has_unknown);
    if (hash == -1) {
        return -1;
    }
    ((PyTupleObject *)top->made)->ob_hash = hash;
#endif
    return 0;
}

// Lets CPython make the table, which refers to shared objects only, and copies it.
static int
close_set(sharing *self, branch *top)
{
    PySetObject *made = (PySetObject *)top->made;
    PyObject *ordinary = PyFrozenSet_New(NULL);
    for (Py_ssize_t i = 0; ordinary != NULL && i < top->count; i++) {
        if (PySet_Add(ordinary, top->items[i]) < 0) {
            Py_CLEAR(ordinary);
        }
    }
    if (ordinary == NULL) {
        return -1;
    }
    const PySetObject *model = (PySetObject *)ordinary;
    size_t size = (size_t)(model->mask + 1) * sizeof(setentry);
    made->fill = model->fill;
    made->used = model->used;
    made->mask = model->mask;
    made->hash = -1;
    bool is_small = model->table == model->smalltable;
    made->table = is_small ? made->smalltable : share_arena_raw(&self->arena, size);
    if (made->table != NULL) {
        memcpy(made->table, model->table, size);
    }
    Py_DECREF(ordinary);
    return made->table == NULL || PyObject_Hash(top->made) == -1 ? -1 : 0;
}

static int
close_dict(sharing *self, branch *top)
{
    if (cpython_table_finish(top->table, top->shape, top->count) < 0 ||
        frozendict_fill(&self->arena, top->made, top->table, top->count) < 0) {
        return -1;
    }
    if (top->has_unknown && !CPYTHON_TUPLES_KEEP_HASH) {
        return 0; // it contains a tuple, which keeps no hash: compute it at each use
    }
    Py_hash_t hash = hash_or_endless(top->made, !top->has_unknown);
    if (hash == -1) {
        return -1;
    }
    *frozendict_kept_hash(top->made) = hash;
    return 0;
}

// Call for a container that has become an item of the innermost branch.
static void
note_hash(sharing *self, PyObject *item)
{
    if (self->depth > 0) {
        self->branches[self->depth - 1].has_unknown |= !knows_hash(item);
    }
}

static int
close_branch(sharing *self)
{
    branch *top = &self->branches[self->depth - 1];
    int result = top->kind == BRANCH_TUPLE ? close_tuple(top)
                 : top->kind == BRANCH_SET ? close_set(self, top)
                                           : close_dict(self, top);
    if (top->kind == BRANCH_SET) {
        PyMem_RawFree(top->items);
    }
    self->depth--;
    note_hash(self, top->made);
    return result;
}

// ---- items ----

static bool
next_in_dict(branch *self, PyObject **item, PyObject ***where)
{
    if (self->value != NULL) {
        *item = self->value;
        *where = cpython_table_value(self->items);
        self->value = NULL;
        return true;
    }
    bool is_found = PyDict_Next(self->dict, &self->position, &self->key, &self->value);
    if (is_found) {
        *item = self->key;
        self->items = *where = cpython_table_key(self->table, self->shape, self->count++);
    }
    return is_found;
}

// The next item of the innermost branch, and where its shared copy goes; false: there is none.
static bool
next_item(branch *self, PyObject **item, PyObject ***where)
{
    if (self->kind == BRANCH_DICT) {
        return next_in_dict(self, item, where);
    }
    bool is_found;
    if (self->kind == BRANCH_SET) {
        is_found = value_next_in_set(self->source, &self->position, item);
    }
    else {
        is_found = self->position < Py_SIZE(self->source);
        if (is_found) {
            *item = PySequence_Fast_GET_ITEM(self->source, self->position++);
        }
    }
    if (is_found) {
        *where = &self->items[self->count++];
    }
    return is_found;
}

// Does a tuple contain itself, and not through a dict? It would be of no use: its hash never ends.
static bool
is_endless_tuple(const sharing *self, PyObject *made)
{
    uintptr_t depth = *open_mark(made);
    return depth != 0 && self->branches[depth - 1].dicts == self->branches[self->depth - 1].dicts;
}

static int
share_container(sharing *self, branch_kind kind, PyObject *source, PyObject **where)
{
    PyObject *known = Py_REFCNT(source) > 1 ? pointer_map_get(&self->known, source) : NULL;
    if (known == NULL) {
        return open_branch(self, kind, source, where);
    }
    if (kind == BRANCH_TUPLE && is_endless_tuple(self, known)) {
        return refuse(self, source, true);
    }
    *where = known;
    note_hash(self, known);
    return 0;
}

static int
share_atom(sharing *self, PyObject *source, PyObject *model, PyObject **where)
{
    pool_kind kind = pool_kind_of(&self->arena.pool, model);
    bool may_come_again = kind == POOL_NONE && Py_REFCNT(source) > 1;
    *where = may_come_again ? pointer_map_get(&self->known, source) : NULL;
    if (*where == NULL) {
        *where = atom_share(&self->arena, kind, model);
        if (*where == NULL) {
            return PyErr_Occurred() ? -1 : refuse(self, source, false);
        }
        if (may_come_again && !remember(self, source, *where)) {
            return -1;
        }
    }
    return 0;
}

static int
share_bytearray(sharing *self, PyObject *source, PyObject **where)
{
    PyObject *bytes =
        PyBytes_FromStringAndSize(PyByteArray_AS_STRING(source), PyByteArray_GET_SIZE(source));
    if (bytes == NULL) {
        return -1;
    }
    int result = 0;
    *where = bytes;
    if (!atom_is_shared(bytes)) {
        result = share_atom(self, source, bytes, where);
    }
    Py_DECREF(bytes);
    return result;
}

static int
share_item(sharing *self, PyObject *source, PyObject **where)
{
    PyTypeObject *type = Py_TYPE(source);
    if (atom_is_shared(source)) {
        *where = source;
        note_hash(self, source);
        return 0;
    }
    if (type == &PyTuple_Type) {
        return share_container(self, BRANCH_TUPLE, source, where);
    }
    if (type == &PyDict_Type || type == &frozendict_type) {
        return share_container(self, BRANCH_DICT, source, where);
    }
    if (type == &PyFrozenSet_Type || type == &shared_set_type) {
        return share_container(self, BRANCH_SET, source, where);
    }
    if (self->may_freeze && type == &PyList_Type) {
        return share_container(self, BRANCH_TUPLE, source, where);
    }
    if (self->may_freeze && type == &PySet_Type) {
        return share_container(self, BRANCH_SET, source, where);
    }
    if (self->may_freeze && type == &PyByteArray_Type) {
        return share_bytearray(self, source, where);
    }
    return share_atom(self, source, source, where);
}

// ---- all of it ----

static int
share_all(sharing *self, PyObject *source, PyObject **result)
{
    PyObject *item = source, **where = result;
    if (share_item(self, item, where) < 0) {
        return -1;
    }
    while (self->depth > 0) {
        bool is_found = next_item(&self->branches[self->depth - 1], &item, &where);
        if ((is_found ? share_item(self, item, where) : close_branch(self)) < 0) {
            return -1;
        }
    }
    return 0;
}

static void
free_branches(sharing *self)
{
    for (size_t i = 0; i < self->depth; i++) {
        if (self->branches[i].kind == BRANCH_SET) {
            PyMem_RawFree(self->branches[i].items);
        }
    }
    PyMem_RawFree(self->branches);
}

PyObject *
share_object(core_state *state, PyObject *source, bool may_freeze)
{
    sharing self = {.state = state, .may_freeze = may_freeze};
    PyObject *result = NULL;
    bool is_done = share_all(&self, source, &result) == 0;
    if (is_done) {
        share_arena_keep(&self.arena);
    }
    else {
        share_arena_drop(&self.arena);
    }
    free_branches(&self);
    pointer_map_free(&self.known);
    return is_done ? result : NULL;
}
