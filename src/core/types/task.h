// Task, the C half of an executor's Future: a task, and its answer once that has been asked for.
//
// Lifetime. Holds the task and the worker pool. Threads. Under the GIL of the interpreter that
// submitted it.
#ifndef ATOLL_TYPES_TASK_H
#define ATOLL_TYPES_TASK_H

#include <Python.h>
#include <stdbool.h>

#include "bridge/executor/worker_pool.h"
#include "bridge/python/state.h"

typedef struct {
    PyObject_HEAD
    task *task;          // counted
    worker_pool *pool;   // counted
    core_state *state;   // kept alive by module
    PyObject *module;    // owned
    PyObject *result;    // owned, or NULL
    PyObject *exception; // owned, or NULL
    unsigned fetched_in; // worker_pool_forks() when a thread began to fetch the answer
    bool is_unpacked;    // result and exception are set
} task_object;

// Steals one count of the task. NULL: MemoryError.
PyObject *task_object_new(core_state *state, PyTypeObject *type, worker_pool *from,
                          task *task_steal);

// Have the Future tell its observers that the task has run. For tasks that worker_pool_finish or
// worker_pool_next returned.
void task_tell(worker_pool *from, task *done_steal);

#endif
