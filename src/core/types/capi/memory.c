// What atoll.h has for memory: shared values, Buffers, cells, variables of each interpreter.
#include <Python.h>
#include <stdlib.h>

#include "bridge/share/atom.h"
#include "bridge/share/share.h"
#include "types/buffer.h"
#include "types/capi/capi.h"
#include "types/reference.h"

static_assert(sizeof(Atoll_Cell) == sizeof(int64_t), "a cell is only its number");

static core_state *
here_with_object(Atoll_Interpreter *here, PyObject *object, int *why)
{
    return capi_here_with(here, object, "the object is NULL", why);
}

// ---- shared values ----

PyObject *
capi_share(Atoll_Interpreter *here, PyObject *object)
{
    int why;
    core_state *state = here_with_object(here, object, &why);
    return state == NULL ? NULL : Py_XNewRef(share_object(state, object, false));
}

int
capi_is_shared(Atoll_Interpreter *here, PyObject *object)
{
    int why;
    return here_with_object(here, object, &why) == NULL ? why : atom_is_shared(object);
}

// ---- Buffers and cells ----

PyObject *
capi_wrap_memory(Atoll_Interpreter *here, void *data, size_t size, int is_readonly,
                 void (*release)(void *context), void *context)
{
    int why;
    core_state *state = capi_here(here, &why);
    if (state == NULL) {
        return NULL;
    }
    if (size > PY_SSIZE_T_MAX || data == NULL) {
        PyErr_SetString(PyExc_ValueError, data == NULL ? "the memory to be wrapped is NULL"
                                                       : "the size of the memory is too large");
        return NULL;
    }
    block *wrapped = block_wrap(data, size, release, context);
    if (wrapped == NULL) {
        return PyErr_NoMemory();
    }
    PyObject *buffer = buffer_of_block(state, wrapped, is_readonly != 0);
    if (buffer == NULL) {
        block_disown(wrapped);
    }
    block_decref(wrapped);
    return buffer;
}

PyObject *
capi_new_atomic_int(Atoll_Interpreter *here, int64_t value)
{
    int why;
    core_state *state = capi_here(here, &why);
    return state == NULL ? NULL : atomic_int_new(state, value);
}

Atoll_Cell *
capi_cell(Atoll_Interpreter *here, PyObject *atomic_int)
{
    int why;
    core_state *state = here_with_object(here, atomic_int, &why);
    return state == NULL ? NULL : atomic_int_place(state, atomic_int);
}

// ---- variables of each interpreter ----

// The content follows, aligned as malloc does.
typedef struct {
    _Alignas(16) void (*free)(void *content); // the slot itself may be unloaded before
} slot_head;

static COLD void *
make_slot(core_state *state, const Atoll_Slot *slot)
{
    if (state->is_cleared) {
        PyErr_SetString(PyExc_RuntimeError, "the interpreter ends");
        return NULL;
    }
    slot_head *made = calloc(1, sizeof *made + slot->size);
    if (made == NULL || !pointer_map_set(&state->slots, slot, made)) {
        free(made);
        return PyErr_NoMemory();
    }
    made->free = slot->free;
    return made + 1;
}

void *
capi_slot(Atoll_Interpreter *here, Atoll_Slot *slot)
{
    int why;
    core_state *state = capi_here_with(here, slot, "the Atoll_Slot is NULL", &why);
    if (UNLIKELY(state == NULL)) {
        return NULL;
    }
    slot_head *known = pointer_map_get(&state->slots, slot);
    return LIKELY(known != NULL) ? known + 1 : make_slot(state, slot);
}

// Each is there until all are freed: what one of them frees may use another.
void
capi_free_slots(core_state *state)
{
    PyObject *raised = PyErr_GetRaisedException();
    size_t position = 0;
    pointer_pair pair;
    while (pointer_map_next(&state->slots, &position, &pair)) {
        slot_head *each = pair.value;
        if (each->free != NULL) {
            each->free(each + 1);
        }
    }
    position = 0;
    while (pointer_map_next(&state->slots, &position, &pair)) {
        free(pair.value);
    }
    pointer_map_free(&state->slots);
    PyErr_SetRaisedException(raised);
}
