// QueueWait and EventfdWaker: how an event loop waits at a queue (atoll._queue.asynchronous), and
// hears what is to break it off (atoll._interpreter.asynchronous).
#include "bridge/queue/queue_item.h"
#include "bridge/queue/async_wait.h"
#include "bridge/crossing/event_loop.h"
#include "types/queue.h"
#include "types/reference.h"

// ---- wakers ----

typedef struct {
    PyObject_HEAD
    eventfd_waker *waker; // counted
    event_loop loop;
} eventfd_waker_object;

static PyObject *
eventfd_waker_make(PyTypeObject *type, PyObject *arguments, PyObject *keywords)
{
    eventfd_waker_object *self = (eventfd_waker_object *)type->tp_alloc(type, 0);
    if (self != NULL && (self->waker = eventfd_waker_new()) == NULL) {
        Py_DECREF(self);
        return PyErr_SetFromErrno(PyExc_OSError);
    }
    return (PyObject *)self;
}

static void
eventfd_waker_dealloc(PyObject *op)
{
    PyTypeObject *type = Py_TYPE(op);
    eventfd_waker *waker = ((eventfd_waker_object *)op)->waker;
    event_loop_end(&((eventfd_waker_object *)op)->loop);
    if (waker != NULL) {
        eventfd_waker_decref(waker);
    }
    type->tp_free(op);
    Py_DECREF(type);
}

static PyObject *
eventfd_waker_fileno(PyObject *self, PyObject *unused)
{
    return PyLong_FromLong(eventfd_waker_descriptor(((eventfd_waker_object *)self)->waker));
}

static PyObject *
eventfd_waker_taken(PyObject *self, PyObject *unused)
{
    uint64_t numbers[64];
    size_t count = Py_ARRAY_LENGTH(numbers);
    PyObject *list = PyList_New(0);
    while (list != NULL && count == Py_ARRAY_LENGTH(numbers)) {
        count = eventfd_waker_take(((eventfd_waker_object *)self)->waker, numbers,
                                   Py_ARRAY_LENGTH(numbers));
        for (size_t i = 0; list != NULL && i < count; i++) {
            PyObject *number = PyLong_FromUnsignedLongLong(numbers[i]);
            if (number == NULL || PyList_Append(list, number) < 0) {
                Py_CLEAR(list);
            }
            Py_XDECREF(number);
        }
    }
    return list;
}

static PyObject *
eventfd_waker_listen(PyObject *op, PyObject *is_on)
{
    eventfd_waker_object *self = (eventfd_waker_object *)op;
    core_state *state = PyType_GetModuleState(Py_TYPE(op));
    event_loop_end(&self->loop);
    if (is_on == Py_True) {
        event_loop_begin(&self->loop, state->interp, self->waker);
    }
    Py_RETURN_NONE;
}

static PyMethodDef eventfd_waker_methods[] = {
    {"fileno", eventfd_waker_fileno, METH_NOARGS,
     PyDoc_STR("fileno($self, /)\n--\n\nThe descriptor that is readable once a wait has ended.")},
    {"take", eventfd_waker_taken, METH_NOARGS,
     PyDoc_STR(
         "take($self, /)\n--\n\nThe numbers of the waits that have ended since the last call.")},
    {"listen", eventfd_waker_listen, METH_O,
     PyDoc_STR("listen($self, is_on, /)\n--\n\n"
               "Is it called whenever threads in this interpreter are to look up?")},
    {NULL},
};

static PyType_Slot eventfd_waker_slots[] = {
    {Py_tp_doc, "Wakes an event loop when waits at queues have ended."},
    {Py_tp_new, eventfd_waker_make},
    {Py_tp_dealloc, eventfd_waker_dealloc},
    {Py_tp_methods, eventfd_waker_methods},
    {0, NULL},
};

static PyType_Spec eventfd_waker_spec = {"atoll._core.EventfdWaker", sizeof(eventfd_waker_object),
                                         0, Py_TPFLAGS_DEFAULT | Py_TPFLAGS_IMMUTABLETYPE,
                                         eventfd_waker_slots};

// ---- waits ----

typedef struct {
    PyObject_HEAD
    interp *host;        // counted
    async_wait *pending; // owned
} queue_wait_object;

static async_wait *
pending_of(PyObject *self)
{
    return ((queue_wait_object *)self)->pending;
}

static void
queue_wait_dealloc(PyObject *op)
{
    queue_wait_object *self = (queue_wait_object *)op;
    PyTypeObject *type = Py_TYPE(op);
    async_wait_free(self->host, self->pending);
    interp_decref(self->host);
    PyObject_Free(op);
    Py_DECREF(type);
}

static PyObject *
queue_wait_is_ended(PyObject *op, void *unused)
{
    async_wait *self = pending_of(op);
    return PyBool_FromLong(self->is_over || queue_is_decided(self->queue, &self->waiter));
}

static PyObject *
queue_wait_finish(PyObject *op, PyObject *unused)
{
    async_wait *self = pending_of(op);
    if (self->is_over) {
        return PyErr_Format(PyExc_RuntimeError, "this wait is over");
    }
    self->is_over = true;
    queue_item *item = NULL;
    queue_result result = queue_finish(self->queue, &self->waiter, &item);
    return queue_answer(PyType_GetModuleState(Py_TYPE(op)), result, self->waiter.side, item);
}

static PyObject *
queue_wait_cancel(PyObject *self, PyObject *unused)
{
    async_wait_cancel(pending_of(self));
    Py_RETURN_NONE;
}

static PyMethodDef queue_wait_methods[] = {
    {"finish", queue_wait_finish, METH_NOARGS,
     PyDoc_STR("finish($self, /)\n--\n\nThe result: an item or None, or an exception.")},
    {"cancel", queue_wait_cancel, METH_NOARGS,
     PyDoc_STR("cancel($self, /)\n--\n\nUndo the wait; an item goes back to its place.")},
    {NULL},
};

static PyGetSetDef queue_wait_getset[] = {
    {"is_ended", queue_wait_is_ended, NULL, "Has the wait ended?", NULL},
    {NULL},
};

static PyType_Slot queue_wait_slots[] = {
    {Py_tp_doc, "A place in a queue's line, held by an event loop."},
    {Py_tp_dealloc, queue_wait_dealloc},
    {Py_tp_methods, queue_wait_methods},
    {Py_tp_getset, queue_wait_getset},
    {0, NULL},
};

static PyType_Spec queue_wait_spec = {"atoll._core.QueueWait", sizeof(queue_wait_object), 0,
                                      Py_TPFLAGS_DEFAULT | Py_TPFLAGS_IMMUTABLETYPE |
                                          Py_TPFLAGS_DISALLOW_INSTANTIATION,
                                      queue_wait_slots};

int
queue_wait_add_types(PyObject *module, core_state *state)
{
    static const struct {
        type_id id;
        const char *name;
        PyType_Spec *spec;
    } types[] = {{TYPE_EVENTFD_WAKER, "EventfdWaker", &eventfd_waker_spec},
                 {TYPE_QUEUE_WAIT, "QueueWait", &queue_wait_spec}};
    for (size_t i = 0; i < Py_ARRAY_LENGTH(types); i++) {
        PyObject *type = PyType_FromModuleAndSpec(module, types[i].spec, NULL);
        state->types[types[i].id] = (PyTypeObject *)type;
        if (type == NULL || PyModule_AddObjectRef(module, types[i].name, type) < 0) {
            return -1;
        }
    }
    return 0;
}

// ---- functions ----

// A wait that has not begun; NULL with an exception.
static PyObject *
new_wait(core_state *state, PyObject *handle, queue_side side, PyObject *waker, PyObject *number)
{
    queue *at = queue_checked(state, handle);
    if (at == NULL) {
        return NULL;
    }
    if (!state_is_type(state, TYPE_EVENTFD_WAKER, waker)) {
        PyErr_SetString(PyExc_TypeError, "an EventfdWaker is required");
        return NULL;
    }
    unsigned long long call = PyLong_AsUnsignedLongLong(number);
    if (call == (unsigned long long)-1 && PyErr_Occurred()) {
        return NULL;
    }
    async_wait *begun =
        async_wait_new(state->interp, at, side, ((eventfd_waker_object *)waker)->waker, call);
    queue_wait_object *self =
        begun == NULL ? NULL : PyObject_New(queue_wait_object, state->types[TYPE_QUEUE_WAIT]);
    if (self != NULL) {
        self->host = state->interp;
        interp_incref(self->host);
        self->pending = begun;
    }
    else if (begun != NULL) {
        async_wait_free(state->interp, begun);
    }
    return (PyObject *)self;
}

static PyObject *
begin_get(PyObject *module, PyObject *const *arguments, Py_ssize_t count)
{
    if (count != 3) {
        return PyErr_Format(PyExc_TypeError, "queue_begin_get(queue, waker, number)");
    }
    core_state *state = PyModule_GetState(module);
    PyObject *wait = new_wait(state, arguments[0], QUEUE_GETTERS, arguments[1], arguments[2]);
    if (wait != NULL) {
        async_wait *self = pending_of(wait);
        queue_begin_get(self->queue, &self->waiter);
        self->is_over = false;
    }
    return wait;
}

static PyObject *
begin_put(PyObject *module, PyObject *const *arguments, Py_ssize_t count)
{
    if (count != 4) {
        return PyErr_Format(PyExc_TypeError, "queue_begin_put(queue, item, waker, number)");
    }
    core_state *state = PyModule_GetState(module);
    PyObject *wait = new_wait(state, arguments[0], QUEUE_PUTTERS, arguments[2], arguments[3]);
    if (wait == NULL) {
        return NULL;
    }
    async_wait *self = pending_of(wait);
    queue_item *item = queue_item_pack(state, arguments[1], queue_order(self->queue));
    if (item == NULL) {
        Py_DECREF(wait);
        return NULL;
    }
    (void)!queue_put(self->queue, item, &self->waiter); // the result is in the waiter
    self->is_over = false;
    return wait;
}

PyMethodDef queue_wait_functions[] = {
    {"queue_begin_get", (PyCFunction)(void (*)(void))begin_get, METH_FASTCALL,
     PyDoc_STR(
         "queue_begin_get($module, queue, waker, number, /)\n--\n\nStand in line for an item.")},
    {"queue_begin_put", (PyCFunction)(void (*)(void))begin_put, METH_FASTCALL,
     PyDoc_STR("queue_begin_put($module, queue, item, waker, number, /)\n--\n\n"
               "Stand in line with an item.")},
    {NULL},
};
