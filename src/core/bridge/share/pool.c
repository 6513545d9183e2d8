#include "bridge/share/pool.h"

#include <math.h>
#include <stdatomic.h>

#define SMALL_BYTES  64
#define TRIALS       2048 // the first values of a type are always looked for
#define PROBES       8
#define MOST_PROBES  64 // in a pool that grows: the hashes of chosen numbers may collide
#define FIRST_SIZE   ((size_t)64)
#define LARGEST_SIZE ((size_t)1 << 16)
#define COMMON_SIZE  ((size_t)1 << 16)

static _Atomic(PyObject *) common[COMMON_SIZE]; // shared objects

// ---- equal ----

// Is it worth looking for values of this kind? At least one in four must have been found.
static pool_kind
if_useful(const pool *self, pool_kind kind)
{
    size_t asked = self->uses[kind].asked;
    return asked < TRIALS || 4 * self->uses[kind].found >= asked ? kind : POOL_NONE;
}

pool_kind
pool_kind_of(const pool *self, PyObject *object)
{
    PyTypeObject *type = Py_TYPE(object);
    bool is_small = false;
    pool_kind kind = POOL_NONE;
    if (type == &PyUnicode_Type) {
        kind = POOL_STR;
        is_small = PyUnicode_GET_LENGTH(object) * PyUnicode_KIND(object) <= SMALL_BYTES;
    }
    else if (type == &PyLong_Type) {
        kind = POOL_INT;
        is_small = PyUnstable_Long_IsCompact((PyLongObject *)object);
    }
    else if (type == &PyFloat_Type) {
        kind = POOL_FLOAT;
        is_small = !isnan(PyFloat_AS_DOUBLE(object)); // nan is not equal to itself
    }
    else if (type == &PyBytes_Type) {
        kind = POOL_BYTES;
        is_small = PyBytes_GET_SIZE(object) <= SMALL_BYTES;
    }
    return is_small ? if_useful(self, kind) : POOL_NONE;
}

static size_t
hash_of(PyObject *object)
{
    if (PyFloat_CheckExact(object)) {
        uint64_t bits;
        memcpy(&bits, &((PyFloatObject *)object)->ob_fval, sizeof bits);
        return (size_t)((bits * UINT64_C(0x9E3779B97F4A7C15)) >> 32);
    }
    uint64_t hash = (uint64_t)PyObject_Hash(object); // does not fail for these types
    return PyLong_CheckExact(object) ? (size_t)((hash * UINT64_C(0x9E3779B97F4A7C15)) >> 32)
                                     : (size_t)hash;
}

static bool
is_equal(PyObject *a, PyObject *b)
{
    PyTypeObject *type = Py_TYPE(a);
    if (type != Py_TYPE(b)) {
        return false;
    }
    if (type == &PyUnicode_Type) {
        Py_ssize_t length = PyUnicode_GET_LENGTH(a);
        return ((PyASCIIObject *)a)->hash == ((PyASCIIObject *)b)->hash &&
               length == PyUnicode_GET_LENGTH(b) && PyUnicode_KIND(a) == PyUnicode_KIND(b) &&
               memcmp(PyUnicode_DATA(a), PyUnicode_DATA(b), (size_t)(length * PyUnicode_KIND(a))) ==
                   0;
    }
    if (type == &PyLong_Type) {
        return PyUnstable_Long_CompactValue((PyLongObject *)a) ==
               PyUnstable_Long_CompactValue((PyLongObject *)b);
    }
    if (type == &PyFloat_Type) { // 0.0 is not -0.0
        return memcmp(&((PyFloatObject *)a)->ob_fval, &((PyFloatObject *)b)->ob_fval,
                      sizeof(double)) == 0;
    }
    Py_ssize_t size = PyBytes_GET_SIZE(a);
    return size == PyBytes_GET_SIZE(b) &&
           memcmp(PyBytes_AS_STRING(a), PyBytes_AS_STRING(b), (size_t)size) == 0;
}

// ---- the pool of one share() ----

// The slot of an equal object, or a free one; NULL: there is none.
static PyObject **
slot_for(PyObject **slots, size_t mask, PyObject *object, size_t hash)
{
    for (size_t i = 0; i < MOST_PROBES; i++) {
        PyObject **slot = &slots[(hash + i) & mask];
        if (*slot == NULL || is_equal(*slot, object)) {
            return slot;
        }
    }
    return NULL;
}

static bool
put(PyObject **slots, size_t mask, PyObject *object)
{
    PyObject **slot = slot_for(slots, mask, object, hash_of(object));
    if (slot == NULL) {
        return false;
    }
    *slot = object;
    return true;
}

static PyObject *
find(const pool *self, PyObject *like)
{
    size_t hash = hash_of(like);
    if (self->slots != NULL) {
        PyObject **slot = slot_for(self->slots, self->mask, like, hash);
        if (slot != NULL && *slot != NULL) {
            return *slot;
        }
    }
    for (size_t i = 0; i < PROBES; i++) {
        // acquire: pairs with publish
        PyObject *each =
            atomic_load_explicit(&common[(hash + i) % COMMON_SIZE], memory_order_acquire);
        if (each == NULL) {
            break;
        }
        if (is_equal(each, like)) {
            return each;
        }
    }
    return NULL;
}

PyObject *
pool_find(pool *self, pool_kind kind, PyObject *like)
{
    PyObject *found = find(self, like);
    self->uses[kind].asked++;
    self->uses[kind].found += found != NULL;
    return found;
}

static bool
grow(pool *self)
{
    size_t size = self->slots == NULL ? FIRST_SIZE : 4 * (self->mask + 1);
    PyObject **slots = PyMem_RawCalloc(size, sizeof *slots);
    if (slots == NULL) {
        return false;
    }
    size_t count = 0;
    for (size_t i = 0; self->slots != NULL && i <= self->mask; i++) {
        PyObject *each = self->slots[i];
        if (each != NULL) {
            count += put(slots, size - 1, each);
        }
    }
    PyMem_RawFree(self->slots);
    self->slots = slots;
    self->mask = size - 1;
    self->count = count;
    return true;
}

bool
pool_add(pool *self, PyObject *made)
{
    bool is_half_full = self->slots == NULL || 2 * (self->count + 1) > self->mask;
    if (is_half_full) {
        if (self->mask + 1 >= LARGEST_SIZE) {
            return true;
        }
        if (!grow(self)) {
            return false;
        }
    }
    self->count += put(self->slots, self->mask, made);
    return true;
}

// ---- the pool of the process ----

// If all its slots are taken, an older object is dropped from the pool.
static void
publish(PyObject *made)
{
    size_t hash = hash_of(made), i = 0;
    while (i < PROBES &&
           atomic_load_explicit(&common[(hash + i) % COMMON_SIZE], memory_order_relaxed) != NULL) {
        i++;
    }
    if (i == PROBES) {
        i = (hash >> 16) % PROBES;
    }
    // release: pairs with find
    atomic_store_explicit(&common[(hash + i) % COMMON_SIZE], made, memory_order_release);
}

void
pool_publish(pool *self)
{
    for (size_t i = 0; self->slots != NULL && i <= self->mask; i++) {
        if (self->slots[i] != NULL) {
            publish(self->slots[i]);
        }
    }
    pool_free(self);
}

void
pool_free(pool *self)
{
    PyMem_RawFree(self->slots);
    *self = (pool){0};
}
