#include "ground/share/heap.h"

#include <pthread.h>
#include <string.h>
#include <sys/mman.h>

#include "ground/base/page.h"
#include "ground/system/pages.h"

#define KIBIBYTE ((size_t)1024)
#define GIBIBYTE (KIBIBYTE * KIBIBYTE * KIBIBYTE)

#define RANGE_LARGEST  (1024 * GIBIBYTE)
#define RANGE_SMALLEST GIBIBYTE
#define SPAN_SIZE      (64 * KIBIBYTE) // new spans have at least this size
#define REST_SMALLEST  (1 * KIBIBYTE)  // smaller rests are dropped

// Above every address that a process can have.
#define NOWHERE ((uintptr_t)1 << 63)

heap_range heap_addresses = {.start = NOWHERE};

// Written at the start of a free span.
typedef struct rest {
    struct rest *next;
    size_t size;
} rest;

static struct {
    pthread_mutex_t mutex; // guards all of it
    unsigned char *next;   // from here on not committed
    unsigned char *limit;
    rest *rests;
    bool is_sealed;
} heap = {.mutex = PTHREAD_MUTEX_INITIALIZER};

static size_t
round_up(size_t size, size_t unit)
{
    return (size + unit - 1) & ~(unit - 1);
}

static bool
reserve_locked(void)
{
    void *start = NULL;
    size_t size = RANGE_LARGEST;
    for (; start == NULL && size >= RANGE_SMALLEST; size /= 2) {
        start = pages_reserve(size);
        if (start != NULL) {
            heap.next = start;
            heap.limit = heap.next + size;
            atomic_store(&heap_addresses.start, (uintptr_t)start);
            atomic_store(&heap_addresses.size, size);
            break;
        }
    }
    return start != NULL;
}

static bool
take_rest_locked(heap_span *span, size_t size)
{
    rest **link = &heap.rests;
    while (*link != NULL && (*link)->size < size) {
        link = &(*link)->next;
    }
    rest *found = *link;
    if (found == NULL) {
        return false;
    }
    *link = found->next;
    unsigned char *start = (unsigned char *)found;
    *span = (heap_span){start, start, start + found->size};
    return true;
}

static bool
take_new_locked(heap_span *span, size_t size)
{
    if (heap.next == NULL && !reserve_locked()) {
        return false;
    }
    size = round_up(size < SPAN_SIZE ? SPAN_SIZE : size, SPAN_SIZE);
    if (size > (size_t)(heap.limit - heap.next) ||
        mprotect(heap.next, size, PROT_READ | PROT_WRITE) != 0) {
        return false;
    }
    if (size > SPAN_SIZE) {
        pages_will_be_written(heap.next, size);
    }
    *span = (heap_span){heap.next, heap.next, heap.next + size};
    heap.next += size;
    return true;
}

bool
heap_take(heap_span *span, size_t size)
{
    if (size > RANGE_LARGEST) {
        return false;
    }
    pthread_mutex_lock(&heap.mutex);
    bool is_taken = take_rest_locked(span, size) || take_new_locked(span, size);
    pthread_mutex_unlock(&heap.mutex);
    return is_taken;
}

static void
add_rest_locked(unsigned char *start, unsigned char *limit)
{
    if (start < limit && (size_t)(limit - start) >= REST_SMALLEST) {
        rest *made = (rest *)(void *)start;
        *made = (rest){heap.rests, (size_t)(limit - start)};
        heap.rests = made;
    }
}

// A page that was used in part is sealed whole.
void
heap_keep(heap_span *span)
{
    pthread_mutex_lock(&heap.mutex);
    unsigned char *from = span->next;
    if (heap.is_sealed) {
        size_t page = page_size();
        unsigned char *first = (unsigned char *)((uintptr_t)span->start & ~(page - 1));
        from = (unsigned char *)round_up((uintptr_t)span->next, page);
        from = from > span->limit ? span->limit : from;
        (void)mprotect(first, (size_t)(from - first), PROT_READ);
    }
    add_rest_locked(from, span->limit);
    pthread_mutex_unlock(&heap.mutex);
    *span = (heap_span){0};
}

void
heap_give_back(heap_span *span)
{
    pthread_mutex_lock(&heap.mutex);
    add_rest_locked(span->start, span->limit);
    pthread_mutex_unlock(&heap.mutex);
    *span = (heap_span){0};
}

bool
heap_seal(void)
{
    pthread_mutex_lock(&heap.mutex);
    bool is_possible = heap.next != NULL || reserve_locked();
    if (is_possible) {
        // Spans that others are filling now stay writable until they are kept.
        heap.rests = NULL;
        heap.is_sealed = true;
    }
    pthread_mutex_unlock(&heap.mutex);
    return is_possible;
}

void
heap_fork_prepare(void)
{
    pthread_mutex_lock(&heap.mutex);
}

void
heap_fork_parent(void)
{
    pthread_mutex_unlock(&heap.mutex);
}

void
heap_fork_child(void)
{
    pthread_mutex_init(&heap.mutex, NULL);
}
