// What queue.c and queue_wait.c share.
#ifndef ATOLL_TYPES_QUEUE_H
#define ATOLL_TYPES_QUEUE_H

#include <Python.h>

#include "bridge/python/state.h"
#include "ground/queue/queue.h"

queue *queue_checked(core_state *state, PyObject *handle); // borrowed; NULL: TypeError

// queue.Empty, queue.Full or queue.ShutDown; returns NULL.
PyObject *queue_raise(core_state *state, queue_result result, queue_side side);

// The result of a finished operation: None, or the item; NULL with an exception. Steals the item: a
// getter's is unpacked; a putter's is discarded if it was not put.
PyObject *queue_answer(core_state *state, queue_result result, queue_side side, queue_item *item);

int queue_wait_add_types(PyObject *module, core_state *state);
extern PyMethodDef queue_wait_functions[];

#endif
