// graph: what suspected objects of one interpreter refer to, without the interpreter.
//
// Purpose. A suspect is an exported object that nothing at home needs. Its graph has the objects
// that suspects reach, the references between them, and which of them are holders: Proxies of
// objects elsewhere. graphs_settle says which suspects are needed all the same: by a holder that is
// in no graph, by a reference on its way, or by what is needed itself. The others hold only each
// other. (Then it is checked, with those interpreters stopped: graphs were made one after another.)
//
// Threads. None of its own: graphs are plain data. Errors. False: no memory.
#ifndef ATOLL_GROUND_GRAPH_H
#define ATOLL_GROUND_GRAPH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ground/base/attributes.h"

typedef struct {
    const void *key; // what holders name it by
    uint32_t node;
    uint32_t graph; // which one it is in; set by graphs_settle
    intptr_t count; // of the references to it
    intptr_t seen;  // how many of them are holders in the graphs; set by graphs_settle
    bool is_live;
} graph_export;

typedef struct {
    const void *key; // what it refers to
    uint32_t node;
    bool is_cached; // it lives as long as that does
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

// Sets is_live of all exports and nodes; those that are NULL are left out.
MUST_CHECK bool graphs_settle(graph *const *graphs, size_t count);

// Divide what is not live into batches that have nothing to do with each other, of so many nodes or
// else of one connected component.
MUST_CHECK bool graphs_divide(graph *const *graphs, size_t count, size_t most_nodes,
                              size_t *batches);

// Which interpreters are part of a cycle. holds[i * count + j]: i holds references to j; it is
// written over with what can be reached.
void graph_find_cycles(bool *holds, size_t count, bool *is_in_cycle);

#endif
