#include "bridge/queue/sort_key.h"

#include <float.h>
#include <math.h>
#include <stdbool.h>

// Each value begins with its tag. 0 ends strings and tuples, so it comes before whatever follows in
// a longer one; a 0 inside of a string is followed by 255, which is no tag.
enum {
    TAG_END = 0,
    TAG_NONE = 16,
    TAG_NUMBER = 32,
    TAG_STRING = 48,
    TAG_BYTES = 64,
    TAG_TUPLE = 80
};

#define EXACT_IN_DOUBLE (INT64_C(1) << 53)

typedef struct {
    unsigned char *data; // owned
    size_t size, capacity;
} key;

// What of a value could be ordered.
typedef enum { ORDER_ERROR = -1, ORDER_NONE, ORDER_PART, ORDER_WHOLE } order;

static order put_value(key *self, PyObject *object);

// ---- bytes ----

static int
put(key *self, const void *data, size_t size)
{
    if (self->size + size > self->capacity) {
        size_t capacity = 2 * (self->size + size) + 16;
        unsigned char *grown = PyMem_RawRealloc(self->data, capacity);
        if (grown == NULL) {
            PyErr_NoMemory();
            return -1;
        }
        self->data = grown;
        self->capacity = capacity;
    }
    memcpy(self->data + self->size, data, size);
    self->size += size;
    return 0;
}

static int
put_byte(key *self, unsigned char byte)
{
    return put(self, &byte, 1);
}

// The most significant byte first.
static int
put_integer(key *self, uint64_t number, int size)
{
    int result = 0;
    for (int i = size - 1; result == 0 && i >= 0; i--) {
        result = put_byte(self, (unsigned char)(number >> (8 * i)));
    }
    return result;
}

static int
put_text(key *self, unsigned char tag, const char *text, Py_ssize_t size)
{
    int result = put_byte(self, tag);
    const char *end = text + size;
    while (result == 0 && text < end) {
        const char *zero = memchr(text, 0, (size_t)(end - text));
        const char *stop = zero == NULL ? end : zero + 1;
        result = put(self, text, (size_t)(stop - text));
        if (result == 0 && zero != NULL) {
            result = put_byte(self, 255);
        }
        text = stop;
    }
    return result < 0 ? -1 : put_byte(self, TAG_END);
}

// ---- numbers: the nearest double, then by how much the number is more ----

static int
put_double(key *self, double number)
{
    uint64_t bits;
    number += 0.0; // -0.0 is 0.0
    memcpy(&bits, &number, sizeof bits);
    bits = bits >> 63 ? ~bits : bits | UINT64_C(1) << 63;
    return put_byte(self, TAG_NUMBER) < 0 ? -1 : put_integer(self, bits, 8);
}

// Sign, length and magnitude, so that a larger one is larger byte by byte.
static int
put_excess(key *self, PyObject *excess)
{
    PyObject *zero = PyLong_FromLong(0);
    int is_negative = zero == NULL ? -1 : PyObject_RichCompareBool(excess, zero, Py_LT);
    int is_zero = is_negative < 0 ? -1 : PyObject_RichCompareBool(excess, zero, Py_EQ);
    Py_XDECREF(zero);
    if (is_zero != 0) {
        return is_zero < 0 ? -1 : put_byte(self, 1);
    }
    PyObject *magnitude = PyNumber_Absolute(excess);
    Py_ssize_t size = magnitude == NULL ? -1 : PyLong_AsNativeBytes(magnitude, NULL, 0, 0);
    int result = -1;
    if (size >= 0 && put_byte(self, is_negative ? 0 : 2) == 0) {
        size_t start = self->size;
        unsigned char nothing[64] = {0};
        result = put_integer(self, (uint64_t)size, 8);
        for (Py_ssize_t left = size; result == 0 && left > 0; left -= 64) { // room
            result = put(self, nothing, left < 64 ? (size_t)left : 64);
        }
        if (result == 0 && PyLong_AsNativeBytes(magnitude, self->data + start + 8, size,
                                                Py_ASNATIVEBYTES_BIG_ENDIAN) < 0) {
            result = -1;
        }
        for (size_t i = start; result == 0 && is_negative && i < self->size; i++) {
            self->data[i] = (unsigned char)~self->data[i];
        }
    }
    Py_XDECREF(magnitude);
    return result;
}

static int
put_large_int(key *self, PyObject *number)
{
    double nearest = PyLong_AsDouble(number);
    if (nearest == -1.0 && PyErr_Occurred()) { // beyond all doubles, but not infinite
        PyErr_Clear();
        PyObject *zero = PyLong_FromLong(0);
        int is_negative = zero == NULL ? -1 : PyObject_RichCompareBool(number, zero, Py_LT);
        Py_XDECREF(zero);
        if (is_negative < 0) {
            return -1;
        }
        nearest = is_negative ? -DBL_MAX : DBL_MAX;
    }
    PyObject *whole = PyLong_FromDouble(nearest);
    PyObject *excess = whole == NULL ? NULL : PyNumber_Subtract(number, whole);
    int result = excess == NULL || put_double(self, nearest) < 0 ? -1 : put_excess(self, excess);
    Py_XDECREF(whole);
    Py_XDECREF(excess);
    return result;
}

static int
put_int(key *self, PyObject *number)
{
    int overflow;
    long long value = PyLong_AsLongLongAndOverflow(number, &overflow);
    if (value == -1 && PyErr_Occurred()) {
        return -1;
    }
    if (overflow || value > EXACT_IN_DOUBLE || value < -EXACT_IN_DOUBLE) {
        PyObject *exact = PyNumber_Long(number); // of a subclass, an int
        int result = exact == NULL ? -1 : put_large_int(self, exact);
        Py_XDECREF(exact);
        return result;
    }
    return put_double(self, (double)value) < 0 ? -1 : put_byte(self, 1);
}

static int
put_float(key *self, double number)
{
    if (isnan(number)) {
        PyErr_SetString(PyExc_ValueError, "a NaN has no place in an order");
        return -1;
    }
    return put_double(self, number) < 0 ? -1 : put_byte(self, 1);
}

// ---- values ----

static int
put_string(key *self, PyObject *string)
{
    PyObject *utf8 = PyUnicode_AsEncodedString(string, "utf-8", "surrogatepass");
    int result = utf8 == NULL
                     ? -1
                     : put_text(self, TAG_STRING, PyBytes_AS_STRING(utf8), PyBytes_GET_SIZE(utf8));
    Py_XDECREF(utf8);
    return result;
}

static order
put_tuple(key *self, PyObject *tuple)
{
    if (put_byte(self, TAG_TUPLE) < 0 || Py_EnterRecursiveCall(" while ordering a tuple")) {
        return ORDER_ERROR;
    }
    order result = ORDER_WHOLE;
    for (Py_ssize_t i = 0; result == ORDER_WHOLE && i < PyTuple_GET_SIZE(tuple); i++) {
        result = put_value(self, PyTuple_GET_ITEM(tuple, i));
        if (result == ORDER_NONE && i > 0) {
            result = ORDER_PART;
        }
    }
    Py_LeaveRecursiveCall();
    if (result == ORDER_WHOLE && put_byte(self, TAG_END) < 0) {
        return ORDER_ERROR;
    }
    return result;
}

// Subclasses count as long as they compare as their base does.
static bool
compares_as(PyObject *object, PyTypeObject *base)
{
    return PyType_IsSubtype(Py_TYPE(object), base) &&
           Py_TYPE(object)->tp_richcompare == base->tp_richcompare;
}

static order
put_value(key *self, PyObject *object)
{
    int result = 0;
    if (object == Py_None) {
        result = put_byte(self, TAG_NONE);
    }
    else if (compares_as(object, &PyLong_Type)) {
        result = put_int(self, object);
    }
    else if (compares_as(object, &PyFloat_Type)) {
        result = put_float(self, PyFloat_AS_DOUBLE(object));
    }
    else if (compares_as(object, &PyUnicode_Type)) {
        result = put_string(self, object);
    }
    else if (compares_as(object, &PyBytes_Type)) {
        result = put_text(self, TAG_BYTES, PyBytes_AS_STRING(object), PyBytes_GET_SIZE(object));
    }
    else {
        return compares_as(object, &PyTuple_Type) ? put_tuple(self, object) : ORDER_NONE;
    }
    return result < 0 ? ORDER_ERROR : ORDER_WHOLE;
}

int
sort_key_make(PyObject *object, queue_item *item)
{
    key made = {0};
    order result = put_value(&made, object);
    if (result == ORDER_NONE) {
        PyErr_Format(PyExc_TypeError,
                     "a priority queue orders numbers, str, bytes, None and tuples that begin with "
                     "them, not '%.100s' [docs: reference/queue]",
                     Py_TYPE(object)->tp_name);
        result = ORDER_ERROR;
    }
    if (result == ORDER_ERROR) {
        PyMem_RawFree(made.data);
        return -1;
    }
    item->key = made.data;
    item->key_size = made.size;
    return 0;
}
