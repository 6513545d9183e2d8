// graph: suspects that hold only each other are told from those that something else needs; random
// graphs are compared with what a slow walk over all of them says; cycles of interpreters are
// found.
#include <string.h>

#include "check.h"
#include "ground/gc/graph.h"

#define MOST_GRAPHS  5
#define MOST_NODES   12
#define MOST_EXPORTS 6
#define ROUNDS       20000

// An adjacency matrix of everything: nodes are numbered across graphs.
typedef struct {
    size_t count;
    uint32_t node_counts[MOST_GRAPHS];
    bool refers[MOST_GRAPHS * MOST_NODES][MOST_GRAPHS * MOST_NODES];
    bool is_held[MOST_GRAPHS * MOST_NODES]; // by something that is in no graph
    char keys[MOST_GRAPHS * MOST_NODES];    // their addresses are keys
    graph graphs[MOST_GRAPHS];
} world;

static int
number(int graph, uint32_t node)
{
    return graph * MOST_NODES + (int)node;
}

static void
add_edges(world *self, int index, uint32_t *random)
{
    graph *made = &self->graphs[index];
    uint32_t nodes = self->node_counts[index], edges = 0;
    made->offsets = calloc(nodes + 1, sizeof *made->offsets);
    made->edges = calloc(nodes * 3 + 1, sizeof *made->edges);
    for (uint32_t node = 0; node < nodes; node++) {
        made->offsets[node] = edges;
        for (uint32_t i = next_random(random) % 4; i > 0; i--) {
            uint32_t to = next_random(random) % nodes;
            made->edges[edges++] = to;
            self->refers[number(index, node)][number(index, to)] = true;
        }
    }
    made->offsets[nodes] = edges;
}

// The first nodes of each graph are exports; the last ones are holders.
static void
add_exports(world *self, int index, uint32_t *random)
{
    graph *made = &self->graphs[index];
    made->export_count = 1 + next_random(random) % MOST_EXPORTS;
    if (made->export_count > self->node_counts[index]) {
        made->export_count = self->node_counts[index];
    }
    made->exports = calloc(made->export_count, sizeof *made->exports);
    for (uint32_t i = 0; i < made->export_count; i++) {
        int at = number(index, i);
        self->is_held[at] = next_random(random) % 8 == 0;
        made->exports[i] =
            (graph_export){.key = &self->keys[at], .node = i, .count = self->is_held[at]};
    }
}

static void
add_holders(world *self, int index, uint32_t *random)
{
    graph *made = &self->graphs[index];
    made->holders = calloc(self->node_counts[index] + 1, sizeof *made->holders);
    for (uint32_t node = 0; node < self->node_counts[index]; node++) {
        int other = (int)(next_random(random) % self->count);
        uint32_t target = next_random(random) % (uint32_t)self->graphs[other].export_count;
        if (other == index || next_random(random) % 2) {
            continue;
        }
        made->holders[made->holder_count++] =
            (graph_holder){.key = self->graphs[other].exports[target].key, .node = node};
        self->graphs[other].exports[target].count++;
        self->refers[number(index, node)][number(other, target)] = true;
    }
}

static void
make(world *self, uint32_t *random)
{
    memset(self, 0, sizeof *self);
    self->count = 2 + next_random(random) % (MOST_GRAPHS - 1);
    for (int i = 0; i < (int)self->count; i++) {
        self->node_counts[i] = self->graphs[i].node_count = 1 + next_random(random) % MOST_NODES;
        add_edges(self, i, random);
        add_exports(self, i, random);
    }
    for (int i = 0; i < (int)self->count; i++) {
        add_holders(self, i, random);
    }
}

static void
spread(world *self, bool *is_live)
{
    for (bool is_changed = true; is_changed;) {
        is_changed = false;
        for (int from = 0; from < MOST_GRAPHS * MOST_NODES; from++) {
            for (int to = 0; is_live[from] && to < MOST_GRAPHS * MOST_NODES; to++) {
                if (self->refers[from][to] && !is_live[to]) {
                    is_live[to] = is_changed = true;
                }
            }
        }
    }
}

// Everybody who is not live is in one batch, with all that he refers to and that is not live
// either.
static void
check_division(world *made, graph *const *graphs, const bool *is_live, size_t most_nodes)
{
    enum { NONE = 1000000 };
    size_t batches, batch_of[MOST_GRAPHS * MOST_NODES], sizes[MOST_GRAPHS * MOST_NODES] = {0};
    CHECK(graphs_divide(graphs, made->count, most_nodes, &batches));
    for (int i = 0; i < MOST_GRAPHS * MOST_NODES; i++) {
        batch_of[i] = NONE;
    }
    for (int i = 0; i < (int)made->count; i++) {
        const graph *each = graphs[i];
        for (size_t batch = 0; batch < batches; batch++) {
            for (uint32_t j = each->batch_nodes[batch]; j < each->batch_nodes[batch + 1]; j++) {
                int at = number(i, each->nodes_by_batch[j]);
                CHECK(!is_live[at] && batch_of[at] == NONE);
                batch_of[at] = batch;
                sizes[batch]++;
            }
        }
        for (size_t batch = 0; batch < batches; batch++) {
            for (uint32_t j = each->batch_exports[batch]; j < each->batch_exports[batch + 1]; j++) {
                CHECK(batch_of[number(i, each->exports[each->exports_by_batch[j]].node)] == batch);
            }
        }
    }
    for (int from = 0; from < MOST_GRAPHS * MOST_NODES; from++) {
        bool exists = from % MOST_NODES < (int)made->node_counts[from / MOST_NODES];
        CHECK((batch_of[from] != NONE) == (exists && !is_live[from]));
        for (int to = 0; batch_of[from] != NONE && to < MOST_GRAPHS * MOST_NODES; to++) {
            CHECK(!made->refers[from][to] || is_live[to] || batch_of[to] == batch_of[from]);
        }
    }
    for (size_t batch = 0; batch + 1 < batches; batch++) {
        CHECK(sizes[batch] > 0 && sizes[batch] + sizes[batch + 1] > most_nodes);
    }
}

static void
check_random(uint32_t *random)
{
    static world made;
    make(&made, random);
    bool is_live[MOST_GRAPHS * MOST_NODES];
    memcpy(is_live, made.is_held, sizeof is_live);
    spread(&made, is_live);
    graph *graphs[MOST_GRAPHS];
    for (size_t i = 0; i < made.count; i++) {
        graphs[i] = &made.graphs[i];
    }
    for (int again = 0; again < 2; again++) {
        CHECK(graphs_settle(graphs, made.count));
        for (int i = 0; i < (int)made.count; i++) {
            for (uint32_t node = 0; node < made.node_counts[i]; node++) {
                CHECK(made.graphs[i].is_live[node] == is_live[number(i, node)]);
            }
            for (size_t j = 0; j < made.graphs[i].export_count; j++) {
                CHECK(made.graphs[i].exports[j].is_live == is_live[number(i, (uint32_t)j)]);
            }
        }
    }
    check_division(&made, graphs, is_live, 1 + next_random(random) % 20);
    check_division(&made, graphs, is_live, 1000);
    for (size_t i = 0; i < made.count; i++) {
        graph_free(&made.graphs[i]);
    }
}

// One is left out: what it holds lives.
static void
check_absent(void)
{
    char keys[2];
    uint32_t offsets[] = {0, 0};
    graph_export one = {.key = &keys[0], .count = 1}, two = {.key = &keys[1], .count = 1};
    graph_holder of_two = {.key = &keys[1]}, of_one = {.key = &keys[0]};
    graph first = {.node_count = 1,
                   .offsets = offsets,
                   .exports = &one,
                   .export_count = 1,
                   .holders = &of_two,
                   .holder_count = 1};
    graph second = {.node_count = 1,
                    .offsets = offsets,
                    .exports = &two,
                    .export_count = 1,
                    .holders = &of_one,
                    .holder_count = 1};
    graph *both[] = {&first, &second}, *alone[] = {&first, NULL};
    CHECK(graphs_settle(both, 2));
    CHECK(!one.is_live && !two.is_live);
    CHECK(graphs_settle(alone, 2));
    CHECK(one.is_live);
    free(first.is_live);
    free(second.is_live);
}

// A cached holder lives with what it refers to, and by that keeps what it reaches.
static void
check_cached(void)
{
    char keys[2];
    uint32_t offsets[] = {0, 1, 1}, edges[] = {1};
    graph_export one = {.key = &keys[0], .node = 1, .count = 0};
    graph_holder cached = {.key = &keys[1], .node = 0, .is_cached = true};
    graph only = {.node_count = 2,
                  .offsets = offsets,
                  .edges = edges,
                  .exports = &one,
                  .export_count = 1,
                  .holders = &cached,
                  .holder_count = 1};
    graph *graphs[] = {&only};
    CHECK(graphs_settle(graphs, 1));
    CHECK(only.is_live[0] && only.is_live[1] && one.is_live); // of something not suspected
    cached.key = one.key;
    one.count = 1;
    CHECK(graphs_settle(graphs, 1));
    CHECK(!only.is_live[0] && !one.is_live); // of garbage
    one.count = 2;
    CHECK(graphs_settle(graphs, 1));
    CHECK(only.is_live[0] && one.is_live);
    free(only.is_live);
}

static void
check_cycles(void)
{
    enum { COUNT = 6 };
    bool holds[COUNT * COUNT] = {0}, is_in_cycle[COUNT];
    const int edges[][2] = {{0, 1}, {1, 2}, {2, 0}, {2, 3}, {3, 4}, {5, 3}};
    for (size_t i = 0; i < sizeof edges / sizeof *edges; i++) {
        holds[edges[i][0] * COUNT + edges[i][1]] = true;
    }
    graph_find_cycles(holds, COUNT, is_in_cycle);
    const bool expected[COUNT] = {true, true, true, false, false, false};
    CHECK(memcmp(is_in_cycle, expected, sizeof expected) == 0);
}

int
main(void)
{
    uint32_t random = 2463534242;
    check_absent();
    check_cached();
    check_cycles();
    for (int i = 0; i < ROUNDS; i++) {
        check_random(&random);
    }
    return 0;
}
