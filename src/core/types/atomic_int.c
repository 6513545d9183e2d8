// AtomicInt: 64 bits of a Buffer that threads of all interpreters change without a crossing.
#include <stdatomic.h>

#include "bridge/transfer/handle.h"
#include "types/buffer.h"
#include "types/reference.h"

typedef _Atomic int64_t cell;

static_assert(sizeof(cell) == sizeof(int64_t) && sizeof(long long) == sizeof(int64_t),
              "a cell is only its number");
static_assert(ATOMIC_LLONG_LOCK_FREE == 2, "processes that map the same file share no lock");

static cell *
cell_of(PyObject *self)
{
    const view *seen = ((handle_object *)self)->record; // never released
    return (cell *)(void *)seen->layout.start;
}

// ---- life ----

// The address of the cell, or NULL with an exception.
static char *
find_place(const view *seen, Py_ssize_t offset)
{
    Py_buffer described = buffer_describe(seen);
    if (seen->layout.is_readonly) {
        PyErr_SetString(PyExc_TypeError, "the Buffer is read-only");
        return NULL;
    }
    if (!PyBuffer_IsContiguous(&described, 'C')) {
        PyErr_SetString(PyExc_ValueError, "the Buffer is not C-contiguous");
        return NULL;
    }
    if (offset < 0 || seen->layout.nbytes - (Py_ssize_t)sizeof(cell) < offset) {
        PyErr_Format(PyExc_ValueError, "a cell of 8 bytes at %zd is not inside a Buffer of %zd",
                     offset, seen->layout.nbytes);
        return NULL;
    }
    char *place = seen->layout.start + offset;
    if ((uintptr_t)place % sizeof(cell) != 0) {
        PyErr_Format(PyExc_ValueError, "a cell at %zd is not aligned to 8 bytes", offset);
        return NULL;
    }
    return place;
}

static view *
view_of_cell(block *of, char *place)
{
    ptrdiff_t one = 1, size = sizeof(cell);
    view_layout layout = {place, size, size, 1, false, "q", &one, &size};
    return view_new(of, &layout);
}

PyObject *
atomic_int_new(core_state *state, int64_t value)
{
    block *memory = block_new(sizeof(cell), true);
    view *made = memory == NULL ? NULL : view_of_cell(memory, memory->data);
    if (memory != NULL) {
        atomic_store((cell *)(void *)memory->data, value);
        block_decref(memory);
    }
    if (made == NULL) {
        return PyErr_NoMemory();
    }
    PyObject *self = handle_of(state, HANDLE_ATOMIC_INT, made);
    view_decref(made);
    return self;
}

void *
atomic_int_place(core_state *state, PyObject *op)
{
    if (!PyObject_TypeCheck(op, state->types[TYPE_ATOMIC_INT])) {
        PyErr_Format(PyExc_TypeError, "an AtomicInt is required, not '%.100s'",
                     Py_TYPE(op)->tp_name);
        return NULL;
    }
    return cell_of(op);
}

static PyObject *
atomic_int_make(PyTypeObject *class, PyObject *arguments, PyObject *keywords)
{
    static char *names[] = {"buffer", "offset", NULL};
    PyObject *module = PyType_GetModuleByDef(class, &core_module); // borrowed
    PyObject *buffer;
    Py_ssize_t offset = 0;
    if (module == NULL || !PyArg_ParseTupleAndKeywords(arguments, keywords, "O|n:AtomicInt", names,
                                                       &buffer, &offset)) {
        return NULL;
    }
    core_state *state = PyModule_GetState(module);
    view *seen = buffer_checked(state, buffer);
    char *place = seen == NULL ? NULL : find_place(seen, offset);
    if (place == NULL) {
        return NULL;
    }
    view *made = view_of_cell(seen->block, place);
    return made == NULL ? PyErr_NoMemory() : handle_make(state, class, HANDLE_ATOMIC_INT, made);
}

// ---- operations ----

static bool
parse_number(PyObject *number, int64_t *value)
{
    *value = PyLong_AsLongLong(number);
    return *value != -1 || !PyErr_Occurred();
}

static PyObject *
atomic_int_load(PyObject *self, PyObject *unused)
{
    return PyLong_FromLongLong(atomic_load(cell_of(self)));
}

static PyObject *
atomic_int_store(PyObject *self, PyObject *number)
{
    int64_t value;
    if (!parse_number(number, &value)) {
        return NULL;
    }
    atomic_store(cell_of(self), value);
    Py_RETURN_NONE;
}

static PyObject *
atomic_int_add(PyObject *self, PyObject *number)
{
    int64_t value;
    return parse_number(number, &value)
               ? PyLong_FromLongLong(atomic_fetch_add(cell_of(self), value))
               : NULL;
}

static PyObject *
atomic_int_sub(PyObject *self, PyObject *number)
{
    int64_t value;
    return parse_number(number, &value)
               ? PyLong_FromLongLong(atomic_fetch_sub(cell_of(self), value))
               : NULL;
}

static PyObject *
atomic_int_exchange(PyObject *self, PyObject *number)
{
    int64_t value;
    return parse_number(number, &value) ? PyLong_FromLongLong(atomic_exchange(cell_of(self), value))
                                        : NULL;
}

static PyObject *
atomic_int_compare_exchange(PyObject *self, PyObject *const *arguments, Py_ssize_t count)
{
    int64_t expected, desired;
    if (count != 2) {
        return PyErr_Format(PyExc_TypeError, "compare_exchange() takes 2 arguments (%zd given)",
                            count);
    }
    if (!parse_number(arguments[0], &expected) || !parse_number(arguments[1], &desired)) {
        return NULL;
    }
    return PyBool_FromLong(atomic_compare_exchange_strong(cell_of(self), &expected, desired));
}

static PyObject *
atomic_int_reduce(PyObject *self, PyObject *unused)
{
    return PyErr_Format(PyExc_TypeError,
                        "an AtomicInt cannot be pickled: it would no longer be the same cell "
                        "[docs: reference/buffer]");
}

static PyObject *
atomic_int_repr(PyObject *self)
{
    return PyUnicode_FromFormat("<atoll.AtomicInt %lld>", (long long)atomic_load(cell_of(self)));
}

// ---- the type ----

#define RAISES                                                                                     \
    "Crosses: nothing. Threads: any.\n\n"                                                          \
    "Raises:\n"                                                                                    \
    "    TypeError: If it is not an int.\n"                                                        \
    "    OverflowError: If it does not fit into 64 bits with a sign."

static PyMethodDef atomic_int_methods[] = {
    {"load", atomic_int_load, METH_NOARGS,
     PyDoc_STR("load($self, /)\n--\n\nReturn the number.\n\nCrosses: nothing. Threads: any.")},
    {"store", atomic_int_store, METH_O,
     PyDoc_STR("store($self, value, /)\n--\n\nSet the number.\n\n" RAISES)},
    {"add", atomic_int_add, METH_O,
     PyDoc_STR("add($self, value, /)\n--\n\n"
               "Add to the number; return what it was before.\n\n"
               "Beyond 64 bits it wraps around, as C11's atomic_fetch_add does.\n\n" RAISES)},
    {"sub", atomic_int_sub, METH_O,
     PyDoc_STR(
         "sub($self, value, /)\n--\n\n"
         "Subtract from the number; return what it was before. Wraps around as add().\n\n" RAISES)},
    {"exchange", atomic_int_exchange, METH_O,
     PyDoc_STR("exchange($self, value, /)\n--\n\n"
               "Set the number; return what it was before.\n\n" RAISES)},
    {"compare_exchange", (PyCFunction)(void (*)(void))atomic_int_compare_exchange, METH_FASTCALL,
     PyDoc_STR(
         "compare_exchange($self, expected, desired, /)\n--\n\n"
         "Set the number to `desired` if it is `expected`; return whether it was.\n\n" RAISES)},
    {"__reduce__", atomic_int_reduce, METH_NOARGS, PyDoc_STR("Refuse to be pickled.")},
    {NULL},
};

static PyType_Slot atomic_int_slots[] = {
    {Py_tp_doc,
     PyDoc_STR(
         "AtomicInt(buffer, offset=0)\n--\n\n"
         "A 64-bit integer with a sign in a Buffer, changed by many threads at once.\n\n"
         "For counters and progress: each operation is one instruction of the processor, not\n"
         "a crossing, and none is lost, whichever interpreters the threads are in. All are\n"
         "sequentially consistent: a thread that reads a number also sees all that its writer\n"
         "did before.\n\n"
         "What crosses: an AtomicInt as a handle to the same cell. It keeps the memory, even\n"
         "if the Buffer is released. Writing to these bytes in another way meanwhile is a\n"
         "data race.\n\n"
         "Args:\n"
         "    buffer: A C-contiguous Buffer.\n"
         "    offset: Bytes from its start. The cell must be aligned to 8 bytes.\n\n"
         "Raises:\n"
         "    ValueError: If there is no room at that offset, it is not aligned, or the\n"
         "        Buffer is released or not contiguous.\n"
         "    TypeError: If the Buffer is read-only, or something else.\n\n"
         "Threads: any.\n\n"
         "Example:\n"
         "    >>> done = atoll.AtomicInt(atoll.Buffer(8))\n"
         "    >>> before = interpreter.call(lambda: [done.add(1) for _ in range(10)])\n"
         "    >>> done.load()\n"
         "    10")},
    {Py_tp_new, atomic_int_make},
    {Py_tp_dealloc, handle_dealloc},
    {Py_tp_traverse, handle_traverse},
    {Py_tp_clear, handle_clear},
    {Py_tp_methods, atomic_int_methods},
    {Py_tp_members, handle_members},
    {Py_tp_repr, atomic_int_repr},
    {0, NULL},
};

static PyType_Spec atomic_int_spec = {
    "atoll._core.AtomicInt", sizeof(handle_object), 0,
    Py_TPFLAGS_DEFAULT | Py_TPFLAGS_IMMUTABLETYPE | Py_TPFLAGS_HAVE_GC, atomic_int_slots};

int
atomic_int_add_type(PyObject *module, core_state *state)
{
    state->types[TYPE_ATOMIC_INT] =
        (PyTypeObject *)PyType_FromModuleAndSpec(module, &atomic_int_spec, NULL);
    return state->types[TYPE_ATOMIC_INT] == NULL
               ? -1
               : PyModule_AddObjectRef(module, "AtomicInt",
                                       (PyObject *)state->types[TYPE_ATOMIC_INT]);
}
