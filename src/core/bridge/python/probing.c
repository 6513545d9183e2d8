#include "bridge/python/probing.h"

#define SMALLEST      8 // PyDict_MINSIZE, PySet_MINSIZE
#define LINEAR_PROBES 9
#define FREE_SLOT     (-1) // no hash is -1

typedef struct {
    Py_hash_t *slots; // owned
    size_t mask;
    Py_ssize_t cost, weight, limit;
} table;

// ---- any table ----

static int
open_table(table *self, size_t size)
{
    self->slots = PyMem_RawMalloc(size * sizeof *self->slots);
    if (self->slots == NULL) {
        PyErr_NoMemory();
        return -1;
    }
    self->mask = size - 1;
    memset(self->slots, 0xff, size * sizeof *self->slots); // FREE_SLOT
    return 0;
}

static void
close_table(table *self)
{
    PyMem_RawFree(self->slots);
    self->slots = NULL;
}

// Does the search for a hash end at this slot? An equal hash costs `weight`: CPython would compare
// the keys.
static bool
look(table *self, size_t slot, Py_hash_t hash, Py_ssize_t weight)
{
    if (self->slots[slot] == hash) {
        self->cost += weight;
    }
    return self->slots[slot] == FREE_SLOT || self->cost > self->limit;
}

static size_t
next_slot(table *self, size_t slot, size_t *perturb)
{
    self->cost++;
    *perturb >>= 5; // PERTURB_SHIFT
    return (slot * 5 + *perturb + 1) & self->mask;
}

// ---- dicts: insertdict, find_empty_slot and dictresize in dictobject.c, 3.13 to 3.15 ----

static void
insert_in_dict(table *self, Py_hash_t hash, Py_ssize_t weight)
{
    size_t perturb = (size_t)hash, slot = perturb & self->mask;
    while (!look(self, slot, hash, weight)) {
        slot = next_slot(self, slot, &perturb);
    }
    self->slots[slot] = hash;
}

// Each larger table starts with all keys of the one before it, in their order.
static int
fill_dict(table *self, const Py_hash_t *hashes, Py_ssize_t count)
{
    Py_ssize_t filled = 0;
    for (size_t size = SMALLEST; filled < count && self->cost <= self->limit; size *= 2) {
        if (open_table(self, size) < 0) {
            return -1;
        }
        Py_ssize_t before = filled;
        filled = Py_MIN(count, (Py_ssize_t)(size * 2 / 3)); // USABLE_FRACTION
        for (Py_ssize_t i = 0; i < filled && self->cost <= self->limit; i++) {
            insert_in_dict(self, hashes[i], i < before ? 0 : self->weight);
        }
        close_table(self);
    }
    return 0;
}

// ---- sets: set_add_entry, set_insert_clean and set_table_resize in setobject.c, 3.13 to 3.15 ----

static void
insert_in_set(table *self, Py_hash_t hash, Py_ssize_t weight)
{
    size_t perturb = (size_t)hash, slot = perturb & self->mask;
    for (;; slot = next_slot(self, slot, &perturb)) {
        size_t last = slot + LINEAR_PROBES <= self->mask ? slot + LINEAR_PROBES : slot;
        for (size_t i = slot; i <= last; i++) {
            if (look(self, i, hash, weight)) {
                self->slots[i] = hash;
                return;
            }
        }
    }
}

static int
grow_set(table *self, size_t used)
{
    table old = *self;
    size_t size = SMALLEST, least = used > 50000 ? used * 2 : used * 4;
    while (size <= least) {
        size *= 2;
    }
    if (open_table(self, size) < 0) {
        self->slots = old.slots;
        return -1;
    }
    for (size_t i = 0; i <= old.mask && self->cost <= self->limit; i++) {
        if (old.slots[i] != FREE_SLOT) {
            insert_in_set(self, old.slots[i], 0);
        }
    }
    close_table(&old);
    return 0;
}

// Leaves the hashes in the order of the set.
static int
fill_set(table *self, Py_hash_t *hashes, Py_ssize_t count)
{
    int result = open_table(self, SMALLEST);
    for (Py_ssize_t i = 0; i < count && result == 0 && self->cost <= self->limit; i++) {
        insert_in_set(self, hashes[i], self->weight);
        size_t used = (size_t)i + 1;
        if (used * 5 >= self->mask * 3) {
            result = grow_set(self, used);
        }
    }
    if (result == 0 && self->cost <= self->limit) {
        for (size_t i = 0; i <= self->mask; i++) {
            if (self->slots[i] != FREE_SLOT) {
                *hashes++ = self->slots[i];
            }
        }
    }
    close_table(self);
    return result;
}

static int
fill_sets(table *self, Py_hash_t *hashes, Py_ssize_t count)
{
    return fill_set(self, hashes, count) < 0 ? -1 : fill_set(self, hashes, count);
}

// ---- both ----

static Py_hash_t *
hashes_of(PyObject *keys)
{
    Py_ssize_t count = PyTuple_GET_SIZE(keys);
    Py_hash_t *hashes = PyMem_RawMalloc((size_t)count * sizeof *hashes);
    if (hashes == NULL) {
        PyErr_NoMemory();
        return NULL;
    }
    for (Py_ssize_t i = 0; i < count; i++) {
        hashes[i] = PyObject_Hash(PyTuple_GET_ITEM(keys, i));
        if (hashes[i] == -1) {
            PyMem_RawFree(hashes);
            return NULL;
        }
    }
    return hashes;
}

Py_ssize_t
probing_cost(PyObject *keys, bool is_set, Py_ssize_t weight, Py_ssize_t limit)
{
    Py_hash_t *hashes = hashes_of(keys);
    if (hashes == NULL) {
        return -1;
    }
    table self = {.weight = weight, .limit = limit};
    Py_ssize_t count = PyTuple_GET_SIZE(keys);
    int result = is_set ? fill_sets(&self, hashes, count) : fill_dict(&self, hashes, count);
    PyMem_RawFree(hashes);
    return result < 0 ? -1 : self.cost;
}
