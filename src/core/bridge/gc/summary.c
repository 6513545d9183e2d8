#include "bridge/gc/summary.h"

#include <stdlib.h>

#include "bridge/gc/tracing.h"
#include "bridge/python/cpython.h"

#define MOST_NODES ((UINT32_MAX >> TRACING_COUNT_SHIFT) - 1)

typedef struct {
    summary *made;
    tracing tracing;
    object_list objects;
    object_list nodes;
    size_t edge_count, edge_capacity, offset_capacity, holder_capacity;
    bool has_failed;
} maker;

// ---- which objects live ----

static int
list_object(PyObject *object, void *argument)
{
    maker *self = argument; // CPython holds one more reference to the object while this runs
    self->has_failed |= !object_list_add(&self->objects, object);
    return !self->has_failed;
}

// As for CPython's collector, what is frozen is no member: it lives, and so does what it refers to.
static void
list_objects(maker *self)
{
    size_t frozen = cpython_visits_frozen(); // last
    PyUnstable_GC_VisitObjects(list_object, self);
    self->objects.count -= Py_MIN(frozen, self->objects.count);
}

static void
find_live(maker *self)
{
    tracing *tracer = &self->tracing;
    const object_list *objects = &self->objects;
    for (size_t i = 0; i < objects->count && !tracer->has_failed; i++) {
        tracing_add(tracer, objects->items[i], 0, 0);
    }
    for (size_t i = 0; i < objects->count && !tracer->has_failed; i++) {
        tracing_subtract(tracer, objects->items[i]);
    }
    for (int i = 0; i < RECENT_CLASSES; i++) {
        PyObject *class = tracer->state->recent_classes[i];
        if (class != NULL && tracing_target(tracer, class) != NULL) {
            tracing_discount(tracer,
                             class); // a cached class lives as long as its original
        }
    }
    size_t position = 0;
    pointer_pair pair;
    while (pointer_map_next(&tracer->state->exports, &position, &pair)) {
        tracing_discount(tracer, (PyObject *)pair.key); // the table of exports'
    }
    for (size_t i = 0; i < objects->count && !tracer->has_failed; i++) {
        tracing_pass(tracer, objects->items[i]);
    }
    tracing_follow(tracer);
}

// ---- what suspects reach ----

// Makes room for one more item in an array of the graph.
static bool
reserve(void *array, size_t count, size_t *capacity, size_t item_size)
{
    if (LIKELY(count < *capacity)) {
        return true;
    }
    size_t larger = *capacity == 0 ? 256 : 2 * *capacity;
    void *items = realloc(*(void **)array, larger * item_size);
    if (items == NULL) {
        return false;
    }
    *(void **)array = items;
    *capacity = larger;
    return true;
}

// The number of a member that is not live; it takes the place of the count, which is not needed any
// more.
static uint32_t
number_of(maker *self, PyObject *object, uint32_t *word)
{
    if (*word & TRACING_NODE) {
        return *word >> TRACING_COUNT_SHIFT;
    }
    uint32_t number = (uint32_t)self->nodes.count;
    self->has_failed |= number >= MOST_NODES || !object_list_add(&self->nodes, object);
    *word = number << TRACING_COUNT_SHIFT | TRACING_MEMBER | TRACING_NODE;
    return number;
}

static int
add_edge(PyObject *object, void *argument)
{
    maker *self = argument;
    uint32_t *word = shadow_find(&self->tracing.words, object);
    if (word == NULL || (*word & (TRACING_MEMBER | TRACING_LIVE)) != TRACING_MEMBER ||
        self->has_failed) {
        return 0;
    }
    graph *made = &self->made->graph;
    if (self->edge_count >= UINT32_MAX ||
        !reserve(&made->edges, self->edge_count, &self->edge_capacity, sizeof *made->edges)) {
        self->has_failed = true;
        return 0;
    }
    made->edges[self->edge_count++] = number_of(self, object, word);
    return 0;
}

static bool
is_cached(const core_state *state, const PyObject *object)
{
    for (int i = 0; PyType_Check(object) && i < RECENT_CLASSES; i++) {
        if (state->recent_classes[i] == object) {
            return true;
        }
    }
    return false;
}

static void
add_node(maker *self, uint32_t number)
{
    graph *made = &self->made->graph;
    PyObject *object = self->nodes.items[number];
    if (!reserve(&made->offsets, (size_t)number + 1, &self->offset_capacity,
                 sizeof *made->offsets)) {
        self->has_failed = true;
        return;
    }
    made->offsets[number] = (uint32_t)self->edge_count;
    exported *held = tracing_target(&self->tracing, object);
    if (held != NULL) {
        if (!reserve(&made->holders, made->holder_count, &self->holder_capacity,
                     sizeof *made->holders)) {
            self->has_failed = true;
            return;
        }
        made->holders[made->holder_count++] =
            (graph_holder){held, number, is_cached(self->tracing.state, object)};
    }
    tracing_visit(&self->tracing, object, add_edge, self);
    made->offsets[number + 1] = (uint32_t)self->edge_count;
}

static void
add_suspects(maker *self)
{
    graph *made = &self->made->graph;
    const pointer_map *exports = &self->tracing.state->exports;
    made->exports = malloc((exports->count + 1) * sizeof *made->exports);
    if (made->exports == NULL) {
        self->has_failed = true;
        return;
    }
    size_t position = 0;
    pointer_pair pair;
    while (!self->has_failed && pointer_map_next(exports, &position, &pair)) {
        // An object that the collector does not track is no member: it refers to nothing, so it is
        // in no cycle.
        uint32_t *word = shadow_find(&self->tracing.words, pair.key);
        if (word != NULL && (*word & (TRACING_MEMBER | TRACING_LIVE)) == TRACING_MEMBER) {
            uint32_t node = number_of(self, (PyObject *)pair.key, word);
            exported *suspect = export_ref(pair.value).target;
            made->exports[made->export_count++] = (graph_export){.key = suspect, .node = node};
        }
    }
    for (uint32_t i = 0; !self->has_failed && i < self->nodes.count; i++) {
        add_node(self, i);
    }
}

// ---- the whole ----

bool
summary_make(summary *self, core_state *state)
{
    *self = (summary){0};
    maker making = {.made = self};
    list_objects(&making);
    tracing_init(&making.tracing, state);
    making.has_failed |= making.tracing.has_failed;
    state->is_traced = true;
    if (!making.has_failed) {
        find_live(&making);
    }
    making.has_failed |= making.tracing.has_failed;
    if (!making.has_failed) {
        add_suspects(&making);
    }
    making.has_failed |= making.tracing.has_failed;
    self->objects = making.objects.count;
    self->graph.node_count = (uint32_t)making.nodes.count;
    self->nodes = making.nodes.items;
    state->is_traced = false;
    tracing_free(&making.tracing);
    free(making.objects.items);
    if (making.has_failed) {
        summary_free(self);
    }
    return !making.has_failed;
}

void
summary_count(summary *self)
{
    for (size_t i = 0; i < self->graph.export_count; i++) {
        graph_export *each = &self->graph.exports[i];
        exported *suspect = (exported *)each->key;
        each->count = atomic_load_explicit(&suspect->count, memory_order_relaxed) - 1;
    }
}

void
summary_free(summary *self)
{
    for (size_t i = 0; i < self->graph.export_count; i++) {
        export_unref((foreign_ref){(exported *)self->graph.exports[i].key});
    }
    graph_free(&self->graph);
    free(self->nodes);
    *self = (summary){0};
}
