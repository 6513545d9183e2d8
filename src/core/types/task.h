// Task, the C half of an executor's Future: a task, and its answer once somebody has asked for it.
//
// Lifetime. Holds the task and the crew. Threads. Under the GIL of the interpreter that submitted.
#ifndef ATOLL_LOCAL_TASK_H
#define ATOLL_LOCAL_TASK_H

#include <Python.h>
#include <stdbool.h>

#include "bridge/executor/crew.h"
#include "bridge/python/state.h"

typedef struct {
    PyObject_HEAD
    task *task;          // counted
    crew *crew;          // counted
    core_state *state;   // kept alive by module
    PyObject *module;    // owned
    PyObject *result;    // owned, or NULL
    PyObject *exception; // owned, or NULL
    bool is_settled;     // its observers have been told
} task_object;

// Steals one count of the task. NULL: MemoryError.
PyObject *task_object_new(core_state *state, PyTypeObject *type, crew *from, task *task_steal);

// Call _settle() of the Futures of these tasks.
void task_tell(core_state *state, crew *from);
void task_tell_one(core_state *state, task *done_steal);

#endif
