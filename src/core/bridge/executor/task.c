#include "bridge/executor/task.h"

#include "bridge/python/caller.h"
#include "bridge/python/cpython.h"
#include "bridge/python/disturbance.h"
#include "bridge/transfer/error.h"
#include "bridge/transfer/export.h"
#include "bridge/transfer/handle.h"
#include "bridge/python/value.h"
#include "bridge/trace/spans.h"
#include "bridge/transfer/specials.h"

// ---- functions ----

task_function *
task_function_new(function_kind kind, const char *data, size_t size)
{
    task_function *self = PyMem_RawMalloc(sizeof *self + size + 1);
    if (self == NULL) {
        PyErr_NoMemory();
        return NULL;
    }
    atomic_init(&self->references, 1);
    self->kind = kind;
    self->size = size;
    memcpy(self->data, data, size);
    self->data[size] = 0;
    return self;
}

static task_function *
function_incref(task_function *self)
{
    atomic_fetch_add_explicit(&self->references, 1, memory_order_relaxed);
    return self;
}

void
task_function_decref(task_function *self)
{
    if (self != NULL && atomic_fetch_sub(&self->references, 1) == 1) {
        PyMem_RawFree(self);
    }
}

static bool
is_same_function(const task_function *known, const task_function *asked)
{
    return known == asked ||
           (known != NULL && known->kind == FUNCTION_NAME && asked->kind == FUNCTION_NAME &&
            known->size == asked->size && memcmp(known->data, asked->data, asked->size) == 0);
}

static PyObject *
follow(PyObject *object, PyObject *names)
{
    PyObject *found = Py_NewRef(object);
    for (Py_ssize_t i = 0; names != NULL && found != NULL && i < PyTuple_GET_SIZE(names); i++) {
        Py_SETREF(found, PyObject_GetAttr(found, PyTuple_GET_ITEM(names, i)));
    }
    return found;
}

// Import the module of "module:name.name", and split the names.
static PyObject *
find_module(const task_function *function, PyObject **names)
{
    const char *colon = strchr(function->data, ':');
    if (colon == NULL) {
        PyErr_Format(PyExc_ImportError, "cannot import '%s'", function->data);
        return NULL;
    }
    PyObject *place = PyUnicode_DecodeUTF8(function->data, colon - function->data, NULL);
    PyObject *path = PyUnicode_FromString(colon + 1), *dot = PyUnicode_FromString(".");
    PyObject *list = path && dot ? PyUnicode_Split(path, dot, -1) : NULL;
    PyObject *module = place && list ? cpython_import(place) : NULL;
    *names = module == NULL ? NULL : PyList_AsTuple(list);
    if (*names == NULL) {
        Py_CLEAR(module);
    }
    Py_XDECREF(place);
    Py_XDECREF(path);
    Py_XDECREF(dot);
    Py_XDECREF(list);
    return module;
}

static PyObject *
load_function(core_state *host, const task_function *function)
{
    PyObject *hook = state_hook(host, HOOK_TASK_FUNCTION);
    return hook == NULL
               ? NULL
               : PyObject_CallFunction(hook, "y#", function->data, (Py_ssize_t)function->size);
}

static void
drop_entry(function_cache *self, unsigned index)
{
    task_function_decref(self->entries[index].function);
    self->entries[index].function = NULL;
    Py_CLEAR(self->entries[index].object);
    Py_CLEAR(self->entries[index].names);
}

void
function_cache_clear(function_cache *self)
{
    for (unsigned i = 0; i < FUNCTION_CACHE_SIZE; i++) {
        drop_entry(self, i);
    }
}

// A name is looked up in its module each time: it may be bound to another object by now.
static PyObject *
function_here(core_state *host, function_cache *known, task_function *function)
{
    for (unsigned i = 0; i < FUNCTION_CACHE_SIZE; i++) {
        if (is_same_function(known->entries[i].function, function)) {
            return follow(known->entries[i].object, known->entries[i].names);
        }
    }
    if (function->kind == FUNCTION_PICKLE) {
        return load_function(host, function);
    }
    PyObject *names = NULL;
    PyObject *object = function->kind == FUNCTION_NAME ? find_module(function, &names)
                                                       : load_function(host, function);
    if (object == NULL) {
        return NULL;
    }
    unsigned index = known->next++ % FUNCTION_CACHE_SIZE;
    drop_entry(known, index);
    known->entries[index].function = function_incref(function);
    known->entries[index].object = object;
    known->entries[index].names = names;
    return follow(object, names);
}

// ---- values ----

// Can the core pack it without pickle: plain values, references, and tuples of these?
static bool
is_direct(core_state *state, PyObject *object, int depth)
{
    if (value_is_plain(object)) {
        return true;
    }
    if (PyTuple_CheckExact(object)) {
        bool all = depth < VALUE_DEPTH_MAX;
        for (Py_ssize_t i = 0; all && i < PyTuple_GET_SIZE(object); i++) {
            all = is_direct(state, PyTuple_GET_ITEM(object, i), depth + 1);
        }
        return all;
    }
    return task_is_reference(state, object);
}

bool
task_is_reference(core_state *state, PyObject *object)
{
    return state_is_type(state, TYPE_MARK, object) ||
           state_is_type(state, TYPE_RESTRICTED, object) || handle_check(state, object) ||
           PyExceptionInstance_Check(object) || state_is_reference(state, object);
}

static int
put_pickled(parcel *into, core_state *state, PyObject *object)
{
    PyObject *hook = state_hook(state, HOOK_TASK_DUMP);
    PyObject *dumped = hook == NULL ? NULL : PyObject_CallOneArg(hook, object);
    int result = dumped == NULL ? -1 : parcel_put(into, state, dumped, PARCEL_COPIES);
    Py_XDECREF(dumped);
    return result;
}

static PyObject *
get_pickled(parcel *from, core_state *state)
{
    PyObject *dumped = parcel_get(from, state);
    PyObject *hook = dumped == NULL ? NULL : state_hook(state, HOOK_TASK_LOAD);
    PyObject *object = hook == NULL ? NULL : PyObject_CallOneArg(hook, dumped);
    Py_XDECREF(dumped);
    return object;
}

static void
start_over(task *self)
{
    parcel_clear(&self->parcel);
    parcel_init(&self->parcel);
}

// ---- at home: arguments ----

// All arguments in one tuple: the positional ones, then the values of the keyword ones.
static PyObject *
join(PyObject *arguments, PyObject *keywords, PyObject **names)
{
    PyObject *values = PyDict_Values(keywords), *keys = PyDict_Keys(keywords);
    PyObject *tail = values && keys ? PyList_AsTuple(values) : NULL;
    PyObject *all = tail == NULL ? NULL : PySequence_Concat(arguments, tail);
    *names = all == NULL ? NULL : PyList_AsTuple(keys);
    if (*names == NULL) {
        Py_CLEAR(all);
    }
    Py_XDECREF(values);
    Py_XDECREF(keys);
    Py_XDECREF(tail);
    return all;
}

static int
put_keywords(task *self, core_state *home, PyObject *arguments, PyObject *keywords)
{
    PyObject *names = NULL, *all = join(arguments, keywords, &names);
    int result = -1;
    if (all != NULL && is_direct(home, all, 0)) {
        self->flags |= TASK_HAS_NAMES;
        result = parcel_put(&self->parcel, home, all, PARCEL_COPIES) < 0 ||
                         parcel_put(&self->parcel, home, names, 0) < 0
                     ? -1
                     : 0;
    }
    else if (all != NULL) {
        self->flags |= TASK_PICKLED_INPUT;
        PyObject *both = PyTuple_Pack(2, arguments, keywords);
        result = both == NULL ? -1 : put_pickled(&self->parcel, home, both);
        Py_XDECREF(both);
    }
    Py_XDECREF(names);
    Py_XDECREF(all);
    return result;
}

static int
put_arguments(task *self, core_state *home, PyObject *arguments, PyObject *keywords)
{
    if (keywords != NULL && PyDict_GET_SIZE(keywords) > 0) {
        return put_keywords(self, home, arguments, keywords);
    }
    if (is_direct(home, arguments, 0)) {
        return parcel_put(&self->parcel, home, arguments, PARCEL_COPIES);
    }
    self->flags |= TASK_PICKLED_INPUT;
    PyObject *both = Py_BuildValue("(O{})", arguments);
    int result = both == NULL ? -1 : put_pickled(&self->parcel, home, both);
    Py_XDECREF(both);
    return result;
}

void
task_set_error(task *self, core_state *home)
{
    error_pack(&self->parcel, home, PARCEL_COPIES);
    self->flags = TASK_HAS_ERROR;
}

static task *
new_task(task_function *function, Py_ssize_t stride)
{
    task *self = PyMem_RawMalloc(sizeof *self);
    if (self == NULL) {
        return (task *)PyErr_NoMemory();
    }
    atomic_init(&self->references, 1);
    atomic_init(&self->phase, TASK_PENDING);
    self->flags = 0;
    self->stride = stride;
    self->is_observed = self->is_lost = false;
    self->function = function == NULL ? NULL : function_incref(function);
    self->next = self->previous = NULL;
    self->waiters = NULL;
    self->observer = NULL;
    self->made_at = trace_clock();
    self->traced = self->made_at == 0 ? 0 : trace_new_number();
    parcel_init(&self->parcel);
    return self;
}

// If the arguments cannot be packed, that exception becomes the task's answer, as in a pool of
// processes.
task *
task_new(core_state *home, task_function *function, Py_ssize_t stride, PyObject *arguments,
         PyObject *keywords)
{
    unsigned before = disturbance_count();
    task *self = new_task(function, stride);
    if (self == NULL || put_arguments(self, home, arguments, keywords) == 0) {
        return self;
    }
    if (disturbance_is_why(before)) {
        task_decref(self);
        return NULL;
    }
    task_set_error(self, home);
    atomic_store(&self->phase, TASK_DONE);
    return self;
}

task *
task_new_failed(core_state *home)
{
    PyObject *raised = PyErr_GetRaisedException();
    task *self = new_task(NULL, 0);
    if (self == NULL) {
        Py_XDECREF(raised);
        return NULL;
    }
    PyErr_SetRaisedException(raised);
    task_set_error(self, home);
    atomic_store(&self->phase, TASK_DONE);
    return self;
}

void
task_decref(task *self)
{
    if (atomic_fetch_sub(&self->references, 1) == 1) {
        parcel_clear(&self->parcel);
        task_function_decref(self->function);
        PyMem_RawFree(self);
    }
}

// ---- in the interpreter that does it ----

// What an async function returns runs to its end.
static PyObject *
finished(core_state *host, PyObject *result)
{
    if (LIKELY(result == NULL || !PyCoro_CheckExact(result))) {
        return result;
    }
    PyObject *hook = state_hook(host, HOOK_RUN_COROUTINE);
    PyObject *end = hook == NULL ? NULL : PyObject_CallOneArg(hook, result);
    Py_DECREF(result);
    return end;
}

static PyObject *
call_directly(task *self, core_state *host, PyObject *function)
{
    PyObject *all = parcel_get(&self->parcel, host), *names = NULL, *result = NULL;
    bool has_names = self->flags & TASK_HAS_NAMES;
    if (all != NULL && (!has_names || (names = parcel_get(&self->parcel, host)) != NULL)) {
        Py_ssize_t count = PyTuple_GET_SIZE(all) - (has_names ? PyTuple_GET_SIZE(names) : 0);
        result =
            PyObject_Vectorcall(function, ((PyTupleObject *)all)->ob_item, (size_t)count, names);
    }
    Py_XDECREF(all);
    Py_XDECREF(names);
    return result;
}

// Calls until the first exception, which stays set. Returns the results until then.
static PyObject *
call_each(core_state *host, PyObject *function, PyObject *arguments, Py_ssize_t stride)
{
    Py_ssize_t count = PyTuple_GET_SIZE(arguments) / stride, done = 0;
    PyObject *results = PyTuple_New(count);
    while (results != NULL && done < count) {
        PyObject *const *first = ((PyTupleObject *)arguments)->ob_item + done * stride;
        PyObject *result =
            finished(host, PyObject_Vectorcall(function, first, (size_t)stride, NULL));
        if (result == NULL) {
            break;
        }
        PyTuple_SET_ITEM(results, done++, result);
    }
    PyObject *raised = PyErr_GetRaisedException();
    if (results != NULL && done < count && _PyTuple_Resize(&results, done) < 0) {
        PyErr_Clear(); // out of memory: the exception goes without the results
    }
    if (raised != NULL) {
        PyErr_SetRaisedException(raised);
    }
    return results;
}

static PyObject *
call(task *self, core_state *host, PyObject *function)
{
    if (!(self->flags & TASK_PICKLED_INPUT) && self->stride == 0) {
        return call_directly(self, host, function);
    }
    PyObject *both = NULL, *arguments = NULL, *result = NULL;
    if (self->flags & TASK_PICKLED_INPUT) {
        both = get_pickled(&self->parcel, host);
        arguments = both == NULL ? NULL : Py_NewRef(PyTuple_GET_ITEM(both, 0));
    }
    else {
        arguments = parcel_get(&self->parcel, host);
    }
    if (arguments != NULL) {
        result = self->stride > 0 ? call_each(host, function, arguments, self->stride)
                                  : PyObject_Call(function, arguments, PyTuple_GET_ITEM(both, 1));
    }
    Py_XDECREF(arguments);
    Py_XDECREF(both);
    return result;
}

static int
put_result(task *self, core_state *host, PyObject *value)
{
    bool is_plain = value_is_plain(value), may_go_directly = is_plain || is_direct(host, value, 0);
    self->flags |= TASK_HAS_RESULT | (is_plain ? TASK_IS_PLAIN : 0) |
                   (may_go_directly ? 0 : TASK_PICKLED_RESULT);
    return may_go_directly ? parcel_put(&self->parcel, host, value, PARCEL_COPIES)
                           : put_pickled(&self->parcel, host, value);
}

static COLD void
put_error(task *self, core_state *host)
{
    parcel error;
    parcel_init(&error);
    error_pack(&error, host, PARCEL_COPIES);
    if (!parcel_append(&self->parcel, &error)) {
        start_over(self); // out of memory for both
        self->flags &= ~(unsigned)TASK_HAS_RESULT;
        bool is_appended = parcel_append(&self->parcel, &error);
        assert(is_appended);
        (void)is_appended;
    }
    self->flags |= TASK_HAS_ERROR;
}

static void
trace_run(const task *self, trace_event *event, int64_t since)
{
    event->number = self->traced;
    event->flags = self->flags & TASK_HAS_ERROR ? TRACE_HAS_FAILED : 0;
    spans_add(event, since);
}

void
task_perform(task *self, core_state *host, function_cache *known)
{
    int64_t since = trace_clock();
    trace_event event;
    trace_event_init(&event, TRACE_TASK, (int32_t)host->interp->id, TRACE_NOWHERE);
    specials_refresh(host);
    PyObject *function = caller_provide(host, function_here(host, known, self->function));
    if (UNLIKELY(since != 0) && function != NULL) {
        spans_add_function(&event, function);
    }
    PyObject *value = function == NULL ? NULL : finished(host, call(self, host, function));
    Py_XDECREF(function);
    PyObject *raised = PyErr_GetRaisedException();
    start_over(self);
    task_function_decref(self->function);
    self->function = NULL;
    if (value != NULL && put_result(self, host, value) < 0) {
        start_over(self);
        self->flags &= ~(unsigned)TASK_HAS_RESULT;
        Py_XSETREF(raised, PyErr_GetRaisedException());
    }
    if (UNLIKELY(raised != NULL)) {
        PyErr_SetRaisedException(raised);
        put_error(self, host);
    }
    Py_XDECREF(value);
    specials_publish(host);
    if (UNLIKELY(since != 0)) {
        trace_run(self, &event, since);
    }
}

// ---- in a trace ----

// From when it was made; of tasks that are queued together, from when the one before was queued.
void
task_trace_submit(task *self)
{
    trace_lane *lane = self->traced == 0 ? NULL : spans_lane();
    if (lane == NULL) {
        return;
    }
    trace_event event = {.kind = TRACE_SUBMIT,
                         .number = self->traced,
                         .host = TRACE_NOWHERE,
                         .home = (int32_t)atomic_load(&thread_self->current)};
    if (self->function != NULL && self->function->kind == FUNCTION_NAME) {
        trace_add_text(&event, self->function->data, self->function->size);
    }
    spans_add(&event, self->made_at > lane->submitted ? self->made_at : lane->submitted);
    lane->submitted = ticks_now();
}

static void
trace_result_of(const task *self, const core_state *home, int64_t since)
{
    spans_add(&(trace_event){.kind = TRACE_RESULT,
                             .number = self->traced,
                             .host = TRACE_NOWHERE,
                             .home = (int32_t)home->interp->id},
              self->traced == 0 ? 0 : since);
}

// ---- at home: the answer ----

static int
unpack_broken(core_state *home, PyObject **exception)
{
    PyObject *hook = state_hook(home, HOOK_TASK_BROKEN);
    *exception = hook == NULL ? NULL : PyObject_CallNoArgs(hook);
    return *exception == NULL ? -1 : 0;
}

// -1: exception.
static int
unpack(task *self, parcel *from, core_state *home, PyObject **result, PyObject **exception)
{
    specials_refresh(home);
    if (self->flags & TASK_IS_BROKEN) {
        return unpack_broken(home, exception);
    }
    if (self->flags & TASK_HAS_RESULT) {
        *result =
            self->flags & TASK_PICKLED_RESULT ? get_pickled(from, home) : parcel_get(from, home);
        if (*result == NULL) {
            return -1;
        }
    }
    if (self->flags & TASK_HAS_ERROR) {
        *exception = error_get(from, home);
    }
    return PyErr_Occurred() ? -1 : 0;
}

int
task_unpack(task *self, core_state *home, PyObject **result, PyObject **exception)
{
    unsigned before = 0;
    parcel reader;
    if (self->is_lost) { // its worker may be writing to all else
        *result = NULL;
        if (unpack_broken(home, exception) < 0) {
            *exception = PyErr_GetRaisedException();
        }
        return 0;
    }
    bool runs_code = (self->flags & (TASK_IS_PLAIN | TASK_HAS_ERROR)) != TASK_IS_PLAIN;
    *result = *exception = NULL;
    int64_t since = trace_clock();
    if (runs_code && disturbance_begin(home, &before) < 0) {
        return -1;
    }
    parcel_begin_reading(&reader, &self->parcel, runs_code);
    bool has_failed = unpack(self, &reader, home, result, exception) < 0;
    parcel_end_reading(&reader);
    if (has_failed && runs_code && disturbance_is_why(before)) {
        Py_CLEAR(*result);
        return -1;
    }
    if (has_failed) {
        *exception = PyErr_GetRaisedException();
    }
    parcel_clear(&self->parcel);
    parcel_init(&self->parcel);
    trace_result_of(self, home, since);
    return 0;
}
