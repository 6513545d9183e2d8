#include "types/task.h"

#include "bridge/crossing/wakeup.h"
#include "bridge/queue/waiting.h"
#include "bridge/traceback/traceback.h"
#include "ground/base/clock.h"
#include "types/reference.h"

PyObject *
task_object_new(core_state *state, PyTypeObject *type, worker_pool *from, task *task_steal)
{
    task_object *self = (task_object *)type->tp_alloc(type, 0);
    if (self == NULL) {
        task_decref(task_steal);
        return NULL;
    }
    worker_pool_incref(from);
    self->task = task_steal;
    self->pool = from;
    self->state = state;
    self->module = Py_NewRef(state->module);
    return (PyObject *)self;
}

// ---- observers ----

static task_phase
phase_when_done(const task_object *self)
{
    return self->is_unpacked ? TASK_FETCHED : TASK_DONE;
}

void
task_tell(worker_pool *from, task *done_steal)
{
    PyObject *observer = done_steal->observer; // owned
    done_steal->observer = NULL;
    PyObject *result = PyObject_CallMethod(observer, "_settle", NULL);
    if (result == NULL) {
        PyErr_WriteUnraisable(observer);
    }
    if (task_get_phase(done_steal) == TASK_TELLING) { // _settle has failed: out of memory
        worker_pool_settle(from, done_steal, phase_when_done((task_object *)observer));
    }
    Py_XDECREF(result);
    Py_DECREF(observer);
    task_decref(done_steal);
}

// ---- waiting ----

// Wait while the task is in one of these phases. -1: exception; 0: the deadline has passed.
static int
wait_while(task_object *self, task_phase first, task_phase last, int64_t deadline)
{
    while (task_is_between(self->task, first, last)) {
        if (worker_pool_is_forgotten(self->pool)) {
            PyErr_SetString(PyExc_RuntimeError,
                            "executors do not survive os.fork() [docs: explanation/lifetimes]");
            return -1;
        }
        wait_result result;
        traceback_learn_own_name();
        int64_t before = thread_block(BLOCKED_RESULT, 0), limit = wakeup_wait_limit(deadline);
        Py_BEGIN_ALLOW_THREADS
        result = worker_pool_wait(self->pool, self->task, first, last, limit);
        Py_END_ALLOW_THREADS
        thread_unblock(before);
        bool is_over = result == WAIT_EXPIRED && limit == deadline;
        if (result != WAIT_WOKEN && !is_over &&
            wakeup_check_wait(self->state, "to wait for the result of a call") < 0) {
            return -1;
        }
        if (is_over && task_is_between(self->task, first, last)) {
            return 0;
        }
    }
    return 1;
}

// Only the thread that fetches calls this. -1: interrupted, with an exception.
static int
unpack(task_object *self)
{
    PyObject *result, *exception;
    if (task_unpack(self->task, self->state, &result, &exception) < 0) {
        return -1;
    }
    self->result = result;
    self->exception = exception;
    self->is_unpacked = true;
    return 0;
}

// Unpack the answer of a task that is done, unless another thread does or has. In a forked child a
// thread that was fetching does not exist: take over from it.
static int
fetch(task_object *self)
{
    while (task_get_phase(self->task) != TASK_FETCHED) {
        bool is_left = self->fetched_in != worker_pool_forks();
        if (task_begin_fetch(self->task, is_left ? TASK_FETCHING : TASK_DONE) ||
            task_begin_fetch(self->task, TASK_DONE)) {
            self->fetched_in = worker_pool_forks();
            int result = unpack(self);
            worker_pool_end_fetch(self->pool, self->task, phase_when_done(self));
            return result;
        }
        if (wait_while(self, TASK_FETCHING, TASK_FETCHING, DEADLINE_NEVER) < 0) {
            return -1;
        }
    }
    return 0;
}

// Wait, and unpack. -1: exception, TimeoutError and CancelledError included.
static int
await(task_object *self, PyObject *timeout)
{
    if (task_get_phase(self->task) <= TASK_TELLING) {
        int64_t deadline;
        if (waiting_deadline_or_past(timeout, &deadline) < 0) {
            return -1;
        }
        int is_done = wait_while(self, TASK_PENDING, TASK_TELLING, deadline);
        if (is_done == 0) {
            PyErr_SetNone(PyExc_TimeoutError);
        }
        if (is_done <= 0) {
            return -1;
        }
    }
    if (task_get_phase(self->task) == TASK_CANCELLED) {
        PyObject *error = state_hook(self->state, HOOK_CANCELLED_ERROR);
        if (error != NULL) {
            PyErr_SetNone(error);
        }
        return -1;
    }
    return fetch(self);
}

// The only argument, `timeout`.
static int
parse_timeout(PyObject *const *arguments, Py_ssize_t count, PyObject *names, PyObject **timeout)
{
    Py_ssize_t extra = names == NULL ? 0 : PyTuple_GET_SIZE(names);
    *timeout = count + extra > 0 ? arguments[0] : Py_None;
    bool is_named = extra == 0 || PyUnicode_EqualToUTF8(PyTuple_GET_ITEM(names, 0), "timeout");
    if (count + extra > 1 || !is_named) {
        PyErr_SetString(PyExc_TypeError, "at most one argument is expected: timeout");
        return -1;
    }
    return 0;
}

static PyObject *
task_result(PyObject *op, PyObject *const *arguments, Py_ssize_t count, PyObject *names)
{
    task_object *self = (task_object *)op;
    PyObject *timeout;
    if (parse_timeout(arguments, count, names, &timeout) < 0 || await(self, timeout) < 0) {
        return NULL;
    }
    if (self->exception != NULL && self->task->stride == 0) {
        PyErr_SetObject((PyObject *)Py_TYPE(self->exception), self->exception);
        return NULL;
    }
    return Py_XNewRef(self->result == NULL ? Py_None : self->result);
}

static PyObject *
task_exception(PyObject *op, PyObject *const *arguments, Py_ssize_t count, PyObject *names)
{
    task_object *self = (task_object *)op;
    PyObject *timeout;
    if (parse_timeout(arguments, count, names, &timeout) < 0 || await(self, timeout) < 0) {
        return NULL;
    }
    return Py_NewRef(self->exception == NULL ? Py_None : self->exception);
}

// ---- state ----

static PyObject *
task_done(PyObject *op, PyObject *unused)
{
    return PyBool_FromLong(task_get_phase(((task_object *)op)->task) > TASK_TELLING);
}

static PyObject *
task_running(PyObject *op, PyObject *unused)
{
    return PyBool_FromLong(task_is_between(((task_object *)op)->task, TASK_RUNNING, TASK_TELLING));
}

static PyObject *
task_cancelled(PyObject *op, PyObject *unused)
{
    return PyBool_FromLong(task_get_phase(((task_object *)op)->task) == TASK_CANCELLED);
}

// The state's name in concurrent.futures.
static PyObject *
task_state(PyObject *op, void *unused)
{
    task_phase phase = task_get_phase(((const task_object *)op)->task);
    return PyUnicode_InternFromString(phase == TASK_PENDING     ? "PENDING"
                                      : phase <= TASK_TELLING   ? "RUNNING"
                                      : phase == TASK_CANCELLED ? "CANCELLED_AND_NOTIFIED"
                                                                : "FINISHED");
}

static PyObject *
fetched(task_object *self, PyObject **field)
{
    task_phase phase = task_get_phase(self->task);
    if (phase > TASK_CANCELLED && fetch(self) < 0) {
        return NULL;
    }
    return Py_NewRef(*field == NULL ? Py_None : *field);
}

static PyObject *
task_get_result(PyObject *op, void *unused)
{
    return fetched((task_object *)op, &((task_object *)op)->result);
}

static PyObject *
task_get_exception(PyObject *op, void *unused)
{
    return fetched((task_object *)op, &((task_object *)op)->exception);
}

static PyObject *
withdraw(task_object *self, bool is_broken)
{
    if (task_get_phase(self->task) != TASK_PENDING || worker_pool_is_forgotten(self->pool) ||
        !worker_pool_withdraw(self->pool, self->task, is_broken)) {
        Py_RETURN_FALSE;
    }
    Py_CLEAR(self->task->observer); // owned: its worker would have dropped it
    Py_RETURN_TRUE;
}

static PyObject *
task_withdraw(PyObject *op, PyObject *unused)
{
    return withdraw((task_object *)op, false);
}

static PyObject *
task_break(PyObject *op, PyObject *unused)
{
    return withdraw((task_object *)op, true);
}

static PyObject *
task_observe(PyObject *op, PyObject *unused)
{
    task_object *self = (task_object *)op;
    if (!self->task->is_observed && !worker_pool_is_forgotten(self->pool) &&
        !worker_pool_observe(self->pool, self->task, Py_NewRef(op))) {
        Py_DECREF(op);
    }
    Py_RETURN_NONE;
}

// The two steps of _settle(), which the worker runs at home; between them it takes the Future's
// condition.
static PyObject *
task_unpack_early(PyObject *op, PyObject *unused)
{
    task_object *self = (task_object *)op;
    if (task_get_phase(self->task) == TASK_TELLING && unpack(self) < 0) {
        PyErr_Clear(); // raised again by those who ask for the answer
    }
    return PyBool_FromLong(!self->is_unpacked || self->exception != NULL);
}

static PyObject *
task_mark_done(PyObject *op, PyObject *unused)
{
    task_object *self = (task_object *)op;
    if (task_get_phase(self->task) == TASK_TELLING) {
        worker_pool_settle(self->pool, self->task, phase_when_done(self));
    }
    Py_RETURN_NONE;
}

// ---- type ----

static int
task_traverse(PyObject *op, visitproc visit, void *arg)
{
    task_object *self = (task_object *)op;
    Py_VISIT(Py_TYPE(op));
    Py_VISIT(self->module);
    Py_VISIT(self->result);
    Py_VISIT(self->exception);
    return 0;
}

static int
task_clear(PyObject *op)
{
    Py_CLEAR(((task_object *)op)->result);
    Py_CLEAR(((task_object *)op)->exception);
    return 0;
}

static void
task_dealloc(PyObject *op)
{
    task_object *self = (task_object *)op;
    PyTypeObject *type = Py_TYPE(op);
    PyObject *module = self->module;
    PyObject_GC_UnTrack(op);
    (void)task_clear(op);
    if (self->task != NULL) {
        task_decref(self->task);
        worker_pool_decref(self->pool);
    }
    type->tp_free(op);
    Py_XDECREF(module);
    Py_DECREF(type); // for Python subclasses too: subtype_dealloc leaves it to a heap base
}

static PyMethodDef task_methods[] = {
    {"result", (PyCFunction)(void (*)(void))task_result, METH_FASTCALL | METH_KEYWORDS,
     PyDoc_STR("result($self, /, timeout=None)\n--\n\nWait for the result and return it.")},
    {"exception", (PyCFunction)(void (*)(void))task_exception, METH_FASTCALL | METH_KEYWORDS,
     PyDoc_STR("exception($self, /, timeout=None)\n--\n\nWait for the exception and return it; "
               "None: there is none.")},
    {"done", task_done, METH_NOARGS,
     PyDoc_STR("done($self, /)\n--\n\nHas it finished, or been cancelled?")},
    {"running", task_running, METH_NOARGS, PyDoc_STR("running($self, /)\n--\n\nIs it being run?")},
    {"cancelled", task_cancelled, METH_NOARGS,
     PyDoc_STR("cancelled($self, /)\n--\n\nHas it been cancelled?")},
    {"_withdraw", task_withdraw, METH_NOARGS,
     PyDoc_STR("_withdraw($self, /)\n--\n\nTake it out of the queue; False: it is not there.")},
    {"_break", task_break, METH_NOARGS,
     PyDoc_STR("_break($self, /)\n--\n\nThe same, but it has failed: it will never run.")},
    {"_observe", task_observe, METH_NOARGS,
     PyDoc_STR("_observe($self, /)\n--\n\nHave _settle() called when it has run.")},
    {"_unpack", task_unpack_early, METH_NOARGS,
     PyDoc_STR(
         "_unpack($self, /)\n--\n\nIn _settle(), first: unpack the answer; has the call failed?")},
    {"_mark_done", task_mark_done, METH_NOARGS,
     PyDoc_STR("_mark_done($self, /)\n--\n\nIn _settle(): mark it as done.")},
    {NULL},
};

static PyGetSetDef task_getset[] = {
    {"_state", task_state, NULL, "The state's name in concurrent.futures.", NULL},
    {"_result", task_get_result, NULL, "The result, or None.", NULL},
    {"_exception", task_get_exception, NULL, "The exception, or None.", NULL},
    {NULL},
};

static PyType_Slot task_slots[] = {
    {Py_tp_doc, "One call that an executor makes: the C half of its Future."},
    {Py_tp_dealloc, task_dealloc},
    {Py_tp_traverse, task_traverse},
    {Py_tp_clear, task_clear},
    {Py_tp_methods, task_methods},
    {Py_tp_getset, task_getset},
    {0, NULL},
};

static PyType_Spec task_spec = {"atoll._core.Task", sizeof(task_object), 0,
                                Py_TPFLAGS_DEFAULT | Py_TPFLAGS_IMMUTABLETYPE | Py_TPFLAGS_HAVE_GC |
                                    Py_TPFLAGS_BASETYPE | Py_TPFLAGS_DISALLOW_INSTANTIATION,
                                task_slots};

int
task_add_type(PyObject *module, core_state *state)
{
    state->types[TYPE_TASK] = (PyTypeObject *)PyType_FromModuleAndSpec(module, &task_spec, NULL);
    return state->types[TYPE_TASK] == NULL
               ? -1
               : PyModule_AddObjectRef(module, "Task", (PyObject *)state->types[TYPE_TASK]);
}
