// What the queue's handle and its event-loop half have in common.
#ifndef ATOLL_LOCAL_QUEUE_H
#define ATOLL_LOCAL_QUEUE_H

#include <Python.h>

#include "bridge/python/state.h"
#include "ground/queue/queue.h"

queue *queue_checked(core_state *state, PyObject *handle); // borrowed; NULL: TypeError

// queue.Empty, queue.Full or queue.ShutDown; returns NULL.
PyObject *queue_raise(core_state *state, queue_result result, queue_side side);

// What a finished operation gives: None, or the item; NULL with an exception. Steals the item: of a
// getter to be unpacked, of a putter that did not get in to be discarded.
PyObject *queue_answer(core_state *state, queue_result result, queue_side side, queue_item *item);

int queue_wait_add_types(PyObject *module, core_state *state);
extern PyMethodDef queue_wait_functions[];

#endif
