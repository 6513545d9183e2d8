// summary: what one interpreter has that may be garbage across interpreters, as a graph.
//
// Purpose. The exports that nothing at home needs, what they reach, and the Proxies among that. It
// is made under that interpreter's GIL alone and is out of date at once: a hint whom to put on
// verification.
//
// Lifetime. Each export in it is counted once more, so that it can be compared. Nodes are
// addresses, not to be followed.
//
// Threads. summary_make: under the GIL of state->interp; runs no Python. summary_free: any.
//
// Errors. False: no memory.
#ifndef ATOLL_BRIDGE_SUMMARY_H
#define ATOLL_BRIDGE_SUMMARY_H

#include <Python.h>
#include <stdbool.h>

#include "bridge/python/state.h"
#include "ground/gc/graph.h"

typedef struct {
    graph graph;      // the key of an export is its `exported`
    PyObject **nodes; // [graph.node_count]
    size_t objects;   // that the interpreter has
} summary;

MUST_CHECK bool summary_make(summary *self, core_state *state);
void summary_count(summary *self); // how many references each export has by now, without ours
void summary_free(summary *self);

#endif
