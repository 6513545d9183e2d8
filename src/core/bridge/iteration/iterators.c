#include "bridge/iteration/iterators.h"

#include "bridge/python/cpython.h"
#include "bridge/python/value.h"

// ---- the private fields ----

typedef struct {
    PyObject_HEAD
    Py_ssize_t index;
    PyObject *sequence; // NULL at the end
} sequence_iterator;

typedef struct {
    PyObject_HEAD
    long start, step, length;
} range_iterator;

typedef struct {
    PyObject_HEAD
    PyObject *set; // NULL at the end
    Py_ssize_t used, position, left;
} set_iterator;

typedef struct {
    PyObject_HEAD
    PyObject *dict; // NULL at the end
    Py_ssize_t used, position;
    PyObject *pair;
    Py_ssize_t left;
} dict_iterator;

// ---- which types are known ----

#define MOST_KNOWN 16

static struct {
    const PyTypeObject *type; // static: the same in every interpreter
    iterator_kind kind;
} known[MOST_KNOWN];

static int known_count;

iterator_kind
iterator_kind_of(const PyTypeObject *type)
{
    for (int i = 0; i < known_count; i++) {
        if (known[i].type == type) {
            return known[i].kind;
        }
    }
    return ITERATOR_OTHER;
}

static bool
is_new_sequence_iterator(const PyObject *object, const PyObject *container, Py_ssize_t returned)
{
    const sequence_iterator *self = (const sequence_iterator *)object;
    return self->index == returned && self->sequence == container;
}

static bool
is_new_range_iterator(const PyObject *object, Py_ssize_t returned)
{
    const range_iterator *self = (const range_iterator *)object;
    return self->start == 7 + 2 * returned && self->step == 2 && self->length == 3 - returned;
}

static bool
is_new_set_iterator(const PyObject *object, const PyObject *container, Py_ssize_t returned)
{
    const set_iterator *self = (const set_iterator *)object;
    return self->set == container && self->used == 3 && self->left == 3 - returned &&
           (returned == 0 ? self->position == 0 : self->position > 0);
}

static bool
is_new_dict_iterator(const PyObject *object, const PyObject *container, Py_ssize_t returned)
{
    const dict_iterator *self = (const dict_iterator *)object;
    return self->dict == container && self->used == 3 && self->position == returned &&
           self->left == 3 - returned;
}

// Has an iterator over three items, which has returned so many, the fields that it should have?
static bool
is_as_expected(const PyObject *object, iterator_kind kind, const PyObject *container,
               Py_ssize_t returned)
{
    size_t size = (size_t)Py_TYPE(object)->tp_basicsize;
    switch (kind) {
    case ITERATOR_SEQUENCE:
        return size == sizeof(sequence_iterator) &&
               is_new_sequence_iterator(object, container, returned);
    case ITERATOR_RANGE:
        return size == sizeof(range_iterator) && is_new_range_iterator(object, returned);
    case ITERATOR_SET:
        return size == sizeof(set_iterator) && is_new_set_iterator(object, container, returned);
    case ITERATOR_DICT:
        return size == sizeof(dict_iterator) && is_new_dict_iterator(object, container, returned);
    case ITERATOR_OTHER:
        break;
    }
    return false;
}

static void
note(const PyTypeObject *type, iterator_kind kind)
{
    if (iterator_kind_of(type) == ITERATOR_OTHER && known_count < MOST_KNOWN &&
        cpython_is_static_type(type)) {
        known[known_count].type = type;
        known[known_count++].kind = kind;
    }
}

static int
try_iterator(PyObject *iterator_steal, iterator_kind kind, const PyObject *container)
{
    if (iterator_steal == NULL) {
        return -1;
    }
    bool is_known = is_as_expected(iterator_steal, kind, container, 0);
    for (Py_ssize_t returned = 1; is_known && returned <= 2; returned++) {
        PyObject *item = PyIter_Next(iterator_steal);
        is_known = item != NULL && is_as_expected(iterator_steal, kind, container, returned);
        Py_XDECREF(item);
    }
    if (is_known) {
        note(Py_TYPE(iterator_steal), kind);
    }
    Py_DECREF(iterator_steal);
    return PyErr_Occurred() ? -1 : 0;
}

static int
try_container(PyObject *container_steal, iterator_kind kind)
{
    PyObject *iterator = container_steal == NULL ? NULL : PyObject_GetIter(container_steal);
    int result = try_iterator(iterator, kind, container_steal);
    Py_XDECREF(container_steal);
    return result;
}

static int
try_views(PyObject *dict_steal)
{
    static const char *const views[] = {"keys", "values", "items"};
    int result = dict_steal == NULL ? -1 : 0;
    for (size_t i = 0; result == 0 && i < Py_ARRAY_LENGTH(views); i++) {
        PyObject *view = PyObject_CallMethod(dict_steal, views[i], NULL);
        PyObject *iterator = view == NULL ? NULL : PyObject_GetIter(view);
        result = try_iterator(iterator, ITERATOR_DICT, dict_steal);
        Py_XDECREF(view);
    }
    Py_XDECREF(dict_steal);
    return result;
}

int
iterators_find(void)
{
    if (known_count > 0) {
        return 0;
    }
    PyObject *range = (PyObject *)&PyRange_Type, *set = (PyObject *)&PySet_Type;
    bool is_done =
        try_container(PyObject_CallFunction(range, "iii", 7, 13, 2), ITERATOR_RANGE) == 0 &&
        try_container(PyObject_CallFunction(set, "((iii))", 1, 2, 3), ITERATOR_SET) == 0 &&
        try_container(Py_BuildValue("[iii]", 1, 2, 3), ITERATOR_SEQUENCE) == 0 &&
        try_container(Py_BuildValue("(iii)", 1, 2, 3), ITERATOR_SEQUENCE) == 0 &&
        try_container(PyBytes_FromString("abc"), ITERATOR_SEQUENCE) == 0 &&
        try_container(PyUnicode_FromString("abc"), ITERATOR_SEQUENCE) == 0 &&
        try_container(PyUnicode_FromString("ab\xe2\x82\xac"), ITERATOR_SEQUENCE) == 0 &&
        try_views(Py_BuildValue("{s:i,s:i,s:i}", "a", 1, "b", 2, "c", 3)) == 0;
    return is_done ? 0 : -1;
}

// ---- looking ----

static bool
look_in_sequence(const sequence_iterator *from, outlook *ahead)
{
    if (from->sequence == NULL || from->index < 0) {
        return false;
    }
    Py_ssize_t size = PyUnicode_Check(from->sequence) ? PyUnicode_GET_LENGTH(from->sequence)
                                                      : Py_SIZE(from->sequence);
    ahead->container = from->sequence;
    ahead->position = from->index;
    ahead->left = size - from->index;
    return ahead->left > 0;
}

static bool
look_in_range(const range_iterator *from, outlook *ahead)
{
    ahead->container = NULL;
    ahead->position = from->start;
    ahead->left = from->length;
    return ahead->left > 0;
}

static bool
look_in_set(const set_iterator *from, outlook *ahead)
{
    if (from->set == NULL || from->used != PySet_GET_SIZE(from->set)) {
        return false;
    }
    ahead->container = from->set;
    ahead->position = from->position;
    ahead->left = from->left;
    return ahead->left > 0;
}

static bool
look_in_dict(const dict_iterator *from, outlook *ahead)
{
    if (from->dict == NULL || from->used != ((PyDictObject *)from->dict)->ma_used) {
        return false;
    }
    ahead->container = from->dict;
    ahead->position = from->position;
    ahead->left = from->left;
    return ahead->left > 0;
}

bool
iterator_look(PyObject *iterator, outlook *ahead)
{
    ahead->iterator = iterator;
    ahead->kind = iterator_kind_of(Py_TYPE(iterator));
    switch (ahead->kind) {
    case ITERATOR_SEQUENCE:
        return look_in_sequence((sequence_iterator *)iterator, ahead);
    case ITERATOR_RANGE:
        return look_in_range((range_iterator *)iterator, ahead);
    case ITERATOR_SET:
        return look_in_set((set_iterator *)iterator, ahead);
    case ITERATOR_DICT:
        return look_in_dict((dict_iterator *)iterator, ahead);
    case ITERATOR_OTHER:
        break;
    }
    return false;
}

bool
iterator_is_fixed(const outlook *ahead)
{
    PyObject *container = ahead->container;
    bool is_frozendict = ahead->kind == ITERATOR_DICT && !PyDict_Check(container); // 3.15's
    return container == NULL || PyTuple_Check(container) || PyUnicode_Check(container) ||
           PyBytes_Check(container) || PyFrozenSet_Check(container) || is_frozendict ||
           heap_contains(container);
}

// ---- reading ----

static PyObject *
read_sequence(outlook *ahead)
{
    PyObject *container = ahead->container;
    Py_ssize_t index = ahead->position++;
    if (PyList_Check(container)) {
        return Py_NewRef(PyList_GET_ITEM(container, index));
    }
    if (PyTuple_Check(container)) {
        return Py_NewRef(PyTuple_GET_ITEM(container, index));
    }
    if (PyBytes_Check(container)) {
        return PyLong_FromLong((unsigned char)PyBytes_AS_STRING(container)[index]);
    }
    return PyUnicode_FromOrdinal((int)PyUnicode_READ_CHAR(container, index));
}

PyObject *const *
iterator_items(const outlook *ahead)
{
    PyObject *container = ahead->container;
    if (ahead->kind != ITERATOR_SEQUENCE ||
        !(PyList_Check(container) || PyTuple_Check(container))) {
        return NULL;
    }
    return PySequence_Fast_ITEMS(container) + ahead->position;
}

static long
after_steps(long start, long step, Py_ssize_t count)
{
    return (long)((unsigned long)start + (unsigned long)step * (unsigned long)count);
}

static PyObject *
read_range(outlook *ahead)
{
    long number = (long)ahead->position;
    ahead->position = after_steps(number, ((range_iterator *)ahead->iterator)->step, 1);
    return PyLong_FromLong(number);
}

static PyObject *
read_set(outlook *ahead)
{
    PyObject *key;
    return value_next_in_set(ahead->container, &ahead->position, &key) ? Py_NewRef(key) : NULL;
}

static PyObject *
read_dict(outlook *ahead)
{
    const PyTypeObject *type = Py_TYPE(ahead->iterator);
    PyObject *key, *value;
    if (!PyDict_Next(ahead->container, &ahead->position, &key, &value)) {
        return NULL;
    }
    return type == &PyDictIterKey_Type     ? Py_NewRef(key)
           : type == &PyDictIterValue_Type ? Py_NewRef(value)
                                           : PyTuple_Pack(2, key, value);
}

PyObject *
iterator_read(outlook *ahead)
{
    if (ahead->left == 0) {
        return NULL;
    }
    ahead->left--;
    return ahead->kind == ITERATOR_SEQUENCE ? read_sequence(ahead)
           : ahead->kind == ITERATOR_RANGE  ? read_range(ahead)
           : ahead->kind == ITERATOR_SET    ? read_set(ahead)
                                            : read_dict(ahead);
}

void
iterator_advance(PyObject *iterator, Py_ssize_t count, Py_ssize_t position)
{
    switch (iterator_kind_of(Py_TYPE(iterator))) {
    case ITERATOR_SEQUENCE:
        ((sequence_iterator *)iterator)->index = position;
        break;
    case ITERATOR_RANGE:
        ((range_iterator *)iterator)->start = (long)position;
        ((range_iterator *)iterator)->length -= (long)count;
        break;
    case ITERATOR_SET:
        ((set_iterator *)iterator)->position = position;
        ((set_iterator *)iterator)->left -= count;
        break;
    case ITERATOR_DICT:
        ((dict_iterator *)iterator)->position = position;
        ((dict_iterator *)iterator)->left -= count;
        break;
    case ITERATOR_OTHER:
        break;
    }
}
