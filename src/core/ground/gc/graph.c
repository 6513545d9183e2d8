#include "ground/gc/graph.h"

#include <stdlib.h>
#include <string.h>

#include "ground/base/pointer_map.h"

static void
free_batches(graph *self)
{
    free(self->nodes_by_batch);
    free(self->exports_by_batch);
    free(self->batch_nodes);
    free(self->batch_exports);
    self->nodes_by_batch = self->exports_by_batch = NULL;
    self->batch_nodes = self->batch_exports = NULL;
}

void
graph_free(graph *self)
{
    free(self->offsets);
    free(self->edges);
    free(self->exports);
    free(self->holders);
    free(self->is_live);
    free_batches(self);
    *self = (graph){0};
}

typedef struct {
    graph *const *graphs;
    size_t count;
    pointer_map exports;  // key -> graph_export
    uint32_t **holder_at; // [count][node]: 1 + index of the holder that it is, or 0
    graph_export **work;  // live exports that were not followed yet, each once
    size_t work_count;
    uint32_t *nodes; // live nodes that were not followed yet, each once
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
follow(settling *self, size_t index, uint32_t live)
{
    graph *within = self->graphs[index];
    const uint32_t *holder_at = self->holder_at[index];
    size_t waiting = 0;
    if (!within->is_live[live]) {
        within->is_live[live] = true;
        self->nodes[waiting++] = live;
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

static void
follow_all(settling *self)
{
    while (self->work_count > 0) {
        const graph_export *live = self->work[--self->work_count];
        follow(self, live->graph, live->node);
    }
}

// Follow cached holders that live because what they refer to lives. False: there were none.
static bool
follow_cached(settling *self)
{
    bool is_one_found = false;
    for (size_t i = 0; i < self->count; i++) {
        const graph *each = self->graphs[i];
        for (size_t j = 0; each != NULL && j < each->holder_count; j++) {
            const graph_holder *holder = &each->holders[j];
            if (!holder->is_cached || each->is_live[holder->node]) {
                continue;
            }
            const graph_export *held = pointer_map_get(&self->exports, holder->key);
            if (held == NULL || held->is_live || self->graphs[held->graph]->is_live[held->node]) {
                follow(self, i, holder->node);
                is_one_found = true;
            }
        }
    }
    return is_one_found;
}

// A suspect that another live suspect reaches at home is live too, though never in `work`.
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
        do {
            follow_all(&self);
        } while (follow_cached(&self));
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

// ---- dividing ----

typedef struct {
    graph *const *graphs;
    size_t count;
    size_t *bases;       // [graph]: the number of its first node among all
    uint32_t *parents;   // of all nodes: a forest of components [Galler and Fischer 1964]
    uint32_t *batch_of;  // of all nodes: by its component's root
    uint32_t *sizes;     // of components, by their roots
    pointer_map exports; // key of an export that is not live -> 1 + number of its node among all
    size_t node_count, batches;
} division;

static uint32_t
root_of(division *self, uint32_t node)
{
    while (self->parents[node] != node) {
        self->parents[node] = self->parents[self->parents[node]];
        node = self->parents[node];
    }
    return node;
}

static void
unite(division *self, uint32_t one, uint32_t other)
{
    self->parents[root_of(self, one)] = root_of(self, other);
}

static bool
prepare_division(division *self)
{
    self->bases = calloc(self->count + 1, sizeof *self->bases);
    if (self->bases == NULL) {
        return false;
    }
    for (size_t i = 0; i < self->count; i++) {
        self->bases[i] = self->node_count;
        self->node_count += self->graphs[i] == NULL ? 0 : self->graphs[i]->node_count;
    }
    self->parents = malloc((self->node_count + 1) * sizeof *self->parents);
    self->batch_of = malloc((self->node_count + 1) * sizeof *self->batch_of);
    self->sizes = calloc(self->node_count + 1, sizeof *self->sizes);
    if (self->parents == NULL || self->batch_of == NULL || self->sizes == NULL ||
        self->node_count >= UINT32_MAX) {
        return false;
    }
    for (uint32_t i = 0; i < self->node_count; i++) {
        self->parents[i] = i;
    }
    for (size_t i = 0; i < self->count; i++) {
        const graph *each = self->graphs[i];
        for (size_t j = 0; each != NULL && j < each->export_count; j++) {
            uintptr_t place = self->bases[i] + each->exports[j].node + 1;
            if (!each->exports[j].is_live &&
                !pointer_map_set(&self->exports, each->exports[j].key, (void *)place)) {
                return false;
            }
        }
    }
    return true;
}

static void
unite_nodes(division *self, size_t index)
{
    const graph *each = self->graphs[index];
    uint32_t base = (uint32_t)self->bases[index];
    for (uint32_t node = 0; node < each->node_count; node++) {
        for (uint32_t i = each->offsets[node]; !each->is_live[node] && i < each->offsets[node + 1];
             i++) {
            if (!each->is_live[each->edges[i]]) {
                unite(self, base + node, base + each->edges[i]);
            }
        }
    }
    for (size_t i = 0; i < each->holder_count; i++) {
        uintptr_t held = (uintptr_t)pointer_map_get(&self->exports, each->holders[i].key);
        if (held != 0 && !each->is_live[each->holders[i].node]) {
            unite(self, base + each->holders[i].node, (uint32_t)(held - 1));
        }
    }
}

// Fills batch after batch with components, in the order of their first nodes.
static void
fill_batches(division *self, size_t most_nodes)
{
    for (uint32_t node = 0; node < self->node_count; node++) {
        self->sizes[root_of(self, node)]++;
        self->batch_of[node] = UINT32_MAX;
    }
    size_t filled = most_nodes;
    for (size_t i = 0; i < self->count; i++) {
        const graph *each = self->graphs[i];
        for (uint32_t node = 0; each != NULL && node < each->node_count; node++) {
            uint32_t root = root_of(self, (uint32_t)self->bases[i] + node);
            if (each->is_live[node] || self->batch_of[root] != UINT32_MAX) {
                continue;
            }
            if (filled + self->sizes[root] > most_nodes) {
                filled = 0;
                self->batches++;
            }
            filled += self->sizes[root];
            self->batch_of[root] = (uint32_t)self->batches - 1;
        }
    }
}

// Sorts by batch the numbers of those that have one. `begins` comes in as zeros.
static void
sort_by_batch(const uint32_t *batch_of, uint32_t count, size_t batches, uint32_t *begins,
              uint32_t *sorted)
{
    uint32_t total = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (batch_of[i] != UINT32_MAX) {
            begins[batch_of[i]]++;
        }
    }
    for (size_t batch = 0; batch < batches; batch++) { // to where each batch ends ...
        total += begins[batch];
        begins[batch] = total;
    }
    begins[batches] = total;
    for (uint32_t i = count; i-- > 0;) { // ... and from there down to where it begins
        if (batch_of[i] != UINT32_MAX) {
            sorted[--begins[batch_of[i]]] = i;
        }
    }
}

static bool
sort_graph(division *self, size_t index)
{
    graph *each = self->graphs[index];
    uint32_t base = (uint32_t)self->bases[index];
    uint32_t most =
        each->node_count > each->export_count ? each->node_count : (uint32_t)each->export_count;
    free_batches(each);
    uint32_t *batch_of = malloc((most + 1) * sizeof *batch_of);
    each->nodes_by_batch = malloc((each->node_count + 1) * sizeof *each->nodes_by_batch);
    each->exports_by_batch = malloc((each->export_count + 1) * sizeof *each->exports_by_batch);
    each->batch_nodes = calloc(self->batches + 1, sizeof *each->batch_nodes);
    each->batch_exports = calloc(self->batches + 1, sizeof *each->batch_exports);
    bool has_memory = batch_of != NULL && each->nodes_by_batch != NULL &&
                      each->exports_by_batch != NULL && each->batch_nodes != NULL &&
                      each->batch_exports != NULL;
    if (has_memory) {
        for (uint32_t i = 0; i < each->node_count; i++) {
            batch_of[i] = each->is_live[i] ? UINT32_MAX : self->batch_of[root_of(self, base + i)];
        }
        sort_by_batch(batch_of, each->node_count, self->batches, each->batch_nodes,
                      each->nodes_by_batch);
        for (uint32_t i = 0; i < each->export_count; i++) {
            batch_of[i] = each->exports[i].is_live
                              ? UINT32_MAX
                              : self->batch_of[root_of(self, base + each->exports[i].node)];
        }
        sort_by_batch(batch_of, (uint32_t)each->export_count, self->batches, each->batch_exports,
                      each->exports_by_batch);
    }
    free(batch_of);
    return has_memory;
}

bool
graphs_divide(graph *const *graphs, size_t count, size_t most_nodes, size_t *batches)
{
    division self = {.graphs = graphs, .count = count};
    bool is_divided = prepare_division(&self);
    if (is_divided) {
        for (size_t i = 0; i < count; i++) {
            if (graphs[i] != NULL) {
                unite_nodes(&self, i);
            }
        }
        fill_batches(&self, most_nodes);
    }
    for (size_t i = 0; i < count && is_divided; i++) {
        is_divided = graphs[i] == NULL || sort_graph(&self, i);
    }
    *batches = self.batches;
    free(self.bases);
    free(self.parents);
    free(self.batch_of);
    free(self.sizes);
    pointer_map_free(&self.exports);
    return is_divided;
}

// ---- cycles of interpreters ----

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
