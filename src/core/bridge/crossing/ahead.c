#include "bridge/crossing/ahead.h"

#include "bridge/crossing/crossing.h"
#include "bridge/crossing/operation.h"
#include "bridge/iteration/iterators.h"
#include "bridge/python/value.h"
#include "bridge/iteration/bookmark.h"
#include "bridge/transfer/parcel.h"

#define FEW_ITEMS   7    // in the first batch
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
    int wanted;    // at most
    bool is_fixed; // the container cannot change
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

// One more item: false if it is not to be here before it is asked for.
static bool
add_item(ahead_batch *self, core_state *host, outlook *ahead, struct bookmark *mark)
{
    PyObject *item = self->items.size < MOST_BYTES ? iterator_read(ahead) : NULL;
    size_t before = self->items.size;
    bool is_light_one = item != NULL && is_light(item, LIGHT_DEPTH);
    bool is_put = is_light_one && parcel_put(&self->items, host, item, 0) == 0;
    if (is_put) {
        mark->positions[self->count++] = ahead->position;
    }
    else if (is_light_one) {
        parcel_cut(&self->items, before);
    }
    Py_XDECREF(item);
    return is_put;
}

static void
fill(ahead_batch *self, core_state *host, outlook *ahead, struct bookmark *mark)
{
    while (self->count < self->wanted && add_item(self, host, ahead, mark)) {
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

// Advance the iterator, then fill the batch.
static PyObject *
next_here(native_call *call, core_state *host, exported *target)
{
    ahead_batch *filled = (ahead_batch *)call;
    PyObject *item = Py_TYPE(target->object)->tp_iternext(target->object);
    if (item == NULL) {
        if (!PyErr_Occurred()) {
            PyErr_SetNone(PyExc_StopIteration);
        }
        return NULL;
    }
    // That of this thread comes next.
    filled->departures = atomic_load_explicit(&host->interp->departures, memory_order_relaxed) + 1;
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
static bool
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

// NULL without an exception: ask the owner.
static PyObject *
take(ahead_batch *self, core_state *home, exported *target)
{
    thread *here = thread_self;
    if (here == NULL || atomic_load_explicit(&here->wakeup, memory_order_relaxed) != 0 ||
        interp_get_phase(target->owner) != INTERP_OPEN ||
        !(self->is_fixed || is_undisturbed(self, here, target->owner))) {
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

// How many to bring with the next one: none if others run there between any two.
static int
choose_wanted(const ahead_batch *self, const exported *target)
{
    thread *here = thread_self;
    bool is_calm = self->taken == self->count && here != NULL &&
                   (self->is_fixed || is_undisturbed(self, here, target->owner));
    return !is_calm ? 0 : self->wanted == 0 ? FEW_ITEMS : BATCH_MAX;
}

static ahead_batch *
new_batch(void)
{
    ahead_batch *self = PyMem_RawCalloc(1, sizeof *self);
    if (self == NULL) {
        return (ahead_batch *)PyErr_NoMemory();
    }
    self->call.run = next_here;
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
bring(core_state *home, exported *target, ahead_batch **own)
{
    ahead_batch *filled = *own;
    *own = NULL;
    if (filled == NULL) {
        filled = new_batch();
        if (filled == NULL) {
            return NULL;
        }
    }
    else {
        filled->wanted = choose_wanted(filled, target);
        empty(filled);
    }
    operation op = {.kind = OPERATION_NATIVE,
                    .owner = target->owner,
                    .target = target,
                    .name = name_refer(home, home->str_next),
                    .native = &filled->call};
    PyObject *item = operation_perform(home, &op, NULL);
    ahead_free(*own);
    *own = filled;
    return item;
}

PyObject *
ahead_next(core_state *home, exported *target, ahead_batch **own)
{
    ahead_batch *self = *own;
    if (LIKELY(self != NULL && self->taken < self->count)) {
        PyObject *item = take(self, home, target);
        if (LIKELY(item != NULL) || PyErr_Occurred()) {
            return item;
        }
    }
    return bring(home, target, own);
}
