// graph: plain data that says what the suspected objects of one interpreter refer to.
//
// Purpose. A suspect is an exported object that nothing at home needs. A graph has the objects that
// an interpreter's suspects reach, the references between them, and which of them are holders:
// Proxies of objects elsewhere. graphs_settle finds the suspects that are needed all the same: by a
// holder that is in no graph, by a reference under way, or by something that is needed itself. The
// others hold only each other. (Graphs are made one after another, so the result is verified later,
// with those interpreters stopped.)
//
// Threads. Not locked: graphs are plain data. Errors. False: out of memory.
#ifndef ATOLL_GROUND_GRAPH_H
#define ATOLL_GROUND_GRAPH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ground/base/attributes.h"

typedef struct {
    const void *key; // by which holders name it
    uint32_t node;
    uint32_t graph; // index of the graph that it is in; set by graphs_settle
    intptr_t count; // number of references to it
    intptr_t seen;  // how many of those are holders in the graphs; set by graphs_settle
    bool is_live;
} graph_export;

typedef struct {
    const void *key; // key of the export that it refers to
    uint32_t node;
    bool is_cached; // in a cache: it lives as long as what it refers to
} graph_holder;

typedef struct {
    uint32_t node_count;
    uint32_t *offsets; // [node_count + 1] into edges; owned, as all of these
    uint32_t *edges;
    graph_export *exports;
    size_t export_count;
    graph_holder *holders; // at most one for each node
    size_t holder_count;
    bool *is_live; // [node_count]; made by graphs_settle
    // Made by graphs_divide: nodes and exports that are not live, batch by batch.
    uint32_t *nodes_by_batch, *exports_by_batch;
    uint32_t *batch_nodes, *batch_exports; // [batches + 1]: where those of a batch begin
} graph;

void graph_free(graph *self);

// Sets is_live of all exports and nodes. A graph may be NULL.
MUST_CHECK bool graphs_settle(graph *const *graphs, size_t count);

// Divide what is not live into batches without references between them. A batch has at most
// `most_nodes` nodes, or is a single connected component.
MUST_CHECK bool graphs_divide(graph *const *graphs, size_t count, size_t most_nodes,
                              size_t *batches);

// Which interpreters are part of a cycle. holds[i * count + j]: i holds references to j; it is
// overwritten with what can be reached from what.
void graph_find_cycles(bool *holds, size_t count, bool *is_in_cycle);

#endif
