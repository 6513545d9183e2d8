#include "bridge/share/frozendict.h"

#include "bridge/python/cpython.h"
#include "bridge/share/frozendict_views.h"
#include "ground/share/heap.h"

#if PY_VERSION_HEX >= 0x030F0000

int
frozendict_fill(share_arena *arena, PyObject *self, void *table, Py_ssize_t count)
{
    cpython_init_dict(self, table, count);
    return 0;
}

int
frozendict_init(void)
{
    return 0;
}

#else

// ---- making ----

int
frozendict_fill(share_arena *arena, PyObject *self, void *table, Py_ssize_t count)
{
    PyObject *dict = share_arena_part(arena, &PyDict_Type, sizeof(PyDictObject));
    if (dict == NULL) {
        return -1;
    }
    cpython_init_dict(dict, table, count);
    ((frozendict_object *)self)->dict = dict;
    return 0;
}

// dict(source) would treat a frozendict as any mapping, and look up key by key.
static PyObject *
dict_from(PyObject *source)
{
    return Py_IS_TYPE(source, &frozendict_type)
               ? PyDict_Copy(frozendict_dict(source))
               : PyObject_CallOneArg((PyObject *)&PyDict_Type, source);
}

// Code of keys may have run while the dict was made, and found it by the gc module. Then it is
// copied, which runs no code of keys; and it is untracked, so that it cannot be found.
static PyObject *
make_steal(PyObject *dict)
{
    while (dict != NULL && Py_REFCNT(dict) > 1) {
        Py_SETREF(dict, PyDict_Copy(dict));
    }
    frozendict_object *self =
        dict == NULL ? NULL : PyObject_GC_New(frozendict_object, &frozendict_type);
    if (self == NULL) {
        Py_XDECREF(dict);
        return NULL;
    }
    PyObject_GC_UnTrack(dict);
    self->dict = dict;
    self->hash = -1;
    PyObject_GC_Track(self);
    return (PyObject *)self;
}

// A dict that others get must be tracked; CPython 3.13 does not track a copy of an untracked one.
static PyObject *
track(PyObject *dict)
{
    if (dict != NULL && !PyObject_GC_IsTracked(dict)) {
        PyObject_GC_Track(dict);
    }
    return dict;
}

static PyObject *new(PyTypeObject *type, PyObject *arguments, PyObject *keywords)
{
    PyObject *source = NULL;
    if (!PyArg_UnpackTuple(arguments, "frozendict", 0, 1, &source)) {
        return NULL;
    }
    bool has_keywords = keywords != NULL && PyDict_GET_SIZE(keywords) > 0;
    if (source != NULL && Py_IS_TYPE(source, &frozendict_type) && !has_keywords) {
        return Py_NewRef(source);
    }
    PyObject *dict = source == NULL ? PyDict_New() : dict_from(source);
    if (dict != NULL && has_keywords && PyDict_Update(dict, keywords) < 0) {
        Py_CLEAR(dict);
    }
    return make_steal(dict);
}

static PyObject *
fromkeys(PyObject *class, PyObject *const *arguments, Py_ssize_t count)
{
    if (count < 1 || count > 2) {
        return PyErr_Format(PyExc_TypeError, "fromkeys expected 1 or 2 arguments, got %zd", count);
    }
    return make_steal(PyObject_CallMethod((PyObject *)&PyDict_Type, "fromkeys", "OO", arguments[0],
                                          count == 2 ? arguments[1] : Py_None));
}

// ---- a mapping ----

static Py_ssize_t
length(PyObject *self)
{
    return PyDict_GET_SIZE(frozendict_dict(self));
}

static PyObject *
subscript(PyObject *self, PyObject *key)
{
    return PyDict_Type.tp_as_mapping->mp_subscript(frozendict_dict(self), key);
}

static int
contains(PyObject *self, PyObject *key)
{
    return PyDict_Contains(frozendict_dict(self), key);
}

static PyObject *
iterate(PyObject *self)
{
    return frozendict_iterate(self, VIEW_KEYS, false);
}

static PyObject *
get(PyObject *self, PyObject *const *arguments, Py_ssize_t count)
{
    if (count < 1 || count > 2) {
        return PyErr_Format(PyExc_TypeError, "get expected 1 or 2 arguments, got %zd", count);
    }
    PyObject *found;
    if (PyDict_GetItemRef(frozendict_dict(self), arguments[0], &found) == 0) {
        found = Py_NewRef(count == 2 ? arguments[1] : Py_None);
    }
    return found;
}

static PyObject *
keys(PyObject *self, PyObject *unused)
{
    return frozendict_view(self, VIEW_KEYS);
}

static PyObject *
values(PyObject *self, PyObject *unused)
{
    return frozendict_view(self, VIEW_VALUES);
}

static PyObject *
items(PyObject *self, PyObject *unused)
{
    return frozendict_view(self, VIEW_ITEMS);
}

static PyObject *
reversed(PyObject *self, PyObject *unused)
{
    return frozendict_iterate(self, VIEW_KEYS, true);
}

// ---- as a value ----

// Calls dict's own comparison: PyObject_RichCompare could pass the dict to code of the other side.
static PyObject *
rich_compare(PyObject *self, PyObject *other, int operation)
{
    bool is_same_type = Py_IS_TYPE(other, &frozendict_type);
    if ((operation != Py_EQ && operation != Py_NE) || !(is_same_type || PyDict_Check(other))) {
        Py_RETURN_NOTIMPLEMENTED;
    }
    return PyDict_Type.tp_richcompare(frozendict_dict(self),
                                      is_same_type ? frozendict_dict(other) : other, operation);
}

// As a frozenset's: the order does not matter.
static Py_hash_t
hash_items(PyObject *dict)
{
    Py_ssize_t position = 0;
    PyObject *key, *value;
    Py_uhash_t hash = (Py_uhash_t)PyDict_GET_SIZE(dict) * 1927868237U;
    while (PyDict_Next(dict, &position, &key, &value)) {
        Py_hash_t key_hash = PyObject_Hash(key), value_hash = PyObject_Hash(value);
        if (key_hash == -1 || value_hash == -1) {
            return -1;
        }
        Py_uhash_t both = (Py_uhash_t)key_hash * 1000003U ^ (Py_uhash_t)value_hash;
        hash ^= (both ^ 89869747U ^ (both << 16)) * 3644798167U;
    }
    hash ^= (hash >> 11) ^ (hash >> 25);
    return hash == (Py_uhash_t)-1 ? 590923713 : (Py_hash_t)hash;
}

static Py_hash_t
hash(PyObject *object)
{
    frozendict_object *self = (frozendict_object *)object;
    if (self->hash != -1) {
        return self->hash;
    }
    if (Py_EnterRecursiveCall(" while hashing a frozendict")) {
        return -1;
    }
    Py_hash_t computed = hash_items(self->dict);
    Py_LeaveRecursiveCall();
    if (!heap_contains(self)) {
        self->hash = computed;
    }
    return computed;
}

// The repr of a copy: dicts under repr are in a list that the gc module shows.
static PyObject *
represent(PyObject *self)
{
    int is_inside = Py_ReprEnter(self);
    if (is_inside != 0) {
        return is_inside < 0 ? NULL : PyUnicode_FromString("frozendict({...})");
    }
    PyObject *copy = PyDict_Copy(frozendict_dict(self));
    PyObject *text = copy == NULL ? NULL : PyUnicode_FromFormat("frozendict(%R)", copy);
    Py_XDECREF(copy);
    Py_ReprLeave(self);
    return text;
}

// The result has the type of the left side, as the builtin's has.
static PyObject *
unite(PyObject *left, PyObject *right)
{
    bool is_left = Py_IS_TYPE(left, &frozendict_type);
    PyObject *other = is_left ? right : left;
    if (!Py_IS_TYPE(other, &frozendict_type) && !PyDict_Check(other)) {
        Py_RETURN_NOTIMPLEMENTED;
    }
    PyObject *dict = dict_from(left);
    PyObject *added = Py_IS_TYPE(right, &frozendict_type) ? frozendict_dict(right) : right;
    if (dict != NULL && PyDict_Update(dict, added) < 0) {
        Py_CLEAR(dict);
    }
    return is_left ? make_steal(dict) : track(dict);
}

static PyObject *
itself(PyObject *self, PyObject *unused)
{
    return Py_NewRef(self);
}

static PyObject *
reduce(PyObject *self, PyObject *unused)
{
    PyObject *dict = track(PyDict_Copy(frozendict_dict(self)));
    return dict == NULL ? NULL : Py_BuildValue("O(N)", &frozendict_type, dict);
}

static PyObject *
size_of(PyObject *self, PyObject *unused)
{
    PyObject *inner = PyObject_CallMethod(frozendict_dict(self), "__sizeof__", NULL);
    Py_ssize_t size = inner == NULL ? -1 : PyLong_AsSsize_t(inner);
    Py_XDECREF(inner);
    return size < 0 ? NULL : PyLong_FromSsize_t(size + frozendict_type.tp_basicsize);
}

// ---- life ----

// Visits the items, not the dict, which the gc module would show. What a shared one refers to is
// immortal.
static int
traverse(PyObject *self, visitproc visit, void *arg)
{
    Py_ssize_t position = 0;
    PyObject *key, *value;
    while (!heap_contains(self) && PyDict_Next(frozendict_dict(self), &position, &key, &value)) {
        Py_VISIT(key);
        Py_VISIT(value);
    }
    return 0;
}

// No tp_clear: a cycle also has an object that can change, and that one has a tp_clear.
static void
dealloc(PyObject *self)
{
    PyObject_GC_UnTrack(self);
    Py_DECREF(frozendict_dict(self));
    PyObject_GC_Del(self);
}

// ---- the type ----

static PyMethodDef methods[] = {
    {"get", (PyCFunction)(void (*)(void))get, METH_FASTCALL,
     PyDoc_STR("get($self, key, default=None, /)\n--\n\nReturn the value of a key, or default.")},
    {"keys", keys, METH_NOARGS, PyDoc_STR("keys($self, /)\n--\n\nReturn a view of the keys.")},
    {"values", values, METH_NOARGS,
     PyDoc_STR("values($self, /)\n--\n\nReturn a view of the values.")},
    {"items", items, METH_NOARGS,
     PyDoc_STR("items($self, /)\n--\n\nReturn a view of the (key, value) pairs.")},
    {"copy", itself, METH_NOARGS, PyDoc_STR("copy($self, /)\n--\n\nReturn the object itself.")},
    {"fromkeys", (PyCFunction)(void (*)(void))fromkeys, METH_FASTCALL | METH_CLASS,
     PyDoc_STR("fromkeys($type, iterable, value=None, /)\n--\n\n"
               "Make one with keys from iterable and the same value for all.")},
    {"__reversed__", reversed, METH_NOARGS, NULL},
    {"__copy__", itself, METH_NOARGS, NULL},
    {"__reduce__", reduce, METH_NOARGS, NULL},
    {"__sizeof__", size_of, METH_NOARGS, NULL},
    {"__class_getitem__", Py_GenericAlias, METH_O | METH_CLASS, NULL},
    {NULL},
};

static PyNumberMethods number_methods = {.nb_or = unite};
static PySequenceMethods sequence_methods = {.sq_contains = contains};
static PyMappingMethods mapping_methods = {.mp_length = length, .mp_subscript = subscript};

PyTypeObject frozendict_type = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "atoll.frozendict",
    .tp_basicsize = sizeof(frozendict_object),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_MAPPING,
    .tp_doc = PyDoc_STR("frozendict(mapping_or_iterable=(), /, **kwargs)\n--\n\n"
                        "A dict that cannot change: the builtin one from Python 3.15 on.\n\n"
                        "Example:\n"
                        "    >>> atoll.frozendict(atoll=3)['atoll']\n"
                        "    3"),
    .tp_new = new,
    .tp_dealloc = dealloc,
    .tp_traverse = traverse,
    .tp_repr = represent,
    .tp_hash = hash,
    .tp_richcompare = rich_compare,
    .tp_iter = iterate,
    .tp_as_number = &number_methods,
    .tp_as_sequence = &sequence_methods,
    .tp_as_mapping = &mapping_methods,
    .tp_methods = methods,
};

int
frozendict_init(void)
{
    if (cpython_init_static_type(&frozendict_type) < 0) {
        return -1;
    }
    return frozendict_register(&frozendict_type, "Mapping") < 0 ? -1 : frozendict_views_init();
}

#endif
