// summary: a graph of what in one interpreter may be part of a cycle across interpreters.
//
// Purpose. The exports that nothing at home needs, what they reach, and the Proxies among that. It
// is made under that interpreter's GIL alone and is out of date at once: it only proposes
// candidates for the verification.
//
// Lifetime. It holds a count of each export in it. Nodes are addresses that must not be followed.
//
// Threads. summary_make: under the GIL of state->interp; runs no Python. summary_free: any.
//
// Errors. False: out of memory.
#ifndef ATOLL_BRIDGE_SUMMARY_H
#define ATOLL_BRIDGE_SUMMARY_H

#include <Python.h>
#include <stdbool.h>

#include "bridge/python/state.h"
#include "ground/gc/graph.h"

typedef struct {
    graph graph;      // the key of an export is its `exported`
    PyObject **nodes; // [graph.node_count]
    size_t objects;   // how many objects the interpreter has
} summary;

MUST_CHECK bool summary_make(summary *self, core_state *state);
void summary_count(summary *self); // set how many references each export has now, without ours
void summary_free(summary *self);

#endif
