// WorkerPool: the C half of an executor: it takes tasks, and has the loop of worker threads.
#include "bridge/executor/worker_pool.h"

#include "bridge/crossing/crossing.h"
#include "bridge/python/disturbance.h"
#include "bridge/transfer/error.h"
#include "bridge/python/objects.h"
#include "ground/base/clock.h"
#include "types/reference.h"
#include "types/task.h"

// How long a worker's thread waits for the next task inside its interpreter before it goes home.
// Going home takes home's GIL, so it is worth waiting a little; but a thread inside keeps closers
// of the interpreter waiting.
#define PATIENCE   (20 * MILLISECOND)
#define BATCH_SIZE 64 // tasks queued at a time

typedef struct {
    PyObject_HEAD
    worker_pool *pool; // counted
    core_state *state;
    PyObject *module;          // owned, keeps the state
    PyTypeObject *future_type; // owned
    PyObject *function;        // owned: the latest function, a str or bytes
    task_function *packed;     // counted: the same function, packed
    bool is_kept;              // was it packed as FUNCTION_KEPT_PICKLE?
} worker_pool_object;

// ---- functions ----

static int
pack_function(worker_pool_object *self, PyObject *function, bool is_kept)
{
    if (self->function == function && self->is_kept == is_kept) {
        return 0;
    }
    const char *data;
    Py_ssize_t size;
    function_kind kind = FUNCTION_NAME;
    if (PyBytes_Check(function)) {
        kind = is_kept ? FUNCTION_KEPT_PICKLE : FUNCTION_PICKLE;
        data = PyBytes_AS_STRING(function);
        size = PyBytes_GET_SIZE(function);
    }
    else {
        data = PyUnicode_AsUTF8AndSize(function, &size);
    }
    task_function *packed = data == NULL ? NULL : task_function_new(kind, data, (size_t)size);
    if (packed == NULL) {
        return -1;
    }
    task_function_decref(self->packed);
    self->packed = packed;
    self->is_kept = is_kept;
    Py_XSETREF(self->function, Py_NewRef(function));
    return 0;
}

// ---- submitting ----

static void
raise_not_open(worker_pool_object *self, worker_pool_phase phase)
{
    if (phase == WORKER_POOL_BROKEN) {
        PyObject *hook = state_hook(self->state, HOOK_TASK_BROKEN);
        PyObject *error = hook == NULL ? NULL : PyObject_CallNoArgs(hook);
        if (error != NULL) {
            PyErr_SetRaisedException(error);
        }
        return;
    }
    PyErr_SetString(PyExc_RuntimeError,
                    phase == WORKER_POOL_EXITING
                        ? "cannot schedule new futures after interpreter shutdown"
                        : "cannot schedule new futures after shutdown");
}

static int
check_open(worker_pool_object *self)
{
    if (worker_pool_is_forgotten(self->pool)) {
        PyErr_SetString(PyExc_RuntimeError,
                        "executors do not survive os.fork() [docs: explanation/lifetimes]");
        return -1;
    }
    worker_pool_phase phase = atomic_load(&self->pool->phase);
    if (phase != WORKER_POOL_OPEN) {
        raise_not_open(self, phase);
        return -1;
    }
    return 0;
}

static int
enqueue(worker_pool_object *self, task *first, size_t count)
{
    if (first == NULL) {
        return 0;
    }
    if (check_open(self) == 0) { // the iterator of a map() may have forked
        worker_pool_phase phase = worker_pool_submit(self->pool, first, count);
        if (phase == WORKER_POOL_OPEN) {
            return 0;
        }
        raise_not_open(self, phase);
    }
    while (first != NULL) {
        task *next = first->next;
        task_decref(first);
        first = next;
    }
    return -1;
}

// pack(function, arguments, keywords): the Future of one call. If `function` is None, packing the
// function has failed, with the exception `arguments`.
static PyObject *
worker_pool_pack(PyObject *op, PyObject *const *arguments, Py_ssize_t count)
{
    worker_pool_object *self = (worker_pool_object *)op;
    if (count != 3 || check_open(self) < 0) {
        return PyErr_Occurred()
                   ? NULL
                   : PyErr_Format(PyExc_TypeError, "pack(function, arguments, keywords)");
    }
    task *made = NULL;
    if (arguments[0] == Py_None) {
        PyErr_SetObject((PyObject *)Py_TYPE(arguments[1]), arguments[1]);
        made = task_new_failed(self->state);
    }
    else if (pack_function(self, arguments[0], false) == 0) {
        made = task_new(self->state, self->packed, 0, arguments[1],
                        arguments[2] == Py_None ? NULL : arguments[2]);
    }
    return made == NULL ? NULL : task_object_new(self->state, self->future_type, self->pool, made);
}

// submit(future): queue a Future that pack() has made; once.
static PyObject *
worker_pool_submit_one(PyObject *op, PyObject *future)
{
    worker_pool_object *self = (worker_pool_object *)op;
    if (!Py_IS_TYPE(future, self->future_type)) {
        return PyErr_Format(PyExc_TypeError, "a future is required");
    }
    task *made = ((task_object *)future)->task;
    bool is_packed = task_get_phase(made) == TASK_PENDING; // else it failed in pack(), and is done
    int result = is_packed ? enqueue(self, task_incref(made), 1) : check_open(self);
    return result < 0 ? NULL : Py_NewRef(Py_None);
}

// Tasks that are queued together.
typedef struct {
    task *first, *last;
    size_t count, limit;
} batch;

static int
batch_send(worker_pool_object *self, batch *sent)
{
    int result = enqueue(self, sent->first, sent->count);
    // The first task is queued at once, so that work begins; then batches grow, which is cheaper.
    size_t limit = sent->limit < BATCH_SIZE ? 2 * sent->limit : BATCH_SIZE;
    *sent = (batch){.limit = limit};
    return result;
}

static int
batch_add(worker_pool_object *self, batch *into, task *added)
{
    *(into->last == NULL ? &into->first : &into->last->next) = task_incref(added);
    into->last = added;
    return ++into->count < into->limit ? 0 : batch_send(self, into);
}

// The arguments of one call; NULL without an exception: there are no more.
static PyObject *
next_row(PyObject *iterator)
{
    PyObject *row = PyIter_Next(iterator);
    if (row != NULL && !(PyTuple_CheckExact(row) && PyTuple_GET_SIZE(row) > 0)) {
        PyErr_SetString(PyExc_TypeError, "tuples of arguments are required");
        Py_CLEAR(row);
    }
    return row;
}

static int
append_row(PyObject *list, PyObject *row)
{
    int result = 0;
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(row) && result == 0; i++) {
        result = PyList_Append(list, PyTuple_GET_ITEM(row, i));
    }
    return result;
}

// The arguments of up to `size` calls in one tuple, `stride` for each call.
static PyObject *
next_chunk(PyObject *iterator, Py_ssize_t size, Py_ssize_t *stride)
{
    PyObject *row = next_row(iterator), *list = row == NULL ? NULL : PyList_New(0);
    int result = list == NULL ? -1 : 0;
    *stride = row == NULL ? 0 : PyTuple_GET_SIZE(row);
    while (result == 0 && row != NULL && PyTuple_GET_SIZE(row) == *stride) {
        result = append_row(list, row);
        Py_DECREF(row);
        row = result == 0 && --size > 0 ? next_row(iterator) : NULL;
    }
    Py_XDECREF(row);
    PyObject *chunk = list == NULL || PyErr_Occurred() ? NULL : PyList_AsTuple(list);
    Py_XDECREF(list);
    return chunk;
}

static int
submit_next(worker_pool_object *self, batch *into, PyObject *item, Py_ssize_t stride,
            PyObject *list)
{
    task *made = task_new(self->state, self->packed, stride, item, NULL);
    PyObject *object = made == NULL ? NULL
                                    : task_object_new(self->state, self->state->types[TYPE_TASK],
                                                      self->pool, made);
    int result = object == NULL ? -1 : PyList_Append(list, object);
    if (result == 0 && task_get_phase(made) == TASK_PENDING) {
        result = batch_add(self, into, made);
    }
    Py_XDECREF(object);
    return result;
}

// submit_each(function, iterator, limit, chunksize): a list of up to `limit` Tasks (-1: no limit).
// The iterator yields a tuple of arguments for each call, all of the same length. A Task makes
// `chunksize` calls; if that is 1 its result is the call's, else a tuple.
static PyObject *
worker_pool_submit_each(PyObject *op, PyObject *const *arguments, Py_ssize_t count)
{
    worker_pool_object *self = (worker_pool_object *)op;
    if (count != 4) {
        return PyErr_Format(PyExc_TypeError, "submit_each(function, iterator, limit, chunksize)");
    }
    Py_ssize_t limit = PyNumber_AsSsize_t(arguments[2], NULL); // larger numbers are clipped
    Py_ssize_t size = PyErr_Occurred() ? -1 : PyNumber_AsSsize_t(arguments[3], NULL), stride = 0;
    PyObject *iterator = arguments[1], *list = PyErr_Occurred() ? NULL : PyList_New(0), *item;
    batch sent = {.limit = 1};
    int result = list == NULL ? -1 : 0;
    while (result == 0 && limit != 0 &&
           (item = size == 1 ? next_row(iterator) : next_chunk(iterator, size, &stride)) != NULL) {
        // Again each time: the iterator may have submitted another function.
        result = check_open(self) < 0 ? -1 : pack_function(self, arguments[0], true);
        result = result < 0 ? -1 : submit_next(self, &sent, item, stride, list);
        Py_DECREF(item);
        limit--;
    }
    PyObject *raised = PyErr_GetRaisedException();
    if (batch_send(self, &sent) < 0 && raised == NULL) {
        raised = PyErr_GetRaisedException();
    }
    if (raised != NULL) {
        PyErr_SetRaisedException(raised);
        Py_CLEAR(list);
    }
    return list;
}

// ---- the worker's loop ----

// Between two tasks: run deferred jobs and let waiting threads enter. Attached to the host.
static void
let_others_in(interp *host)
{
    if (UNLIKELY(atomic_load_explicit(&host->attention, memory_order_relaxed) ||
                 deferred_is_waiting(&host->deferred))) {
        crossing_clean(host);
    }
    if (UNLIKELY(atomic_load_explicit(&host->waiting, memory_order_relaxed) > 0)) {
        crossing_give_way(host, false);
    }
}

static void
run_task(pool_worker *worker, crossing *over, task *running)
{
    if (UNLIKELY(deferred_is_waiting(&worker->host->deferred))) {
        crossing_clean(worker->host); // as on arrival: also how main tells of new log levels
    }
    crossing_log_set_time(&over->thread->visits, crossing_log_time());
    interruption_forget(over->host);       // an interruption of the task before
    guest_set_errand(over->host, running); // now, else what is for this task would be dropped
    task_perform(running, worker->host->core_state, &worker->functions);
    guest_set_errand(over->host, NULL);
    let_others_in(worker->host);
}

// The worker tells the task's observer at home, before it does anything else, and returns to the
// host.
static void
tell(worker_pool_object *self, crossing *over, task *done)
{
    crossing_return(over);
    task_tell(self->pool, done);
    crossing_revisit(over);
}

// Run tasks until there is none for some time. Attached to the host.
static worker_pool_order
run_tasks(worker_pool_object *self, pool_worker *worker, crossing *over, task *next)
{
    worker_pool_order order = WORKER_POOL_RUN;
    while (order == WORKER_POOL_RUN) {
        run_task(worker, over, next);
        order = worker_pool_next(self->pool, worker, next, 0, &next);
        if (order == WORKER_POOL_TELL) {
            tell(self, over, next);
            order = worker_pool_next(self->pool, worker, NULL, 0, &next);
        }
        if (order == WORKER_POOL_IDLE) {
            crossing_log_set_time(&over->thread->visits, CROSSING_LOG_UNTIMED);
            atomic_store(&over->host->is_idle, true);
            Py_BEGIN_ALLOW_THREADS
            order = worker_pool_next(self->pool, worker, NULL, clock_now() + PATIENCE, &next);
            Py_END_ALLOW_THREADS
            atomic_store(&over->host->is_idle, false);
        }
    }
    return order;
}

// Drop the cached functions, under the host's GIL.
static void
forget_functions(worker_pool_object *self, pool_worker *worker)
{
    crossing over;
    if (crossing_enter(&over, self->state->interp, worker->host, CROSSING_FOR("drop functions")) ==
        CROSSING_OK) {
        function_cache_clear(&worker->functions);
        crossing_leave(&over);
    }
}

// Wait at home, detached, for a task; run tasks in the host; repeat until the pool ends or the
// worker is worn.
//
// `failed`: NULL, or a task that could not be run because the host is closed or memory is short.
static worker_pool_order
work_until_end(worker_pool_object *self, pool_worker *worker, task **failed)
{
    PyThreadState *home_state = PyThreadState_Get();
    worker_pool_order order = WORKER_POOL_IDLE;
    while (order < WORKER_POOL_END) {
        task *next = NULL;
        crossing over;
        crossing_result why = CROSSING_OK;
        PyEval_SaveThread();
        int64_t before = thread_block(BLOCKED_TASK, 0);
        order = worker_pool_next(self->pool, worker, NULL, DEADLINE_NEVER, &next);
        thread_unblock(before);
        if (order == WORKER_POOL_RUN) {
            why = crossing_enter_from(&over, self->state->interp, home_state, worker->host,
                                      CROSSING_FOR("run tasks"));
        }
        if (order == WORKER_POOL_RUN && why == CROSSING_OK) {
            order = run_tasks(self, worker, &over, next);
            crossing_leave(&over);
            continue;
        }
        if (PyThreadState_GetUnchecked() == NULL) { // if attached, a crossing has turned back
            PyEval_RestoreThread(home_state);
        }
        if (why != CROSSING_OK) {
            crossing_raise(self->state, worker->host, why);
            task_set_error(next, self->state);
            *failed = next;
            break;
        }
    }
    return order;
}

// work(interpreter, limit): run a worker's loop for up to `limit` tasks (-1: no limit). Why it
// ended: 0: the pool ends, 1: the limit, 2: the interpreter could not be entered.
static PyObject *
worker_pool_work(PyObject *op, PyObject *const *arguments, Py_ssize_t count)
{
    worker_pool_object *self = (worker_pool_object *)op;
    if (count != 2) {
        return PyErr_Format(PyExc_TypeError, "work(interpreter, limit)");
    }
    int limit = PyLong_AsInt(arguments[1]);
    interp *host = PyErr_Occurred() ? NULL : interpreter_of(self->state, arguments[0]);
    if (host == NULL) {
        return NULL;
    }
    pool_worker worker;
    task *failed = NULL;
    worker_pool_join(self->pool, &worker, host, limit);
    worker_pool_order order = work_until_end(self, &worker, &failed);
    forget_functions(self, &worker);
    worker_pool_leave(self->pool, &worker);
    task *observed = failed == NULL ? NULL : worker_pool_finish(self->pool, failed);
    if (observed != NULL) {
        task_tell(self->pool, observed);
    }
    return PyLong_FromLong(failed != NULL ? 2 : order == WORKER_POOL_WORN);
}

static PyObject *
worker_pool_needs_worker(PyObject *op, PyObject *unused)
{
    return PyBool_FromLong(worker_pool_wants_worker(((worker_pool_object *)op)->pool, 0));
}

static PyObject *
worker_pool_expect_one(PyObject *op, PyObject *unused)
{
    return PyBool_FromLong(worker_pool_wants_worker(((worker_pool_object *)op)->pool, 1));
}

static PyObject *
worker_pool_expect_none(PyObject *op, PyObject *unused)
{
    worker_pool_give_up(((worker_pool_object *)op)->pool);
    Py_RETURN_NONE;
}

// ---- ending ----

static PyObject *
worker_pool_end(PyObject *op, PyObject *why)
{
    worker_pool_object *self = (worker_pool_object *)op;
    long phase = PyLong_AsLong(why);
    if (phase == -1 && PyErr_Occurred()) {
        return NULL;
    }
    if (!worker_pool_is_forgotten(self->pool)) {
        worker_pool_shut_down(self->pool, (worker_pool_phase)phase);
    }
    Py_RETURN_NONE;
}

// ---- what is running ----

static task *
task_of(worker_pool_object *self, PyObject *object)
{
    if (!PyObject_TypeCheck(object, self->state->types[TYPE_TASK])) {
        PyErr_SetString(PyExc_TypeError, "a future of an executor of atoll's is required");
        return NULL;
    }
    return ((task_object *)object)->task;
}

static interp *
find_host(worker_pool_object *self, const task *wanted)
{
    return worker_pool_is_forgotten(self->pool) ? NULL : worker_pool_host_of(self->pool, wanted);
}

static PyObject *
host_of(PyObject *op, PyObject *object)
{
    worker_pool_object *self = (worker_pool_object *)op;
    const task *wanted = task_of(self, object);
    interp *host = wanted == NULL ? NULL : find_host(self, wanted);
    if (host == NULL) {
        return wanted == NULL ? NULL : Py_NewRef(Py_None);
    }
    PyObject *handle = interpreter_handle(self->state, host);
    interp_decref(host);
    return handle;
}

static PyObject *
interrupt_task(PyObject *op, PyObject *const *arguments, Py_ssize_t count)
{
    worker_pool_object *self = (worker_pool_object *)op;
    if (count != 2 || !PyExceptionInstance_Check(arguments[1])) {
        return PyErr_Format(PyExc_TypeError, "interrupt(future, exception)");
    }
    const task *wanted = task_of(self, arguments[0]);
    interp *host = wanted == NULL ? NULL : find_host(self, wanted);
    if (host == NULL) {
        return wanted == NULL ? NULL : Py_NewRef(Py_False);
    }
    int is_asked = interruption_ask(self->state, host, arguments[1], 0, wanted);
    interp_decref(host);
    return is_asked < 0 ? NULL : PyBool_FromLong(is_asked);
}

static PyObject *
lose_running(PyObject *op, PyObject *unused)
{
    worker_pool_object *self = (worker_pool_object *)op;
    if (worker_pool_is_forgotten(self->pool)) {
        Py_RETURN_NONE;
    }
    task *each = worker_pool_lose_running(self->pool);
    while (each != NULL) {
        task *next = each->next;
        each->next = NULL;
        task_tell(self->pool, each);
        each = next;
    }
    Py_RETURN_NONE;
}

static PyObject *
drop_pending(PyObject *op, PyObject *is_broken)
{
    worker_pool_object *self = (worker_pool_object *)op;
    PyObject *observer = worker_pool_is_forgotten(self->pool)
                             ? NULL
                             : worker_pool_drop_pending(self->pool, is_broken == Py_True);
    return observer == NULL ? Py_NewRef(Py_None) : observer;
}

static PyObject *
worker_pool_pending(PyObject *op, void *unused)
{
    return PyLong_FromSize_t(((worker_pool_object *)op)->pool->pending);
}

static PyObject *
is_forgotten(PyObject *op, void *unused)
{
    return PyBool_FromLong(worker_pool_is_forgotten(((worker_pool_object *)op)->pool));
}

static PyObject *
worker_pool_get_phase(PyObject *op, void *unused)
{
    return PyLong_FromLong((long)atomic_load(&((worker_pool_object *)op)->pool->phase));
}

// ---- type ----

static PyObject *
worker_pool_object_new(PyTypeObject *type, PyObject *arguments, PyObject *keywords)
{
    int limit;
    PyObject *future_type;
    const char *name = "";
    if (!PyArg_ParseTuple(arguments, "iO!|y", &limit, &PyType_Type, &future_type, &name)) {
        return NULL;
    }
    PyObject *module = PyType_GetModule(type);
    core_state *state = module == NULL ? NULL : PyModule_GetState(module);
    if (state == NULL) {
        return NULL;
    }
    if (!PyType_IsSubtype((PyTypeObject *)future_type, state->types[TYPE_TASK])) {
        return PyErr_Format(PyExc_TypeError, "a subclass of Task is required");
    }
    worker_pool_object *self = (worker_pool_object *)type->tp_alloc(type, 0);
    if (self == NULL) {
        return NULL;
    }
    self->state = state;
    self->module = Py_NewRef(module);
    self->future_type = (PyTypeObject *)Py_NewRef(future_type);
    self->pool = worker_pool_new(limit, name);
    if (self->pool == NULL) {
        Py_DECREF(self);
        return PyErr_NoMemory();
    }
    return (PyObject *)self;
}

static int
worker_pool_traverse(PyObject *op, visitproc visit, void *arg)
{
    worker_pool_object *self = (worker_pool_object *)op;
    Py_VISIT(Py_TYPE(op));
    Py_VISIT(self->module);
    Py_VISIT(self->future_type);
    return 0;
}

static void
worker_pool_dealloc(PyObject *op)
{
    worker_pool_object *self = (worker_pool_object *)op;
    PyTypeObject *type = Py_TYPE(op);
    PyObject_GC_UnTrack(op);
    Py_XDECREF(self->function);
    task_function_decref(self->packed);
    if (self->pool != NULL) {
        worker_pool_decref(self->pool);
    }
    Py_XDECREF(self->future_type);
    PyObject *module = self->module;
    type->tp_free(op);
    Py_XDECREF(module);
    Py_DECREF(type);
}

static PyMethodDef worker_pool_methods[] = {
    {"pack", (PyCFunction)(void (*)(void))worker_pool_pack, METH_FASTCALL,
     PyDoc_STR("pack($self, function, arguments, keywords, /)\n--\n\nThe Future of one call.")},
    {"submit", worker_pool_submit_one, METH_O,
     PyDoc_STR("submit($self, future, /)\n--\n\nQueue it.")},
    {"submit_each", (PyCFunction)(void (*)(void))worker_pool_submit_each, METH_FASTCALL,
     PyDoc_STR("submit_each($self, function, iterator, limit, chunksize, /)\n--\n\n"
               "Queue a call for each tuple of arguments.")},
    {"needs_worker", worker_pool_needs_worker, METH_NOARGS,
     PyDoc_STR("needs_worker($self, /)\n--\n\n"
               "Is another worker needed? If so, the pool expects it from now on.")},
    {"expect_one", worker_pool_expect_one, METH_NOARGS,
     PyDoc_STR("expect_one($self, /)\n--\n\n"
               "Would another worker be needed for one more task? It is expected from now on.")},
    {"expect_none", worker_pool_expect_none, METH_NOARGS,
     PyDoc_STR("expect_none($self, /)\n--\n\nTell that an expected worker will not come.")},
    {"work", (PyCFunction)(void (*)(void))worker_pool_work, METH_FASTCALL,
     PyDoc_STR("work($self, interpreter, limit, /)\n--\n\n"
               "Run up to `limit` tasks (-1: any number) in an interpreter, or until the end.\n"
               "0: the pool ends, 1: the limit, 2: the interpreter could not be entered.")},
    {"end", worker_pool_end, METH_O,
     PyDoc_STR("end($self, why, /)\n--\n\nTake no more tasks. 1: shut down, 2: exit, 3: broken.")},
    {"host_of", host_of, METH_O,
     PyDoc_STR("host_of($self, future, /)\n--\n\nThe interpreter that runs it, or None.")},
    {"interrupt", (PyCFunction)(void (*)(void))interrupt_task, METH_FASTCALL,
     PyDoc_STR("interrupt($self, future, exception, /)\n--\n\n"
               "Raise it in that call; False: it does not run.")},
    {"lose_running", lose_running, METH_NOARGS,
     PyDoc_STR("lose_running($self, /)\n--\n\nWhat runs is broken, and done, from now on.")},
    {"drop_pending", drop_pending, METH_O,
     PyDoc_STR("drop_pending($self, is_broken, /)\n--\n\n"
               "Cancel or fail pending tasks up to the first observed Future, and return that.")},
    {NULL},
};

static PyGetSetDef worker_pool_getset[] = {
    {"pending", worker_pool_pending, NULL, "How many tasks wait for a worker.", NULL},
    {"is_forgotten", is_forgotten, NULL, "Is this a forked child?", NULL},
    {"phase", worker_pool_get_phase, NULL, "0: open; else the argument of end().", NULL},
    {NULL},
};

static PyType_Slot worker_pool_slots[] = {
    {Py_tp_doc, "The workers of an executor, and the tasks that wait for them."},
    {Py_tp_new, worker_pool_object_new},
    {Py_tp_dealloc, worker_pool_dealloc},
    {Py_tp_traverse, worker_pool_traverse},
    {Py_tp_methods, worker_pool_methods},
    {Py_tp_getset, worker_pool_getset},
    {0, NULL},
};

static PyType_Spec worker_pool_spec = {
    "atoll._core.WorkerPool", sizeof(worker_pool_object), 0,
    Py_TPFLAGS_DEFAULT | Py_TPFLAGS_IMMUTABLETYPE | Py_TPFLAGS_HAVE_GC, worker_pool_slots};

int
worker_pool_add_type(PyObject *module, core_state *state)
{
    state->types[TYPE_WORKER_POOL] =
        (PyTypeObject *)PyType_FromModuleAndSpec(module, &worker_pool_spec, NULL);
    return state->types[TYPE_WORKER_POOL] == NULL
               ? -1
               : PyModule_AddObjectRef(module, "WorkerPool",
                                       (PyObject *)state->types[TYPE_WORKER_POOL]);
}

// ---- functions ----

static PyObject *
is_reference(PyObject *module, PyObject *object)
{
    return PyBool_FromLong(task_is_reference(PyModule_GetState(module), object));
}

static PyObject *
disturbances(PyObject *module, PyObject *unused)
{
    unsigned count;
    return disturbance_begin(PyModule_GetState(module), &count) < 0
               ? NULL
               : PyLong_FromUnsignedLong(count);
}

PyMethodDef worker_pool_functions[] = {
    {"is_reference", is_reference, METH_O,
     PyDoc_STR("is_reference($module, object, /)\n--\n\nDoes it always go by reference?")},
    {"disturbances", disturbances, METH_NOARGS,
     PyDoc_STR("disturbances($module, /)\n--\n\n"
               "Count how often this thread may have been interrupted.")},
    {NULL},
};
