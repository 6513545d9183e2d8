// task: one call that an executor is to make in one of its interpreters, and its answer.
//
// Purpose. Arguments are packed where the call is submitted and unpacked where it runs; the answer
// goes back the same way, in the same parcel. All goes by value: what the core cannot copy itself
// is pickled (atoll._executor.tasks). Only proxies, handles and what ref() marks go by reference.
//
// Lifetime. Counted: by the queue or the worker that runs it, and by its Task object. Any thread
// may drop it.
//
// Threads. The parcel belongs to the thread that changed the phase last. `phase` changes under the
// worker pool's mutex (worker_pool.h), except in task_begin_fetch.
#ifndef ATOLL_BRIDGE_TASK_H
#define ATOLL_BRIDGE_TASK_H

#include <Python.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "bridge/transfer/parcel.h"
#include "bridge/python/state.h"
#include "ground/base/attributes.h"

// TELLING: it has run and is observed; its worker goes home to tell the observer, and then it is
// DONE. FETCHING: one thread unpacks the answer; then it is FETCHED, or DONE again if that was
// interrupted.
typedef enum {
    TASK_PENDING,
    TASK_RUNNING,
    TASK_TELLING,
    TASK_CANCELLED,
    TASK_DONE,
    TASK_FETCHING,
    TASK_FETCHED,
} task_phase;

enum {
    TASK_HAS_NAMES = 1,      // names of keyword arguments follow the arguments
    TASK_PICKLED_INPUT = 2,  // else packed by the core
    TASK_PICKLED_RESULT = 4, // likewise
    TASK_HAS_RESULT = 8,
    TASK_HAS_ERROR = 16, // with TASK_HAS_RESULT: a chunk that failed half-way
    TASK_IS_BROKEN = 32, // it never ran, and never will
    TASK_IS_PLAIN = 64,  // unpacking the result runs no Python code
};

// How the function is given: as "module:name", or pickled. A kept pickle is unpickled once in each
// interpreter and used again.
typedef enum { FUNCTION_NAME, FUNCTION_PICKLE, FUNCTION_KEPT_PICKLE } function_kind;

typedef struct {
    atomic_intptr_t references;
    function_kind kind;
    size_t size;
    char data[]; // ends with a 0
} task_function;

typedef struct task task;
struct task {
    atomic_intptr_t references;
    _Atomic(task_phase) phase;
    unsigned flags;
    Py_ssize_t stride;       // arguments of each call, if it is a chunk of many; 0: it is one call
    bool is_observed;        // worker_pool.mutex; its Future must be told
    bool is_lost;            // given up while it ran; set before it is done. Its worker may go on
    task_function *function; // counted; NULL once it has run
    task *next, *previous;   // worker_pool.mutex
    struct task_waiter *waiters; // worker_pool.mutex
    PyObject *observer;          // owned by home; worker_pool.mutex until the task is done
    int64_t traced, made_at;     // its number in a trace, and when it was made; 0: no trace was on
    parcel parcel;
};

#define FUNCTION_CACHE_SIZE 8

// Functions known in one interpreter; under its GIL.
typedef struct {
    struct {
        task_function *function; // counted
        PyObject *object;        // owned: the function, or the module that has it
        PyObject *names;         // owned: a tuple, the way from the module to the function; or NULL
    } entries[FUNCTION_CACHE_SIZE];
    unsigned next;
} function_cache;

task_function *task_function_new(function_kind kind, const char *data, size_t size);
void task_function_decref(task_function *self);

// At home. NULL: exception. `arguments` is a tuple; for a chunk it has those of all calls in a row.
// If they cannot be packed, the task is done, and that exception is its answer.
task *task_new(core_state *home, task_function *function, Py_ssize_t stride, PyObject *arguments,
               PyObject *keywords);
task *task_new_failed(core_state *home);           // the current exception is its answer
void task_set_error(task *self, core_state *home); // the current exception is its answer

// In the interpreter that runs it. No exception remains set.
void task_perform(task *self, core_state *host, function_cache *known);
void function_cache_clear(function_cache *self);

// Does it always go by reference: a Proxy, an Interpreter, what ref() made?
bool task_is_reference(core_state *state, PyObject *object);

// At home: the result and the exception, new references or NULL; a chunk may have both. If
// unpacking fails, that is the exception. -1: unpacking was interrupted; an exception is set, and
// the answer is still packed.
MUST_CHECK int task_unpack(task *self, core_state *home, PyObject **result, PyObject **exception);

static inline task *
task_incref(task *self)
{
    atomic_fetch_add_explicit(&self->references, 1, memory_order_relaxed);
    return self;
}

void task_decref(task *self);
void task_trace_submit(task *self); // by the thread that queues it

static inline task_phase
task_get_phase(const task *self)
{
    return atomic_load_explicit(&((task *)self)->phase, memory_order_acquire);
}

static inline bool
task_is_between(const task *self, task_phase first, task_phase last)
{
    task_phase phase = task_get_phase(self);
    return first <= phase && phase <= last;
}

// May this thread unpack the answer of a task in phase `from`? Then it must call
// worker_pool_end_fetch.
static inline bool
task_begin_fetch(task *self, task_phase from)
{
    return atomic_compare_exchange_strong(&self->phase, &from, TASK_FETCHING);
}

#endif
