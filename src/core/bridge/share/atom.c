#include "bridge/share/atom.h"

#include <stddef.h>

// ---- strings ----

// CPython's own static string of that text, or NULL; borrowed. It is needed for names of special
// methods, which CPython looks up by identity.
static PyObject *
static_name(PyObject *string)
{
    const char *text = PyUnicode_IS_ASCII(string) ? PyUnicode_DATA(string) : "";
    if (text[0] != '_' || text[1] != '_') {
        return NULL;
    }
    PyObject *interned = Py_NewRef(string);
    PyUnicode_InternInPlace(&interned);
    PyObject *found = cpython_is_static_string(interned) ? interned : NULL;
    Py_DECREF(interned);
    return found;
}

// A string with lone surrogates has no UTF-8 form. Asking for that fails, and writes nothing.
static int
copy_utf8(share_arena *self, PyObject *source, PyCompactUnicodeObject *made)
{
    made->utf8 = NULL;
    made->utf8_length = 0;
    PyObject *bytes = PyUnicode_AsUTF8String(source);
    if (bytes == NULL) {
        if (!PyErr_ExceptionMatches(PyExc_UnicodeEncodeError)) {
            return -1;
        }
        PyErr_Clear();
        return 0;
    }
    Py_ssize_t length = PyBytes_GET_SIZE(bytes);
    char *text = share_arena_raw(self, (size_t)length + 1);
    if (text != NULL) {
        memcpy(text, PyBytes_AS_STRING(bytes), (size_t)length + 1);
        made->utf8 = text;
        made->utf8_length = length;
    }
    Py_DECREF(bytes);
    return text == NULL ? -1 : 0;
}

static PyObject *
copy_string(share_arena *self, PyObject *source)
{
    PyObject *name = static_name(source);
    if (name != NULL) {
        return name;
    }
    bool is_ascii = PyUnicode_IS_COMPACT_ASCII(source);
    size_t head = is_ascii ? sizeof(PyASCIIObject) : sizeof(PyCompactUnicodeObject);
    size_t text = (size_t)(PyUnicode_GET_LENGTH(source) + 1) * PyUnicode_KIND(source);
    if (PyObject_Hash(source) == -1) { // the source keeps it, and so will the copy
        return NULL;
    }
    PyObject *made = share_arena_copy(self, SHARED_STR, source, head + text);
    if (made == NULL) {
        return NULL;
    }
    cpython_init_string_state(made);
    if (!is_ascii && copy_utf8(self, source, (PyCompactUnicodeObject *)made) < 0) {
        return NULL;
    }
    return made;
}

// ---- all kinds ----

static PyObject *
copy_atom(share_arena *self, PyObject *source)
{
    PyTypeObject *type = Py_TYPE(source);
    if (type == &PyUnicode_Type) {
        return copy_string(self, source);
    }
    if (type == &PyLong_Type) {
        return share_arena_copy(self, SHARED_INT, source, cpython_int_size(source));
    }
    if (type == &PyFloat_Type) {
        return share_arena_copy(self, SHARED_FLOAT, source, sizeof(PyFloatObject));
    }
    if (type == &PyComplex_Type) {
        return share_arena_copy(self, SHARED_COMPLEX, source, sizeof(PyComplexObject));
    }
    if (type == &PyBytes_Type) {
        size_t size = offsetof(PyBytesObject, ob_sval) + (size_t)PyBytes_GET_SIZE(source) + 1;
        // The source keeps its hash, and so will the copy.
        return PyObject_Hash(source) == -1 ? NULL
                                           : share_arena_copy(self, SHARED_BYTES, source, size);
    }
    size_t size = cpython_datetime_size(source);
    return size == 0 ? NULL : share_arena_copy(self, SHARED_DATETIME, source, size);
}

PyObject *
atom_share(share_arena *self, pool_kind kind, PyObject *source)
{
    if (kind == POOL_NONE) {
        return copy_atom(self, source);
    }
    PyObject *found = pool_find(&self->pool, kind, source);
    if (found != NULL) {
        return found;
    }
    PyObject *made = copy_atom(self, source);
    if (made != NULL && heap_contains(made) && !pool_add(&self->pool, made)) {
        return PyErr_NoMemory();
    }
    return made;
}
