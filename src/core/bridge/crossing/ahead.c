#include "bridge/crossing/ahead.h"

#include "bridge/crossing/crossing.h"
#include "bridge/crossing/perform.h"
#include "bridge/iteration/iterators.h"
#include "bridge/python/value.h"
#include "bridge/iteration/bookmark.h"
#include "bridge/iteration/entries.h"
#include "bridge/transfer/parcel.h"

#define FEW_ITEMS   7    // in the first batch
#define GROWTH      8    // of the next, if all of one was taken
#define MOST_BYTES  8192 // of packed items, since it may be in vain
#define LIGHT_BYTES 512  // of one item
#define LIGHT_ITEMS 8    // of a tuple
#define LIGHT_DEPTH 2    // of tuples in tuples

struct ahead_batch {
    native_call call; // first: what the owner runs to fill it
    parcel items;
    struct bookmark *bookmark; // of the iterator
    uint64_t claim;            // the next one
    unsigned departures;       // the owner's after this thread left it
    int count, taken;
    int wanted;          // at most
    bool is_fixed;       // the container cannot change
    Py_ssize_t position; // in a dict, after the last entry
};

// ---- in the host ----

// A value that costs little to pack in vain; nothing that it consists of is a reference.
static bool
is_light(PyObject *object, int depth)
{
    PyTypeObject *type = Py_TYPE(object);
    if (type == &PyLong_Type) {
        return PyUnstable_Long_IsCompact((PyLongObject *)object) ||
               cpython_int_size(object) <= LIGHT_BYTES;
    }
    if (type == &PyUnicode_Type) {
        return PyUnicode_GET_LENGTH(object) <= LIGHT_BYTES;
    }
    if (type == &PyBytes_Type) {
        return PyBytes_GET_SIZE(object) <= LIGHT_BYTES;
    }
    if (type != &PyTuple_Type) {
        return type == &PyFloat_Type || type == &PyComplex_Type || value_is_shared(object);
    }
    Py_ssize_t count = PyTuple_GET_SIZE(object);
    bool is_each = count <= LIGHT_ITEMS && depth > 0;
    for (Py_ssize_t i = 0; is_each && i < count; i++) {
        is_each = is_light(PyTuple_GET_ITEM(object, i), depth - 1);
    }
    return is_each;
}

// One more of what is not to cross by itself. False: it is, or there is no memory.
static bool
add(ahead_batch *self, core_state *host, PyObject *item)
{
    size_t before = self->items.size;
    bool is_light_one = is_light(item, LIGHT_DEPTH);
    bool is_put = is_light_one && parcel_put(&self->items, host, item, 0) == 0;
    if (is_light_one && !is_put) {
        parcel_cut(&self->items, before);
    }
    return is_put;
}

static bool
has_room(const ahead_batch *self)
{
    return self->count < self->wanted && self->items.size < MOST_BYTES;
}

// One more item: false if it is not to be here before it is asked for.
static bool
add_item(ahead_batch *self, core_state *host, outlook *ahead, struct bookmark *mark)
{
    PyObject *item = iterator_read(ahead);
    bool is_put = item != NULL && add(self, host, item);
    if (is_put) {
        mark->positions[self->count++] = ahead->position;
    }
    Py_XDECREF(item);
    return is_put;
}

// Of a list or a tuple: those that are ints, all at once.
static void
add_ints(ahead_batch *self, outlook *ahead, struct bookmark *mark)
{
    PyObject *const *items = iterator_items(ahead);
    Py_ssize_t most = Py_MIN(ahead->left, self->wanted - self->count);
    Py_ssize_t added = items == NULL ? 0 : parcel_put_ints(&self->items, items, most);
    for (Py_ssize_t i = 0; i < added; i++) {
        mark->positions[self->count + i] = ahead->position + i + 1;
    }
    self->count += (int)added;
    ahead->position += added;
    ahead->left -= added;
}

static void
fill(ahead_batch *self, core_state *host, outlook *ahead, struct bookmark *mark)
{
    add_ints(self, ahead, mark);
    while (has_room(self) && add_item(self, host, ahead, mark)) {
    }
    PyErr_Clear(); // no memory: whoever asks for that item is told
    if (self->count > 0) {
        self->bookmark = mark;
        self->claim = bookmark_open(mark);
    }
}

// Will this thread leave without running any more Python, which might change the container?
static bool
will_just_leave(const core_state *host, PyObject *result)
{
    return is_light(result, LIGHT_DEPTH) && host->changed_classes == NULL;
}

// That of this thread comes next.
static void
note_departures(ahead_batch *self, const core_state *host)
{
    self->departures = atomic_load_explicit(&host->interp->departures, memory_order_relaxed) + 1;
}

// Advance the iterator, then fill the batch.
static PyObject *
next_here(native_call *call, core_state *host, exported *target, PyObject *const *unused)
{
    ahead_batch *filled = (ahead_batch *)call;
    PyObject *item = Py_TYPE(target->object)->tp_iternext(target->object);
    if (item == NULL) {
        if (!PyErr_Occurred()) {
            PyErr_SetNone(PyExc_StopIteration);
        }
        return NULL;
    }
    note_departures(filled, host);
    outlook ahead;
    struct bookmark *mark;
    bool has_more = iterator_look(target->object, &ahead);
    filled->is_fixed = has_more && iterator_is_fixed(&ahead);
    bool is_alone = Py_REFCNT(target->object) == 1; // the export's reference
    if (filled->wanted > 0 && has_more && is_alone && will_just_leave(host, item) &&
        (mark = bookmark_of(target)) != NULL) {
        fill(filled, host, &ahead, mark);
    }
    return item;
}

// A key and its value.
static bool
add_entry(ahead_batch *self, core_state *host, PyObject *key, PyObject *value)
{
    size_t before = self->items.size;
    if (!add(self, host, key)) {
        return false;
    }
    bool is_put = add(self, host, value);
    if (!is_put) {
        parcel_cut(&self->items, before);
    }
    self->count += is_put;
    return is_put;
}

static void
fill_entries(ahead_batch *self, core_state *host, PyObject *dict)
{
    Py_ssize_t position = self->position;
    PyObject *key, *value;
    while (has_room(self) && entries_next(dict, &position, &key, &value) &&
           add_entry(self, host, key, value)) {
        self->position = position;
    }
    PyErr_Clear();
}

// Look up the key; if it comes after the last one in the dict, fill the batch.
static PyObject *
value_here(native_call *call, core_state *host, exported *target, PyObject *const *arguments)
{
    ahead_batch *filled = (ahead_batch *)call;
    PyObject *dict = target->object, *value = PyObject_GetItem(dict, arguments[0]);
    if (value == NULL) {
        return NULL;
    }
    note_departures(filled, host);
    Py_ssize_t before = filled->position;
    if (PyDict_CheckExact(dict) && entries_follow(dict, arguments[0], &filled->position) &&
        will_just_leave(host, value)) {
        bool is_again = filled->position < before;
        filled->wanted = is_again ? Py_MIN(filled->wanted, FEW_ITEMS) : filled->wanted;
        fill_entries(filled, host, dict);
    }
    return value;
}

// ---- at home ----

static void
empty(ahead_batch *self)
{
    self->items.size = self->items.position = 0; // nothing in it is counted
    self->count = self->taken = 0;
}

// Who waits until those entering are inside may have seen this thread on its way.
static void
end_glance(guest *visitor)
{
    interp *host = visitor->interp;
    crossing_dismiss(visitor);
    if (UNLIKELY(atomic_load_explicit(&host->attention, memory_order_relaxed) &
                 ATTENTION_YIELDER)) {
        pthread_mutex_lock(&host->mutex);
        pthread_cond_broadcast(&host->moved);
        pthread_mutex_unlock(&host->mutex);
    }
}

// Has nobody run in the owner since this thread left it? It counts as entering meanwhile, so that
// CPython's memory is there.
static inline bool
is_undisturbed(const ahead_batch *self, thread *here, interp *owner)
{
    crossing_result why;
    guest *visitor = thread_guest(here, owner);
    if (visitor == NULL || (!visitor->is_owned && visitor->depth == 0) ||
        (visitor = crossing_admit(here, owner, INTERP_OPEN, &why)) == NULL) {
        return false;
    }
    bool is_so =
        atomic_load_explicit(&owner->departures, memory_order_acquire) == self->departures &&
        *owner->gil_holder == visitor->thread_state;
    end_glance(visitor);
    return is_so;
}

static inline bool
is_good(const ahead_batch *self, const exported *target)
{
    thread *here = thread_self;
    return here != NULL && atomic_load_explicit(&here->wakeup, memory_order_relaxed) == 0 &&
           interp_get_phase(target->owner) == INTERP_OPEN &&
           (self->is_fixed || is_undisturbed(self, here, target->owner));
}

// NULL without an exception: ask the owner.
static PyObject *
take(ahead_batch *self, core_state *home, exported *target)
{
    if (!is_good(self, target)) {
        return NULL;
    }
    PyObject *item = parcel_get(&self->items, home);
    if (item == NULL || !bookmark_claim(self->bookmark, &self->claim)) {
        Py_CLEAR(item);
        empty(self);
        return NULL;
    }
    self->taken++;
    return item;
}

static PyObject *
take_value(ahead_batch *self, core_state *home, exported *target, PyObject *key)
{
    if (!is_good(self, target)) {
        return NULL;
    }
    PyObject *value = parcel_skip_equal(&self->items, key) ? parcel_get(&self->items, home) : NULL;
    if (value == NULL) {
        empty(self);
        return NULL;
    }
    self->taken++;
    return value;
}

// How many to bring with the next one: none if others run there between any two.
static int
choose_wanted(const ahead_batch *self, const exported *target)
{
    thread *here = thread_self;
    bool is_calm = self->taken == self->count && here != NULL &&
                   (self->is_fixed || is_undisturbed(self, here, target->owner));
    return !is_calm ? 0 : self->wanted == 0 ? FEW_ITEMS : Py_MIN(GROWTH * self->wanted, BATCH_MAX);
}

static ahead_batch *
new_batch(int wanted)
{
    ahead_batch *self = PyMem_RawCalloc(1, sizeof *self);
    if (self == NULL) {
        return (ahead_batch *)PyErr_NoMemory();
    }
    self->wanted = wanted;
    parcel_init(&self->items);
    return self;
}

void
ahead_free(ahead_batch *self)
{
    if (self != NULL) {
        parcel_clear(&self->items);
        PyMem_RawFree(self);
    }
}

// While this crosses, another thread may make a batch too; either may stay.
static PyObject *
bring(core_state *home, operation *op, ahead_batch **own, native_call call, int wanted_first)
{
    ahead_batch *filled = *own;
    *own = NULL;
    if (filled == NULL) {
        filled = new_batch(wanted_first);
        if (filled == NULL) {
            return NULL;
        }
    }
    else {
        filled->wanted = choose_wanted(filled, op->target);
        empty(filled);
    }
    filled->call = call;
    op->kind = OPERATION_NATIVE;
    op->owner = op->target->owner;
    op->native = &filled->call;
    PyObject *item = operation_perform(home, op, NULL);
    ahead_free(*own);
    *own = filled;
    return item;
}

static bool
has_any(const ahead_batch *self)
{
    return self != NULL && self->taken < self->count;
}

PyObject *
ahead_next(core_state *home, exported *target, ahead_batch **own)
{
    if (LIKELY(has_any(*own))) {
        PyObject *item = take(*own, home, target);
        if (LIKELY(item != NULL) || PyErr_Occurred()) {
            return item;
        }
    }
    operation op = {.target = target, .name = name_refer(home, home->str_next)};
    return bring(home, &op, own, (native_call){next_here}, 0);
}

PyObject *
ahead_value(core_state *home, exported *target, PyObject *key, ahead_batch **own)
{
    if (LIKELY(has_any(*own))) {
        PyObject *value = take_value(*own, home, target, key);
        if (LIKELY(value != NULL) || PyErr_Occurred()) {
            return value;
        }
    }
    operation op = {.target = target,
                    .name = name_refer(home, home->str_getitem),
                    .arguments = &key,
                    .count = 1};
    return bring(home, &op, own, (native_call){value_here}, FEW_ITEMS);
}
