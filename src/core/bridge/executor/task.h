// task: one call that an executor is to make in one of its interpreters, and what came of it.
//
// Purpose. Arguments are packed where the call is submitted and unpacked where it runs; the answer
// goes back the same way, in the same parcel. All by value: what the core cannot copy in place is
// pickled (atoll._executor.tasks); proxies and what ref() marks stay references.
//
// Lifetime. Counted: by the queue or whoever runs it, and by its Task object. Any thread may drop
// it.
//
// Threads. The parcel belongs to whoever made the last change of phase; `phase` changes under the
// worker pool's mutex (worker_pool.h), but for task_begin_fetch.
#ifndef ATOLL_BRIDGE_TASK_H
#define ATOLL_BRIDGE_TASK_H

#include <Python.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "bridge/transfer/parcel.h"
#include "bridge/python/state.h"
#include "ground/base/attributes.h"

// TELLING: it has run and is observed; it will be done when its worker is at home and tells.
// FETCHED: the answer has been unpacked, by one thread; before that, FETCHING; DONE again if that
// was broken off.
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
    TASK_HAS_NAMES = 1,      // of keyword arguments, after the arguments
    TASK_PICKLED_INPUT = 2,  // else packed by the core
    TASK_PICKLED_RESULT = 4, // likewise
    TASK_HAS_RESULT = 8,
    TASK_HAS_ERROR = 16, // both: a chunk that failed half-way
    TASK_IS_BROKEN = 32, // it never ran, and never will
    TASK_IS_PLAIN = 64,  // to unpack the result no Python code runs
};

// What is called: "module:name", or the pickle of a function; a kept one is unpickled once in each
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
    Py_ssize_t stride;           // of a chunk, many calls: the arguments of each; 0: it is one call
    bool is_observed;            // worker_pool.mutex; its Future wants to be told
    task_function *function;     // counted; NULL once it has run
    task *next, *previous;       // worker_pool.mutex
    struct task_waiter *waiters; // worker_pool.mutex
    PyObject *observer;          // owned by home; worker_pool.mutex until the task is done
    parcel parcel;
};

#define FUNCTION_CACHE_SIZE 8

// Functions known in one interpreter; under its GIL.
typedef struct {
    struct {
        task_function *function; // counted
        PyObject *object;        // owned: the function, or the module that has it
        PyObject *names;         // owned tuple, the way from the module to the function; or NULL
    } entries[FUNCTION_CACHE_SIZE];
    unsigned next;
} function_cache;

task_function *task_function_new(function_kind kind, const char *data, size_t size);
void task_function_decref(task_function *self);

// At home. NULL: exception. `arguments` is a tuple; of a chunk, those of all calls in a row. Where
// they cannot be packed the task is done, with that as its answer.
task *task_new(core_state *home, task_function *function, Py_ssize_t stride, PyObject *arguments,
               PyObject *keywords);
task *task_new_failed(core_state *home);           // the current exception is its answer
void task_set_error(task *self, core_state *home); // the current exception is its answer

// In the interpreter that does it. No exception remains set.
void task_perform(task *self, core_state *host, function_cache *known);
void function_cache_clear(function_cache *self);

// Does it go by reference whatever happens: a Proxy, an Interpreter, what ref() made?
bool task_is_reference(core_state *state, PyObject *object);

// At home: the result and the exception, new references or NULL. Both: of a chunk. What goes wrong
// meanwhile is the exception too. -1: it was broken off, with an exception set, and the answer is
// still packed.
MUST_CHECK int task_unpack(task *self, core_state *home, PyObject **result, PyObject **exception);

static inline task *
task_incref(task *self)
{
    atomic_fetch_add_explicit(&self->references, 1, memory_order_relaxed);
    return self;
}

void task_decref(task *self);

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

// May this thread unpack the answer, which is in that phase? Then worker_pool_end_fetch is to be
// called.
static inline bool
task_begin_fetch(task *self, task_phase from)
{
    return atomic_compare_exchange_strong(&self->phase, &from, TASK_FETCHING);
}

#endif
