#include "ground/graph.h"

#include <stdlib.h>
#include <string.h>

#include "ground/pointer_map.h"

void
graph_free(graph *self)
{
    free(self->offsets);
    free(self->edges);
    free(self->exports);
    free(self->holders);
    free(self->is_live);
    *self = (graph){0};
}

typedef struct {
    graph *const *graphs;
    size_t count;
    pointer_map exports;  // key -> graph_export
    uint32_t **holder_at; // [count][node]: 1 + index of the holder that it is, or 0
    graph_export **work;  // live exports that were not followed yet: each once
    size_t work_count;
    uint32_t *nodes; // marked ones that were not followed yet: each once
} settling;

static bool
prepare_graph(settling *self, size_t index)
{
    graph *each = self->graphs[index];
    free(each->is_live);
    each->is_live = calloc(each->node_count + 1, sizeof *each->is_live);
    self->holder_at[index] = calloc(each->node_count + 1, sizeof **self->holder_at);
    if (each->is_live == NULL || self->holder_at[index] == NULL) {
        return false;
    }
    for (size_t i = 0; i < each->holder_count; i++) {
        self->holder_at[index][each->holders[i].node] = (uint32_t)i + 1;
    }
    for (size_t i = 0; i < each->export_count; i++) {
        each->exports[i].graph = (uint32_t)index;
        each->exports[i].seen = 0;
        each->exports[i].is_live = false;
        if (!pointer_map_set(&self->exports, each->exports[i].key, &each->exports[i])) {
            return false;
        }
    }
    return true;
}

static bool
prepare(settling *self)
{
    size_t exports = 0, most_nodes = 0;
    self->holder_at = calloc(self->count + 1, sizeof *self->holder_at);
    if (self->holder_at == NULL) {
        return false;
    }
    for (size_t i = 0; i < self->count; i++) {
        const graph *each = self->graphs[i];
        if (each == NULL) {
            continue;
        }
        if (!prepare_graph(self, i)) {
            return false;
        }
        exports += each->export_count;
        most_nodes = each->node_count > most_nodes ? each->node_count : most_nodes;
    }
    self->work = malloc((exports + 1) * sizeof *self->work);
    self->nodes = malloc((most_nodes + 1) * sizeof *self->nodes);
    return self->work != NULL && self->nodes != NULL;
}

static void
enliven(settling *self, graph_export *suspect)
{
    if (!suspect->is_live) {
        suspect->is_live = true;
        self->work[self->work_count++] = suspect;
    }
}

static void
count_holders(settling *self)
{
    for (size_t i = 0; i < self->count; i++) {
        const graph *each = self->graphs[i];
        for (size_t j = 0; each != NULL && j < each->holder_count; j++) {
            graph_export *held = pointer_map_get(&self->exports, each->holders[j].key);
            if (held != NULL) {
                held->seen++;
            }
        }
    }
}

static void
find_first(settling *self)
{
    for (size_t i = 0; i < self->count; i++) {
        graph *each = self->graphs[i];
        for (size_t j = 0; each != NULL && j < each->export_count; j++) {
            if (each->exports[j].count != each->exports[j].seen) {
                enliven(self, &each->exports[j]);
            }
        }
    }
}

static void
follow(settling *self, const graph_export *live)
{
    graph *within = self->graphs[live->graph];
    const uint32_t *holder_at = self->holder_at[live->graph];
    size_t waiting = 0;
    if (!within->is_live[live->node]) {
        within->is_live[live->node] = true;
        self->nodes[waiting++] = live->node;
    }
    while (waiting > 0) {
        uint32_t node = self->nodes[--waiting];
        if (holder_at[node] != 0) {
            const graph_holder *holder = &within->holders[holder_at[node] - 1];
            graph_export *held = pointer_map_get(&self->exports, holder->key);
            if (held != NULL) {
                enliven(self, held);
            }
        }
        for (uint32_t i = within->offsets[node]; i < within->offsets[node + 1]; i++) {
            uint32_t next = within->edges[i];
            if (!within->is_live[next]) {
                within->is_live[next] = true;
                self->nodes[waiting++] = next;
            }
        }
    }
}

// A suspect that a live one reaches at home was not followed by itself, but is live too.
static void
conclude(settling *self)
{
    for (size_t i = 0; i < self->count; i++) {
        graph *each = self->graphs[i];
        for (size_t j = 0; each != NULL && j < each->export_count; j++) {
            each->exports[j].is_live = each->is_live[each->exports[j].node];
        }
    }
}

bool
graphs_settle(graph *const *graphs, size_t count)
{
    settling self = {.graphs = graphs, .count = count};
    bool is_settled = prepare(&self);
    if (is_settled) {
        count_holders(&self);
        find_first(&self);
        while (self.work_count > 0) {
            follow(&self, self.work[--self.work_count]);
        }
        conclude(&self);
    }
    for (size_t i = 0; self.holder_at != NULL && i < count; i++) {
        free(self.holder_at[i]);
    }
    free(self.holder_at);
    free(self.work);
    free(self.nodes);
    pointer_map_free(&self.exports);
    return is_settled;
}

// [Warshall 1962]
void
graph_find_cycles(bool *holds, size_t count, bool *is_in_cycle)
{
    for (size_t via = 0; via < count; via++) {
        for (size_t from = 0; from < count; from++) {
            for (size_t to = 0; holds[from * count + via] && to < count; to++) {
                holds[from * count + to] |= holds[via * count + to];
            }
        }
    }
    for (size_t i = 0; i < count; i++) {
        is_in_cycle[i] = holds[i * count + i];
    }
}
