// Buffer, the handle: the C half of atoll.Buffer, and the functions that take one.
//
// Slices and casts are made by memoryview, and its result is read back as a new view.
#include "bridge/python/cpython.h"
#include "types/buffer.h"

#include <errno.h>

#include "bridge/transfer/handle.h"
#include "types/reference.h"

static_assert(sizeof(Py_ssize_t) == sizeof(ptrdiff_t), "a view's shape is that of a Py_buffer");

typedef struct {
    handle_object handle; // first
    Py_ssize_t exports;   // buffers of it in use; it can be released only at 0
} buffer_object;

// ---- views ----

// NULL: ValueError, it is released.
static view *
view_of(PyObject *self)
{
    view *known = ((handle_object *)self)->record;
    if (known == NULL) {
        PyErr_SetString(PyExc_ValueError, "operation forbidden on released Buffer");
    }
    return known;
}

view *
buffer_checked(core_state *state, PyObject *buffer)
{
    if (!PyObject_TypeCheck(buffer, state->types[TYPE_BUFFER])) {
        PyErr_Format(PyExc_TypeError, "a Buffer is required, not '%.100s'",
                     Py_TYPE(buffer)->tp_name);
        return NULL;
    }
    return view_of(buffer);
}

Py_buffer
buffer_describe(const view *self)
{
    const view_layout *layout = &self->layout;
    bool has_axes = layout->dimensions > 0;
    return (Py_buffer){
        .buf = layout->start,
        .len = layout->nbytes,
        .itemsize = layout->itemsize,
        .readonly = layout->is_readonly,
        .ndim = layout->dimensions,
        .format = (char *)layout->format,
        .shape = has_axes ? (Py_ssize_t *)layout->shape : NULL,
        .strides = has_axes ? (Py_ssize_t *)layout->strides : NULL,
    };
}

static view_layout
layout_of(const Py_buffer *described)
{
    return (view_layout){
        .start = described->buf,
        .itemsize = described->itemsize,
        .nbytes = described->len,
        .dimensions = described->ndim,
        .is_readonly = described->readonly,
        .format = described->format == NULL ? "B" : described->format,
        .shape = described->shape,
        .strides = described->strides,
    };
}

// The Buffer of a new view.
static PyObject *
make_buffer(core_state *state, block *of, const view_layout *layout)
{
    view *made = view_new(of, layout);
    if (made == NULL) {
        return PyErr_NoMemory();
    }
    PyObject *buffer = handle_of(state, HANDLE_BUFFER, made);
    view_decref(made);
    return buffer;
}

// A Buffer of what a memoryview of a Buffer shows. If that is other memory, the memoryview itself:
// a subclass may have its own __buffer__, and release() could not track that.
static PyObject *
read_back(core_state *state, PyObject *buffer, PyObject *shown)
{
    const view *seen = ((handle_object *)buffer)->record;
    view_layout layout = layout_of(PyMemoryView_GET_BUFFER(shown));
    return seen != NULL && view_fits(seen->block, &layout)
               ? make_buffer(state, seen->block, &layout)
               : Py_NewRef(shown);
}

// A new block's view as bytes; steals the block.
static view *
whole_steal(block *of, bool is_readonly)
{
    ptrdiff_t size = (ptrdiff_t)of->size, one = 1;
    view_layout layout = {of->data, 1, size, 1, is_readonly, "B", &size, &one};
    view *made = view_new(of, &layout);
    block_decref(of);
    if (made == NULL) {
        PyErr_NoMemory();
    }
    return made;
}

PyObject *
buffer_of_block(core_state *state, block *of, bool is_readonly)
{
    block_incref(of);
    view *whole = whole_steal(of, is_readonly);
    PyObject *buffer = whole == NULL ? NULL : handle_of(state, HANDLE_BUFFER, whole);
    if (whole != NULL) {
        view_decref(whole);
    }
    return buffer;
}

// ---- the buffer protocol ----

static bool
asks(int flags, int for_what)
{
    return (flags & for_what) == for_what;
}

// Why the Buffer cannot be had as `flags` ask, or NULL.
static const char *
find_obstacle(const Py_buffer *full, int flags)
{
    bool is_c_contiguous = PyBuffer_IsContiguous(full, 'C');
    if (asks(flags, PyBUF_WRITABLE) && full->readonly) {
        return "the Buffer is read-only";
    }
    if ((asks(flags, PyBUF_C_CONTIGUOUS) || !asks(flags, PyBUF_STRIDES)) && !is_c_contiguous) {
        return "the Buffer is not C-contiguous";
    }
    if (asks(flags, PyBUF_F_CONTIGUOUS) && !PyBuffer_IsContiguous(full, 'F')) {
        return "the Buffer is not Fortran contiguous";
    }
    if (asks(flags, PyBUF_ANY_CONTIGUOUS) && !PyBuffer_IsContiguous(full, 'A')) {
        return "the Buffer is not contiguous";
    }
    if (asks(flags, PyBUF_FORMAT) && !asks(flags, PyBUF_ND) && strcmp(full->format, "B") != 0) {
        return "a format needs a shape";
    }
    return NULL;
}

static int
buffer_get(PyObject *op, Py_buffer *out, int flags)
{
    if (cpython_refuse_null_view(out) < 0) {
        return -1;
    }
    view *seen = view_of(op);
    out->obj = NULL;
    if (seen == NULL) {
        return -1;
    }
    *out = buffer_describe(seen);
    const char *obstacle = find_obstacle(out, flags);
    if (obstacle != NULL) {
        PyErr_SetString(PyExc_BufferError, obstacle);
        return -1;
    }
    if (!asks(flags, PyBUF_FORMAT)) {
        out->format = NULL;
    }
    if (!asks(flags, PyBUF_STRIDES)) {
        out->strides = NULL;
    }
    if (!asks(flags, PyBUF_ND)) {
        out->shape = NULL;
        out->ndim = 1;
    }
    ((buffer_object *)op)->exports++;
    out->obj = Py_NewRef(op);
    return 0;
}

static void
buffer_release_export(PyObject *op, Py_buffer *view)
{
    ((buffer_object *)op)->exports--;
}

// ---- items and slices ----

static Py_ssize_t
buffer_length(PyObject *self)
{
    view *seen = view_of(self);
    if (seen != NULL && seen->layout.dimensions == 0) {
        PyErr_SetString(PyExc_TypeError, "0-dim memory has no length");
        return -1;
    }
    return seen == NULL ? -1 : seen->layout.shape[0];
}

// A slice is a Buffer of the same block; any other item is returned as it is.
static PyObject *
buffer_subscript(PyObject *self, PyObject *key)
{
    PyObject *whole = PyMemoryView_FromObject(self);
    PyObject *item = whole == NULL ? NULL : PyObject_GetItem(whole, key);
    if (item != NULL && PyMemoryView_Check(item)) {
        core_state *state = PyModule_GetState(((handle_object *)self)->module);
        Py_SETREF(item, read_back(state, self, item));
    }
    Py_XDECREF(whole);
    return item;
}

static int
buffer_assign(PyObject *self, PyObject *key, PyObject *value)
{
    PyObject *whole = PyMemoryView_FromObject(self);
    int result = whole == NULL   ? -1
                 : value == NULL ? PyObject_DelItem(whole, key)
                                 : PyObject_SetItem(whole, key, value);
    Py_XDECREF(whole);
    return result;
}

// ---- attributes ----

static PyObject *
axes_tuple(const ptrdiff_t *axes, int count)
{
    PyObject *tuple = PyTuple_New(count);
    for (int i = 0; tuple != NULL && i < count; i++) {
        PyObject *number = PyLong_FromSsize_t(axes[i]);
        if (number == NULL) {
            Py_CLEAR(tuple);
            break;
        }
        PyTuple_SET_ITEM(tuple, i, number);
    }
    return tuple;
}

static PyObject *
buffer_shape(PyObject *self, void *unused)
{
    view *seen = view_of(self);
    return seen == NULL ? NULL : axes_tuple(seen->layout.shape, seen->layout.dimensions);
}

static PyObject *
buffer_strides(PyObject *self, void *unused)
{
    view *seen = view_of(self);
    return seen == NULL ? NULL : axes_tuple(seen->layout.strides, seen->layout.dimensions);
}

static PyObject *
buffer_format(PyObject *self, void *unused)
{
    view *seen = view_of(self);
    return seen == NULL ? NULL : PyUnicode_FromString(seen->layout.format);
}

static PyObject *
buffer_itemsize(PyObject *self, void *unused)
{
    view *seen = view_of(self);
    return seen == NULL ? NULL : PyLong_FromSsize_t(seen->layout.itemsize);
}

static PyObject *
buffer_nbytes(PyObject *self, void *unused)
{
    view *seen = view_of(self);
    return seen == NULL ? NULL : PyLong_FromSsize_t(seen->layout.nbytes);
}

static PyObject *
buffer_ndim(PyObject *self, void *unused)
{
    view *seen = view_of(self);
    return seen == NULL ? NULL : PyLong_FromLong(seen->layout.dimensions);
}

static PyObject *
buffer_is_readonly(PyObject *self, void *unused)
{
    view *seen = view_of(self);
    return seen == NULL ? NULL : PyBool_FromLong(seen->layout.is_readonly);
}

static PyObject *
buffer_is_contiguous(PyObject *self, void *order)
{
    view *seen = view_of(self);
    if (seen == NULL) {
        return NULL;
    }
    Py_buffer described = buffer_describe(seen);
    return PyBool_FromLong(PyBuffer_IsContiguous(&described, *(const char *)order));
}

static PyObject *
buffer_is_released(PyObject *self, void *unused)
{
    return PyBool_FromLong(((handle_object *)self)->record == NULL);
}

static PyGetSetDef buffer_getset[] = {
    {"nbytes", buffer_nbytes, NULL, "Its size in bytes.", NULL},
    {"itemsize", buffer_itemsize, NULL, "The size of an item in bytes.", NULL},
    {"format", buffer_format, NULL, "The format of an item, in the notation of the module struct.",
     NULL},
    {"ndim", buffer_ndim, NULL, "How many axes it has.", NULL},
    {"shape", buffer_shape, NULL, "The number of items along each axis.", NULL},
    {"strides", buffer_strides, NULL, "Bytes from one item to the next along each axis.", NULL},
    {"readonly", buffer_is_readonly, NULL, "Is it read-only?", NULL},
    {"c_contiguous", buffer_is_contiguous, NULL, "Are its items in a row, the last axis first?",
     "C"},
    {"f_contiguous", buffer_is_contiguous, NULL, "Are its items in a row, the first axis first?",
     "F"},
    {"contiguous", buffer_is_contiguous, NULL, "Are its items in a row?", "A"},
    {"is_released", buffer_is_released, NULL, "Has release() been called?", NULL},
    {NULL},
};

// ---- life ----

static PyObject *
buffer_make(PyTypeObject *class, PyObject *arguments, PyObject *keywords)
{
    PyObject *module = PyType_GetModuleByDef(class, &core_module); // borrowed
    PyObject *size;
    if (module == NULL || !PyArg_ParseTuple(arguments, "O:Buffer", &size)) {
        return NULL;
    }
    Py_ssize_t nbytes = PyNumber_AsSsize_t(size, PyExc_OverflowError);
    if (nbytes < 0) {
        return PyErr_Occurred() ? NULL
                                : PyErr_Format(PyExc_ValueError, "nbytes must not be negative");
    }
    block *memory = block_new((size_t)nbytes, true);
    if (memory == NULL) {
        return PyErr_NoMemory();
    }
    view *whole = whole_steal(memory, false);
    return whole == NULL ? NULL
                         : handle_make(PyModule_GetState(module), class, HANDLE_BUFFER, whole);
}

static PyObject *
buffer_release(PyObject *self, PyObject *unused)
{
    Py_ssize_t exports = ((buffer_object *)self)->exports;
    if (exports > 0) {
        return PyErr_Format(PyExc_BufferError, "the Buffer is in use: %zd export%s", exports,
                            exports == 1 ? "" : "s");
    }
    handle_release(self);
    Py_RETURN_NONE;
}

static PyMethodDef buffer_methods[] = {
    {"release", buffer_release, METH_NOARGS,
     PyDoc_STR("release($self, /)\n--\n\n"
               "Release the memory: it is freed when no other Buffer is a view of it.\n\n"
               "Any other use of a released Buffer raises a ValueError; releasing it again does\n"
               "nothing. Buffers of other interpreters, and slices, are not affected.\n\n"
               "Crosses: nothing. Threads: any of this interpreter.\n\n"
               "Raises:\n"
               "    BufferError: If the memory is in use here: by a memoryview, an array.")},
    {NULL},
};

static PyType_Slot buffer_slots[] = {
    {Py_tp_doc, "The C half of atoll.Buffer."},
    {Py_tp_new, buffer_make},
    {Py_tp_dealloc, handle_dealloc},
    {Py_tp_traverse, handle_traverse},
    {Py_tp_clear, handle_clear},
    {Py_tp_methods, buffer_methods},
    {Py_tp_getset, buffer_getset},
    {Py_tp_members, handle_members},
    {Py_mp_length, buffer_length},
    {Py_mp_subscript, buffer_subscript},
    {Py_mp_ass_subscript, buffer_assign},
    {Py_bf_getbuffer, buffer_get},
    {Py_bf_releasebuffer, buffer_release_export},
    {0, NULL},
};

static PyType_Spec buffer_spec = {"atoll._core.BufferHandle", sizeof(buffer_object), 0,
                                  Py_TPFLAGS_DEFAULT | Py_TPFLAGS_IMMUTABLETYPE |
                                      Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_BASETYPE,
                                  buffer_slots};

int
buffer_add_type(PyObject *module, core_state *state)
{
    state->types[TYPE_BUFFER] =
        (PyTypeObject *)PyType_FromModuleAndSpec(module, &buffer_spec, NULL);
    return state->types[TYPE_BUFFER] == NULL
               ? -1
               : PyModule_AddObjectRef(module, "BufferHandle",
                                       (PyObject *)state->types[TYPE_BUFFER]);
}

// ---- functions ----

// Does a format hold references to Python objects? Names of fields stand between colons.
static bool
holds_objects(const char *format)
{
    bool is_name = false;
    for (; format != NULL && *format != 0; format++) {
        if (*format == ':') {
            is_name = !is_name;
        }
        else if (*format == 'O' && !is_name) {
            return true;
        }
    }
    return false;
}

// Copies another object's buffer, in C order.
static PyObject *
copy_buffer(core_state *state, const Py_buffer *original)
{
    ptrdiff_t strides[PyBUF_MAX_NDIM];
    view_layout layout = layout_of(original);
    if (layout.dimensions > PyBUF_MAX_NDIM) {
        return PyErr_Format(PyExc_ValueError, "more than %d axes", PyBUF_MAX_NDIM);
    }
    if (holds_objects(layout.format)) {
        return PyErr_Format(PyExc_TypeError,
                            "Python objects cannot be copied as bytes (format '%s')",
                            layout.format);
    }
    block *memory = block_new((size_t)original->len, false);
    if (memory == NULL) {
        return PyErr_NoMemory();
    }
    PyObject *buffer = NULL;
    if (PyBuffer_ToContiguous(memory->data, original, original->len, 'C') == 0) {
        ptrdiff_t stride = layout.itemsize;
        for (int i = layout.dimensions - 1; i >= 0; i--) {
            strides[i] = stride;
            stride *= layout.shape[i];
        }
        layout.start = memory->data;
        layout.is_readonly = false;
        layout.strides = strides;
        buffer = make_buffer(state, memory, &layout);
    }
    block_decref(memory);
    return buffer;
}

static PyObject *
copy(PyObject *module, PyObject *object)
{
    Py_buffer original;
    if (PyObject_GetBuffer(object, &original, PyBUF_FULL_RO) < 0) {
        return NULL;
    }
    PyObject *buffer = copy_buffer(PyModule_GetState(module), &original);
    PyBuffer_Release(&original);
    return buffer;
}

static PyObject *
map_file(PyObject *module, PyObject *const *arguments, Py_ssize_t count)
{
    if (count != 3) {
        return PyErr_Format(PyExc_TypeError, "buffer_map(descriptor, nbytes, is_writable)");
    }
    int descriptor = PyLong_AsInt(arguments[0]);
    Py_ssize_t size = descriptor == -1 && PyErr_Occurred() ? -1 : PyLong_AsSsize_t(arguments[1]);
    if (PyErr_Occurred()) {
        return NULL;
    }
    bool is_writable = arguments[2] == Py_True;
    block *memory = block_map_file(descriptor, (size_t)size, is_writable);
    if (memory == NULL) {
        return PyErr_SetFromErrno(PyExc_OSError);
    }
    PyObject *buffer = buffer_of_block(PyModule_GetState(module), memory, !is_writable);
    block_decref(memory);
    return buffer;
}

// The same memory as one row of bytes.
static PyObject *
as_bytes(core_state *state, view *seen)
{
    Py_buffer described = buffer_describe(seen);
    if (!PyBuffer_IsContiguous(&described, 'C')) {
        return PyErr_Format(PyExc_TypeError, "casts are restricted to C-contiguous Buffers");
    }
    ptrdiff_t nbytes = seen->layout.nbytes, one = 1;
    view_layout layout = {seen->layout.start,       1,   nbytes,  1,
                          seen->layout.is_readonly, "B", &nbytes, &one};
    return make_buffer(state, seen->block, &layout);
}

// The same memory in another format and shape, as memoryview.cast makes it.
static PyObject *
cast(PyObject *module, PyObject *const *arguments, Py_ssize_t count)
{
    core_state *state = PyModule_GetState(module);
    view *seen = count > 1 ? buffer_checked(state, arguments[0]) : NULL;
    if (seen == NULL) {
        return PyErr_Occurred()
                   ? NULL
                   : PyErr_Format(PyExc_TypeError, "buffer_cast(buffer, format[, shape])");
    }
    PyObject *bytes = as_bytes(state, seen);
    PyObject *flat = bytes == NULL ? NULL : PyMemoryView_FromObject(bytes);
    PyObject *method = flat == NULL ? NULL : PyObject_GetAttrString(flat, "cast");
    PyObject *form =
        method == NULL ? NULL : PyObject_Vectorcall(method, arguments + 1, (size_t)count - 1, NULL);
    PyObject *made = form == NULL ? NULL : read_back(state, bytes, form);
    Py_XDECREF(form);
    Py_XDECREF(method);
    Py_XDECREF(flat);
    Py_XDECREF(bytes);
    return made;
}

static PyObject *
make_readonly(PyObject *module, PyObject *buffer)
{
    core_state *state = PyModule_GetState(module);
    view *seen = buffer_checked(state, buffer);
    if (seen == NULL) {
        return NULL;
    }
    view_layout layout = seen->layout;
    layout.is_readonly = true;
    return make_buffer(state, seen->block, &layout);
}

// Bytes of the memory that a Buffer is of, as writable as it is; None: they are of other memory.
static PyObject *
part(PyObject *module, PyObject *const *arguments, Py_ssize_t count)
{
    core_state *state = PyModule_GetState(module);
    if (count != 3) {
        return PyErr_Format(PyExc_TypeError, "buffer_part(buffer, address, nbytes)");
    }
    void *start = PyLong_AsVoidPtr(arguments[1]);
    ptrdiff_t nbytes = PyErr_Occurred() ? -1 : PyLong_AsSsize_t(arguments[2]), one = 1;
    view *seen = PyErr_Occurred() ? NULL : buffer_checked(state, arguments[0]);
    if (seen == NULL) {
        return NULL;
    }
    view_layout layout = {start, 1, nbytes, 1, seen->layout.is_readonly, "B", &nbytes, &one};
    return view_fits(seen->block, &layout) ? make_buffer(state, seen->block, &layout)
                                           : Py_NewRef(Py_None);
}

static PyObject *
count_all(PyObject *module, PyObject *unused)
{
    block_totals totals = block_count();
    return Py_BuildValue("(LL)", (long long)totals.blocks, (long long)totals.bytes);
}

PyMethodDef buffer_functions[] = {
    {"buffer_copy", copy, METH_O,
     PyDoc_STR("buffer_copy($module, object, /)\n--\n\nCopy an object's buffer into a Buffer.")},
    {"buffer_map", (PyCFunction)(void (*)(void))map_file, METH_FASTCALL,
     PyDoc_STR("buffer_map($module, descriptor, nbytes, is_writable, /)\n--\n\n"
               "A Buffer of an open file.")},
    {"buffer_cast", (PyCFunction)(void (*)(void))cast, METH_FASTCALL,
     PyDoc_STR("buffer_cast($module, buffer, /, *form)\n--\n\n"
               "The same memory in another format and shape.")},
    {"buffer_readonly", make_readonly, METH_O,
     PyDoc_STR("buffer_readonly($module, buffer, /)\n--\n\n"
               "A read-only Buffer of the same memory.")},
    {"buffer_part", (PyCFunction)(void (*)(void))part, METH_FASTCALL,
     PyDoc_STR("buffer_part($module, buffer, address, nbytes, /)\n--\n\n"
               "Bytes at an address as a Buffer; None: they are of other memory.")},
    {"buffer_statistics", count_all, METH_NOARGS,
     PyDoc_STR("buffer_statistics($module, /)\n--\n\nCount the blocks and their bytes.")},
    {NULL},
};
