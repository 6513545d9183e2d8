#include "bridge/share/frozendict_views.h"

#include "bridge/python/cpython.h"
#include "bridge/share/frozendict.h"

#if PY_VERSION_HEX < 0x030F0000

// A view, or an iterator over one.
typedef struct {
    PyObject_HEAD
    PyObject *mapping; // owned; NULL: an iterator that has ended
    frozendict_view_kind kind;
    Py_ssize_t next; // an iterator's position,
    Py_ssize_t step; // and its step: 1, or -1 if reversed
} part;

static const char *const names[VIEW_KINDS] = {"dict_keys", "dict_values", "dict_items"};

// ---- the types of this interpreter ----

#    define ITERATOR   VIEW_KINDS // its place among the types
#    define TYPE_KINDS (VIEW_KINDS + 1)

static void dealloc(PyObject *op);

// Borrowed. Other code can reach the interpreter's dict and replace the tuple: check it.
static PyTypeObject *
type_here(int index)
{
    PyObject *shelf = PyInterpreterState_GetDict(PyInterpreterState_Get());
    PyObject *types = shelf == NULL ? NULL : PyDict_GetItem(shelf, (PyObject *)&frozendict_type);
    if (types != NULL && PyTuple_CheckExact(types) && PyTuple_GET_SIZE(types) == TYPE_KINDS) {
        PyTypeObject *type = (PyTypeObject *)PyTuple_GET_ITEM(types, index);
        if (PyType_Check(type) && type->tp_dealloc == dealloc) {
            return type;
        }
    }
    PyErr_SetString(PyExc_RuntimeError, "atoll has gone from this interpreter");
    return NULL;
}

static PyObject *
make(int index, PyObject *mapping, frozendict_view_kind kind, Py_ssize_t next, Py_ssize_t step)
{
    PyTypeObject *type = type_here(index);
    part *self = type == NULL ? NULL : PyObject_GC_New(part, type);
    if (self != NULL) {
        self->mapping = Py_NewRef(mapping);
        self->kind = kind;
        self->next = next;
        self->step = step;
        PyObject_GC_Track(self);
    }
    return (PyObject *)self;
}

PyObject *
frozendict_view(PyObject *mapping, frozendict_view_kind kind)
{
    return make((int)kind, mapping, kind, 0, 0);
}

static Py_ssize_t
count_of(PyObject *mapping)
{
    return PyDict_GET_SIZE(frozendict_dict(mapping));
}

PyObject *
frozendict_iterate(PyObject *mapping, frozendict_view_kind kind, bool is_reversed)
{
    return make(ITERATOR, mapping, kind, is_reversed ? count_of(mapping) - 1 : 0,
                is_reversed ? -1 : 1);
}

// ---- life ----

static int
traverse(PyObject *op, visitproc visit, void *arg)
{
    Py_VISIT(Py_TYPE(op));
    Py_VISIT(((part *)op)->mapping);
    return 0;
}

// No tp_clear: see frozendict.
static void
dealloc(PyObject *op)
{
    PyTypeObject *type = Py_TYPE(op);
    PyObject_GC_UnTrack(op);
    Py_XDECREF(((part *)op)->mapping);
    PyObject_GC_Del(op);
    Py_DECREF(type);
}

// ---- iterators ----

static PyObject *
next(PyObject *op)
{
    part *self = (part *)op;
    PyObject *key, *value;
    if (self->mapping == NULL) {
        return NULL;
    }
    if (!cpython_dict_entry(frozendict_dict(self->mapping), self->next, &key, &value)) {
        Py_CLEAR(self->mapping);
        return NULL;
    }
    self->next += self->step;
    return self->kind == VIEW_ITEMS ? PyTuple_Pack(2, key, value)
                                    : Py_NewRef(self->kind == VIEW_KEYS ? key : value);
}

static Py_ssize_t
count_left(const part *self)
{
    return self->mapping == NULL ? 0
           : self->step > 0      ? count_of(self->mapping) - self->next
                                 : self->next + 1;
}

static PyObject *
length_hint(PyObject *op, PyObject *unused)
{
    return PyLong_FromSsize_t(count_left((part *)op));
}

static PyObject *
list_left(const part *self)
{
    if (self->mapping == NULL) {
        return PyList_New(0);
    }
    PyObject *again = make(ITERATOR, self->mapping, self->kind, self->next, self->step);
    PyObject *list = again == NULL ? NULL : PySequence_List(again);
    Py_XDECREF(again);
    return list;
}

// Copies and pickles are iterators over a list of the items that are left.
static PyObject *
reduce_iterator(PyObject *op, PyObject *unused)
{
    PyObject *builtins = cpython_import_named("builtins");
    PyObject *function = builtins == NULL ? NULL : PyObject_GetAttrString(builtins, "iter");
    PyObject *list = function == NULL ? NULL : list_left((part *)op);
    Py_XDECREF(builtins);
    if (list == NULL) {
        Py_XDECREF(function);
        return NULL;
    }
    return Py_BuildValue("N(N)", function, list);
}

static PyMethodDef iterator_methods[] = {
    {"__length_hint__", length_hint, METH_NOARGS, NULL},
    {"__reduce__", reduce_iterator, METH_NOARGS, NULL},
    {NULL},
};

static PyType_Slot iterator_slots[] = {
    {Py_tp_dealloc, dealloc}, {Py_tp_traverse, traverse},        {Py_tp_iter, PyObject_SelfIter},
    {Py_tp_iternext, next},   {Py_tp_methods, iterator_methods}, {0, NULL},
};

// ---- views ----

static Py_ssize_t
view_length(PyObject *op)
{
    return count_of(((part *)op)->mapping);
}

static PyObject *
view_iterate(PyObject *op)
{
    return frozendict_iterate(((part *)op)->mapping, ((part *)op)->kind, false);
}

static PyObject *
view_reversed(PyObject *op, PyObject *unused)
{
    return frozendict_iterate(((part *)op)->mapping, ((part *)op)->kind, true);
}

static PyObject *
view_mapping(PyObject *op, void *unused)
{
    return PyDictProxy_New(((part *)op)->mapping);
}

static PyObject *
view_represent(PyObject *op)
{
    int is_inside = Py_ReprEnter(op);
    if (is_inside != 0) {
        return is_inside < 0 ? NULL : PyUnicode_FromString("...");
    }
    PyObject *list = PySequence_List(op);
    PyObject *text =
        list == NULL ? NULL : PyUnicode_FromFormat("%s(%R)", names[((part *)op)->kind], list);
    Py_XDECREF(list);
    Py_ReprLeave(op);
    return text;
}

static PyObject *
refuse_pickling(PyObject *op, PyObject *unused)
{
    return PyErr_Format(PyExc_TypeError, "cannot pickle '%s' object", names[((part *)op)->kind]);
}

static int
keys_contain(PyObject *op, PyObject *key)
{
    return PyDict_Contains(frozendict_dict(((part *)op)->mapping), key);
}

static int
items_contain(PyObject *op, PyObject *pair)
{
    if (!PyTuple_Check(pair) || PyTuple_GET_SIZE(pair) != 2) {
        return 0;
    }
    PyObject *value, *dict = frozendict_dict(((part *)op)->mapping);
    int result = PyDict_GetItemRef(dict, PyTuple_GET_ITEM(pair, 0), &value);
    if (result > 0) {
        result = PyObject_RichCompareBool(value, PyTuple_GET_ITEM(pair, 1), Py_EQ);
        Py_DECREF(value);
    }
    return result;
}

// ---- keys and items as sets ----

static PyObject *compare(PyObject *op, PyObject *other, int operation);

static bool
is_set_like(PyObject *object)
{
    return Py_TYPE(object)->tp_richcompare == compare || PyAnySet_Check(object) ||
           PyDictViewSet_Check(object);
}

// Is `item in container` as wanted for all items? -1: exception.
static int
all_are(PyObject *items, PyObject *container, int wanted)
{
    PyObject *iterator = PyObject_GetIter(items), *item;
    int result = iterator == NULL ? -1 : 1;
    while (result > 0 && (item = PyIter_Next(iterator)) != NULL) {
        int is_in = PySequence_Contains(container, item);
        result = is_in < 0 ? -1 : is_in == wanted;
        Py_DECREF(item);
    }
    Py_XDECREF(iterator);
    return PyErr_Occurred() ? -1 : result;
}

static PyObject *
compare(PyObject *op, PyObject *other, int operation)
{
    if (!is_set_like(other)) {
        Py_RETURN_NOTIMPLEMENTED;
    }
    Py_ssize_t mine = view_length(op), theirs = PyObject_Size(other);
    if (theirs < 0) {
        return NULL;
    }
    bool may_be = operation == Py_LT   ? mine < theirs
                  : operation == Py_LE ? mine <= theirs
                  : operation == Py_GT ? mine > theirs
                  : operation == Py_GE ? mine >= theirs
                                       : mine == theirs;
    bool is_superset = operation == Py_GT || operation == Py_GE;
    int is_so = !may_be ? 0 : is_superset ? all_are(other, op, 1) : all_are(op, other, 1);
    return is_so < 0 ? NULL : PyBool_FromLong(operation == Py_NE ? !is_so : is_so);
}

static void
swap(PyObject **one, PyObject **other)
{
    PyObject *first = *one;
    *one = *other;
    *other = first;
}

// One of the two is a view, the other any iterable. Iterate the shorter one, if its length is
// known. -1: exception.
static int
order_by_length(PyObject **container, PyObject **items)
{
    if (Py_TYPE(*container)->tp_richcompare != compare) {
        swap(container, items);
    }
    Py_ssize_t length = is_set_like(*items) ? PyObject_Size(*items) : 0;
    if (length > view_length(*container)) {
        swap(container, items);
    }
    return length < 0 ? -1 : 0;
}

static int
add_common(PyObject *container, PyObject *items, PyObject *result)
{
    PyObject *iterator = PyObject_GetIter(items), *item;
    while (iterator != NULL && (item = PyIter_Next(iterator)) != NULL) {
        int is_in = PySequence_Contains(container, item);
        if (is_in < 0 || (is_in && PySet_Add(result, item) < 0)) {
            Py_CLEAR(iterator);
        }
        Py_DECREF(item);
    }
    Py_XDECREF(iterator);
    return PyErr_Occurred() ? -1 : 0;
}

static PyObject *
intersect(PyObject *left, PyObject *right)
{
    PyObject *result = order_by_length(&left, &right) < 0 ? NULL : PySet_New(NULL);
    if (result != NULL && add_common(left, right, result) < 0) {
        Py_CLEAR(result);
    }
    return result;
}

static PyObject *
is_disjoint(PyObject *op, PyObject *other)
{
    int is_so = order_by_length(&op, &other) < 0 ? -1 : all_are(other, op, 0);
    return is_so < 0 ? NULL : PyBool_FromLong(is_so);
}

static PyObject *
combine(PyObject *left, PyObject *right, const char *method)
{
    PyObject *result = PySet_New(left);
    PyObject *done = result == NULL ? NULL : PyObject_CallMethod(result, method, "(O)", right);
    if (done == NULL) {
        Py_CLEAR(result);
    }
    Py_XDECREF(done);
    return result;
}

static PyObject *
unite(PyObject *left, PyObject *right)
{
    return combine(left, right, "update");
}

static PyObject *
subtract(PyObject *left, PyObject *right)
{
    return combine(left, right, "difference_update");
}

static PyObject *
differ(PyObject *left, PyObject *right)
{
    return combine(left, right, "symmetric_difference_update");
}

// ---- the types ----

static PyMethodDef set_methods[] = {
    {"isdisjoint", is_disjoint, METH_O,
     PyDoc_STR("isdisjoint($self, other, /)\n--\n\nHas it nothing in common with other?")},
    {"__reversed__", view_reversed, METH_NOARGS, NULL},
    {"__reduce__", refuse_pickling, METH_NOARGS, NULL},
    {NULL},
};

static PyGetSetDef properties[] = {
    {"mapping", view_mapping, NULL, PyDoc_STR("The frozendict, read only."), NULL},
    {NULL},
};

// clang-format off
#define VIEW_SLOTS                                                                                \
    {Py_tp_dealloc, dealloc}, {Py_tp_traverse, traverse}, {Py_tp_repr, view_represent},           \
    {Py_tp_iter, view_iterate}, {Py_sq_length, view_length}, {Py_tp_getset, properties}

#define SET_SLOTS                                                                                 \
    {Py_tp_methods, set_methods}, {Py_tp_richcompare, compare}, {Py_nb_and, intersect},           \
    {Py_nb_or, unite}, {Py_nb_subtract, subtract}, {Py_nb_xor, differ}
// clang-format on

static PyType_Slot keys_slots[] = {
    VIEW_SLOTS, SET_SLOTS, {Py_sq_contains, keys_contain}, {0, NULL}};
static PyType_Slot items_slots[] = {
    VIEW_SLOTS, SET_SLOTS, {Py_sq_contains, items_contain}, {0, NULL}};
static PyType_Slot values_slots[] = {VIEW_SLOTS, {Py_tp_methods, set_methods + 1}, {0, NULL}};

#    define SPEC(name, slots)                                                                      \
        {"atoll." name, sizeof(part), 0,                                                           \
         Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_IMMUTABLETYPE |                      \
             Py_TPFLAGS_DISALLOW_INSTANTIATION,                                                    \
         slots}

static struct {
    PyType_Spec spec;
    const char *abstract;
} kinds[TYPE_KINDS] = {
    [VIEW_KEYS] = {SPEC("dict_keys", keys_slots), "KeysView"},
    [VIEW_VALUES] = {SPEC("dict_values", values_slots), "ValuesView"},
    [VIEW_ITEMS] = {SPEC("dict_items", items_slots), "ItemsView"},
    [ITERATOR] = {SPEC("dict_iterator", iterator_slots), "Iterator"},
};

int
frozendict_register(PyTypeObject *type, const char *abstract)
{
    PyObject *module = cpython_import_named("_collections_abc");
    PyObject *class = module == NULL ? NULL : PyObject_GetAttrString(module, abstract);
    PyObject *done = class == NULL ? NULL : PyObject_CallMethod(class, "register", "O", type);
    Py_XDECREF(module);
    Py_XDECREF(class);
    Py_XDECREF(done);
    return done == NULL ? -1 : 0;
}

int
frozendict_views_init(void)
{
    PyObject *types = PyTuple_New(TYPE_KINDS);
    int result = types == NULL ? -1 : 0;
    for (int i = 0; result == 0 && i < TYPE_KINDS; i++) {
        PyObject *type = PyType_FromSpec(&kinds[i].spec);
        if (type == NULL || frozendict_register((PyTypeObject *)type, kinds[i].abstract) < 0) {
            result = -1;
        }
        PyTuple_SET_ITEM(types, i, type);
    }
    PyObject *shelf = PyInterpreterState_GetDict(PyInterpreterState_Get());
    if (result == 0 &&
        (shelf == NULL || PyDict_SetItem(shelf, (PyObject *)&frozendict_type, types) < 0)) {
        result = -1;
    }
    Py_XDECREF(types);
    return result;
}

#endif
