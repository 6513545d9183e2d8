#include "bridge/share/share_arena.h"

#include <stdatomic.h>

#define SPAN_FIRST   ((size_t)4 * 1024)
#define SPAN_LARGEST ((size_t)2 * 1024 * 1024)

static struct {
    atomic_size_t counts[SHARED_KINDS];
    atomic_size_t bytes;
} totals;

// ---- memory ----

static size_t
span_size(const heap_span *span)
{
    return (size_t)(span->limit - span->start);
}

static bool
remember_full(share_arena *self)
{
    if (self->full_count == self->full_capacity) {
        size_t capacity = self->full_capacity == 0 ? 8 : 2 * self->full_capacity;
        heap_span *full = PyMem_RawRealloc(self->full, capacity * sizeof *full);
        if (full == NULL) {
            return false;
        }
        self->full = full;
        self->full_capacity = capacity;
    }
    self->full[self->full_count++] = self->span;
    self->span = (heap_span){0};
    return true;
}

static bool
take_span(share_arena *self, size_t size)
{
    size_t next = 2 * span_size(&self->span);
    next = next < SPAN_FIRST ? SPAN_FIRST : next > SPAN_LARGEST ? SPAN_LARGEST : next;
    return (self->span.start == NULL || remember_full(self)) &&
           heap_take(&self->span, size > next ? size : next);
}

void *
share_arena_raw(share_arena *self, size_t size)
{
    size = (size + HEAP_ALIGNMENT - 1) & ~(size_t)(HEAP_ALIGNMENT - 1);
    if (UNLIKELY(size > (size_t)(self->span.limit - self->span.next)) && !take_span(self, size)) {
        return PyErr_NoMemory();
    }
    void *start = self->span.next;
    self->span.next += size;
    self->bytes += size;
    return start;
}

// ---- objects ----

PyObject *
share_arena_part(share_arena *self, PyTypeObject *type, size_t size)
{
    char *start = share_arena_raw(self, CPYTHON_GC_HEAD_SIZE + size);
    if (start == NULL) {
        return NULL;
    }
    memset(start, 0, CPYTHON_GC_HEAD_SIZE + size);
    PyObject *made = (PyObject *)(void *)(start + CPYTHON_GC_HEAD_SIZE);
    cpython_init_immortal(made, type);
    return made;
}

PyObject *
share_arena_container(share_arena *self, shared_kind kind, PyTypeObject *type, size_t size)
{
    PyObject *made = share_arena_part(self, type, size);
    self->counts[kind] += made != NULL;
    return made;
}

PyObject *
share_arena_copy(share_arena *self, shared_kind kind, PyObject *source, size_t size)
{
    PyObject *made = share_arena_raw(self, size);
    if (made != NULL) {
        memcpy(made, source, size);
        cpython_init_immortal(made, Py_TYPE(source));
        self->counts[kind]++;
    }
    return made;
}

// ---- keep or drop ----

static void
end(share_arena *self, void (*finish)(heap_span *span))
{
    for (size_t i = 0; i < self->full_count; i++) {
        finish(&self->full[i]);
    }
    if (self->span.start != NULL) {
        finish(&self->span);
    }
    PyMem_RawFree(self->full);
    self->full = NULL;
    self->full_count = self->full_capacity = 0;
}

void
share_arena_keep(share_arena *self)
{
    end(self, heap_keep);
    pool_publish(&self->pool);
    for (int kind = 0; kind < SHARED_KINDS; kind++) {
        atomic_fetch_add_explicit(&totals.counts[kind], self->counts[kind], memory_order_relaxed);
    }
    atomic_fetch_add_explicit(&totals.bytes, self->bytes, memory_order_relaxed);
}

void
share_arena_drop(share_arena *self)
{
    end(self, heap_give_back);
    pool_free(&self->pool);
}

size_t
share_arena_count_shared(shared_kind kind)
{
    return atomic_load_explicit(&totals.counts[kind], memory_order_relaxed);
}

size_t
share_arena_count_bytes(void)
{
    return atomic_load_explicit(&totals.bytes, memory_order_relaxed);
}
