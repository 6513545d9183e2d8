// Queue, the handle: the C half of atoll.Queue, and the functions that take one.
#include "types/queue.h"

#include "bridge/queue/queue_item.h"
#include "bridge/transfer/handle.h"
#include "bridge/queue/waiting.h"
#include "types/reference.h"

// ---- handles ----

static int
order_of(PyTypeObject *class, backlog_order *order)
{
    PyObject *number = PyObject_GetAttrString((PyObject *)class, "_order");
    long value = number == NULL ? -1 : PyLong_AsLong(number);
    Py_XDECREF(number);
    if (PyErr_Occurred()) {
        return -1;
    }
    if (value < BACKLOG_OLDEST_FIRST || value > BACKLOG_SMALLEST_FIRST) {
        PyErr_SetString(PyExc_ValueError, "_order must be 0, 1 or 2");
        return -1;
    }
    *order = (backlog_order)value;
    return 0;
}

// The arguments are for __init__.
static PyObject *
queue_make(PyTypeObject *class, PyObject *arguments, PyObject *keywords)
{
    PyObject *module = PyType_GetModuleByDef(class, &core_module); // borrowed
    backlog_order order;
    if (module == NULL || order_of(class, &order) < 0) {
        return NULL;
    }
    queue *made = queue_new(order, queue_item_discard);
    return made == NULL ? PyErr_NoMemory()
                        : handle_make(PyModule_GetState(module), class, HANDLE_QUEUE, made);
}

static queue *
queue_of(PyObject *handle)
{
    return ((handle_object *)handle)->record;
}

static PyObject *
queue_get_id(PyObject *self, void *unused)
{
    return PyLong_FromUnsignedLongLong(queue_id(queue_of(self)));
}

static PyObject *
queue_get_maxsize(PyObject *self, void *unused)
{
    return PyLong_FromLongLong(queue_get_status(queue_of(self)).capacity);
}

static int
queue_set_maxsize(PyObject *self, PyObject *value, void *unused)
{
    if (value == NULL) {
        PyErr_SetString(PyExc_AttributeError, "maxsize cannot be deleted");
        return -1;
    }
    if (!PyIndex_Check(value)) {
        PyErr_Format(PyExc_TypeError, "maxsize must be an int, not '%.100s'",
                     Py_TYPE(value)->tp_name);
        return -1;
    }
    Py_ssize_t capacity = PyNumber_AsSsize_t(value, NULL); // clipped to the range
    if (capacity == -1 && PyErr_Occurred()) {
        return -1;
    }
    queue_set_capacity(queue_of(self), capacity);
    return 0;
}

static PyObject *
queue_get_unfinished(PyObject *self, void *unused)
{
    return PyLong_FromLongLong(queue_get_status(queue_of(self)).unfinished);
}

static PyObject *
queue_get_is_shutdown(PyObject *self, void *unused)
{
    return PyBool_FromLong(queue_get_status(queue_of(self)).is_shut_down);
}

static PyGetSetDef queue_getset[] = {
    {"id", queue_get_id, NULL, "The number of the queue in this process.", NULL},
    {"maxsize", queue_get_maxsize, queue_set_maxsize,
     "How many items it holds at most; 0 or less: no limit.", NULL},
    {"unfinished_tasks", queue_get_unfinished, NULL,
     "How many items were put and not yet reported by task_done().", NULL},
    {"is_shutdown", queue_get_is_shutdown, NULL, "Has it been shut down?", NULL},
    {NULL},
};

static PyType_Slot queue_slots[] = {
    {Py_tp_doc, "The C half of atoll.Queue."},
    {Py_tp_new, queue_make},
    {Py_tp_dealloc, handle_dealloc},
    {Py_tp_traverse, handle_traverse},
    {Py_tp_clear, handle_clear},
    {Py_tp_getset, queue_getset},
    {Py_tp_members, handle_members},
    {0, NULL},
};

static PyType_Spec queue_spec = {"atoll._core.QueueHandle", sizeof(handle_object), 0,
                                 Py_TPFLAGS_DEFAULT | Py_TPFLAGS_IMMUTABLETYPE |
                                     Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_BASETYPE,
                                 queue_slots};

int
queue_add_types(PyObject *module, core_state *state)
{
    state->types[TYPE_QUEUE] = (PyTypeObject *)PyType_FromModuleAndSpec(module, &queue_spec, NULL);
    if (state->types[TYPE_QUEUE] == NULL ||
        PyModule_AddObjectRef(module, "QueueHandle", (PyObject *)state->types[TYPE_QUEUE]) < 0) {
        return -1;
    }
    return queue_wait_add_types(module, state);
}

// ---- shared with queue_wait.c ----

queue *
queue_checked(core_state *state, PyObject *handle)
{
    if (!PyObject_TypeCheck(handle, state->types[TYPE_QUEUE])) {
        PyErr_Format(PyExc_TypeError, "a Queue is required, not '%.100s'",
                     Py_TYPE(handle)->tp_name);
        return NULL;
    }
    return queue_of(handle);
}

PyObject *
queue_raise(core_state *state, queue_result result, queue_side side)
{
    PyObject *error = state_hook(state, result == QUEUE_SHUT_DOWN ? HOOK_SHUT_DOWN
                                        : side == QUEUE_PUTTERS   ? HOOK_FULL
                                                                  : HOOK_EMPTY);
    if (error != NULL) {
        PyErr_SetNone(error);
    }
    return NULL;
}

PyObject *
queue_answer(core_state *state, queue_result result, queue_side side, queue_item *item)
{
    if (side == QUEUE_PUTTERS && result != QUEUE_DONE) {
        queue_item_discard(item);
    }
    if (result != QUEUE_DONE) {
        return queue_raise(state, result, side);
    }
    return side == QUEUE_GETTERS ? queue_item_unpack_steal(state, item) : Py_NewRef(Py_None);
}

// ---- functions ----

static PyObject *
wait_for_answer(core_state *state, queue *self, queue_waiter *waiter, int64_t deadline)
{
    queue_item *item = NULL;
    queue_result result;
    if (waiting_at_queue(state, self, waiter, deadline, &result, &item) < 0) {
        return NULL;
    }
    return queue_answer(state, result, waiter->side, item);
}

// `block` and `timeout`, the last two arguments of put and get.
static int
parse_patience(PyObject *const *arguments, bool *is_patient, int64_t *deadline)
{
    int is_true = PyObject_IsTrue(arguments[0]);
    *is_patient = is_true > 0;
    return is_true < 0 || (is_true && waiting_deadline(arguments[1], deadline) < 0) ? -1 : 0;
}

static PyObject *
put(PyObject *module, PyObject *const *arguments, Py_ssize_t count)
{
    core_state *state = PyModule_GetState(module);
    queue *self = count == 4 ? queue_checked(state, arguments[0]) : NULL;
    bool is_patient;
    int64_t deadline = DEADLINE_NEVER;
    if (self == NULL) {
        return PyErr_Occurred()
                   ? NULL
                   : PyErr_Format(PyExc_TypeError, "queue_put(queue, item, block, timeout)");
    }
    if (parse_patience(arguments + 2, &is_patient, &deadline) < 0) {
        return NULL;
    }
    queue_result refusal = is_patient ? QUEUE_DONE : queue_would_refuse(self);
    if (refusal != QUEUE_DONE) {
        return queue_raise(state, refusal, QUEUE_PUTTERS); // before packing the item
    }
    queue_item *item = queue_item_pack(state, arguments[1], queue_order(self));
    if (item == NULL) {
        return NULL;
    }
    if (!is_patient) {
        return queue_answer(state, queue_put(self, item, NULL), QUEUE_PUTTERS, item);
    }
    queue_waiter waiter;
    waiter_init(&waiter, QUEUE_PUTTERS, NULL, 0);
    queue_result result = queue_put(self, item, &waiter);
    PyObject *answer = result == QUEUE_WAITING ? wait_for_answer(state, self, &waiter, deadline)
                                               : queue_answer(state, result, QUEUE_PUTTERS, item);
    waiter_free(&waiter);
    return answer;
}

static PyObject *
get(PyObject *module, PyObject *const *arguments, Py_ssize_t count)
{
    core_state *state = PyModule_GetState(module);
    queue *self = count == 3 ? queue_checked(state, arguments[0]) : NULL;
    bool is_patient;
    int64_t deadline = DEADLINE_NEVER;
    queue_item *item = NULL;
    if (self == NULL) {
        return PyErr_Occurred() ? NULL
                                : PyErr_Format(PyExc_TypeError, "queue_get(queue, block, timeout)");
    }
    if (parse_patience(arguments + 1, &is_patient, &deadline) < 0) {
        return NULL;
    }
    if (!is_patient) {
        queue_result result = queue_get(self, &item, NULL);
        return queue_answer(state, result, QUEUE_GETTERS, item);
    }
    queue_waiter waiter;
    waiter_init(&waiter, QUEUE_GETTERS, NULL, 0);
    queue_result result = queue_get(self, &item, &waiter);
    PyObject *answer = result == QUEUE_WAITING ? wait_for_answer(state, self, &waiter, deadline)
                                               : queue_answer(state, result, QUEUE_GETTERS, item);
    waiter_free(&waiter);
    return answer;
}

static PyObject *
join(PyObject *module, PyObject *handle)
{
    core_state *state = PyModule_GetState(module);
    queue *self = queue_checked(state, handle);
    if (self == NULL) {
        return NULL;
    }
    queue_waiter waiter;
    waiter_init(&waiter, QUEUE_JOINERS, NULL, 0);
    queue_result result = queue_join(self, &waiter);
    PyObject *answer = result == QUEUE_WAITING
                           ? wait_for_answer(state, self, &waiter, DEADLINE_NEVER)
                           : queue_answer(state, result, QUEUE_JOINERS, NULL);
    waiter_free(&waiter);
    return answer;
}

static PyObject *
task_done(PyObject *module, PyObject *handle)
{
    queue *self = queue_checked(PyModule_GetState(module), handle);
    if (self == NULL) {
        return NULL;
    }
    if (!queue_task_done(self)) {
        PyErr_SetString(PyExc_ValueError, "task_done() called too many times");
        return NULL;
    }
    Py_RETURN_NONE;
}

static PyObject *
size(PyObject *module, PyObject *handle)
{
    queue *self = queue_checked(PyModule_GetState(module), handle);
    return self == NULL ? NULL : PyLong_FromLongLong(queue_get_status(self).count);
}

static PyObject *
is_full(PyObject *module, PyObject *handle)
{
    queue *self = queue_checked(PyModule_GetState(module), handle);
    return self == NULL ? NULL : PyBool_FromLong(queue_get_status(self).is_full);
}

static PyObject *
shut_down(PyObject *module, PyObject *const *arguments, Py_ssize_t count)
{
    core_state *state = PyModule_GetState(module);
    queue *self = count == 2 ? queue_checked(state, arguments[0]) : NULL;
    int is_immediate = self == NULL ? -1 : PyObject_IsTrue(arguments[1]);
    if (is_immediate < 0) {
        return PyErr_Occurred() ? NULL
                                : PyErr_Format(PyExc_TypeError, "queue_shutdown(queue, immediate)");
    }
    queue_shut_down(self, is_immediate);
    Py_RETURN_NONE;
}

// For unpickling handles. None: that queue does not exist any more.
static PyObject *
find(PyObject *module, PyObject *number)
{
    unsigned long long id = PyLong_AsUnsignedLongLong(number);
    if (id == (unsigned long long)-1 && PyErr_Occurred()) {
        return NULL;
    }
    queue *found = queue_find(id);
    if (found == NULL) {
        Py_RETURN_NONE;
    }
    PyObject *handle = handle_of(PyModule_GetState(module), HANDLE_QUEUE, found);
    queue_decref(found);
    return handle;
}

PyMethodDef queue_functions[] = {
    {"queue_put", (PyCFunction)(void (*)(void))put, METH_FASTCALL,
     PyDoc_STR("queue_put($module, queue, item, block, timeout, /)\n--\n\nPut an item.")},
    {"queue_get", (PyCFunction)(void (*)(void))get, METH_FASTCALL,
     PyDoc_STR("queue_get($module, queue, block, timeout, /)\n--\n\nGet an item.")},
    {"queue_join", join, METH_O,
     PyDoc_STR("queue_join($module, queue, /)\n--\n\nWait until all tasks are done.")},
    {"queue_task_done", task_done, METH_O,
     PyDoc_STR("queue_task_done($module, queue, /)\n--\n\nCount a task as done.")},
    {"queue_size", size, METH_O,
     PyDoc_STR("queue_size($module, queue, /)\n--\n\nCount the items in it.")},
    {"queue_is_full", is_full, METH_O,
     PyDoc_STR("queue_is_full($module, queue, /)\n--\n\nWould a put have to wait?")},
    {"queue_shutdown", (PyCFunction)(void (*)(void))shut_down, METH_FASTCALL,
     PyDoc_STR("queue_shutdown($module, queue, immediate, /)\n--\n\nShut it down.")},
    {"queue_find", find, METH_O,
     PyDoc_STR("queue_find($module, id, /)\n--\n\nThe queue with this number, or None.")},
    {NULL},
};
