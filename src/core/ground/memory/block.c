#include "ground/memory/block.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "ground/system/pages.h"

#define LARGE      ((size_t)256 << 10) // from this size on a block is a mapping of its own
#define VERY_LARGE ((size_t)4 << 20)   // from this size on in huge pages, where the system has them

// The block's record precedes its data, so data does not start at a page boundary. Neither do large
// arrays of malloc, and glibc's memcpy is 1.5 times as fast between addresses that are alike in
// that.
#define HEADER BLOCK_ALIGNMENT
static_assert(sizeof(block) <= HEADER, "the data follows the block");

static atomic_int_least64_t blocks, bytes; // statistics: they order nothing

static void
count(int sign, size_t size)
{
    atomic_fetch_add_explicit(&blocks, sign, memory_order_relaxed);
    atomic_fetch_add_explicit(&bytes, sign * (int64_t)size, memory_order_relaxed);
}

static block *
allocate(size_t size, bool is_zeroed)
{
    void *place = NULL;
    if (posix_memalign(&place, BLOCK_ALIGNMENT, HEADER + size) != 0) {
        return NULL;
    }
    if (is_zeroed) {
        memset((char *)place + HEADER, 0, size);
    }
    block *self = place;
    *self = (block){.data = (char *)place + HEADER, .size = size};
    return self;
}

// The system fills a new mapping with zeros.
static block *
map(size_t size)
{
    size_t mapped = HEADER + size;
    void *place = mmap(NULL, mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (place == MAP_FAILED) {
        return NULL;
    }
    if (size >= VERY_LARGE) {
        pages_are_very_large(place, mapped);
    }
    block *self = place;
    *self =
        (block){.data = (char *)place + HEADER, .size = size, .mapping = place, .mapped = mapped};
    return self;
}

block *
block_new(size_t size, bool is_zeroed)
{
    block *self = size >= LARGE ? map(size) : allocate(size, is_zeroed);
    if (self != NULL) {
        atomic_init(&self->count, 1);
        count(1, size);
    }
    return self;
}

block *
block_map_file(int descriptor, size_t size, bool is_writable)
{
    block *self = malloc(sizeof *self);
    if (self == NULL) {
        return NULL;
    }
    int protection = PROT_READ | (is_writable ? PROT_WRITE : 0);
    void *place = mmap(NULL, size, protection, MAP_SHARED, descriptor, 0);
    if (place == MAP_FAILED) {
        free(self);
        return NULL;
    }
    *self = (block){.data = place, .size = size, .mapping = place, .mapped = size};
    atomic_init(&self->count, 1);
    count(1, size);
    return self;
}

block *
block_wrap(void *data, size_t size, void (*release)(void *context), void *context)
{
    block *self = malloc(sizeof *self);
    if (self != NULL) {
        *self = (block){.data = data, .size = size, .release = release, .context = context};
        atomic_init(&self->count, 1);
        count(1, size);
    }
    return self;
}

void
block_disown(block *self)
{
    self->release = NULL;
}

void
block_incref(block *self)
{
    atomic_fetch_add_explicit(&self->count, 1, memory_order_relaxed);
}

void
block_decref(block *self)
{
    // Release: this thread's writes are done. Acquire: so are all others' before the memory is
    // freed.
    if (atomic_fetch_sub_explicit(&self->count, 1, memory_order_acq_rel) > 1) {
        return;
    }
    count(-1, self->size);
    void *mapping = self->mapping;
    size_t mapped = self->mapped;
    void (*release)(void *context) = self->release;
    void *context = self->context;
    if (mapping != (void *)self) {
        free(self);
    }
    if (mapping != NULL) {
        munmap(mapping, mapped);
    }
    if (release != NULL) {
        release(context);
    }
}

block_totals
block_count(void)
{
    return (block_totals){atomic_load_explicit(&blocks, memory_order_relaxed),
                          atomic_load_explicit(&bytes, memory_order_relaxed)};
}
