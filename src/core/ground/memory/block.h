// block: memory that belongs to no interpreter: from malloc, a mapping, a mapped file, or
// from others.
//
// Purpose. A Buffer is a view of a block. Large blocks are mappings, which the system fills with
// zeros when they are first touched and takes back at once.
//
// Lifetime. Counted: freed with its last view, by the thread that drops it.
//
// Threads. Any, with or without a GIL. Reads and writes of the memory are not synchronised here.
#ifndef ATOLL_GROUND_BLOCK_H
#define ATOLL_GROUND_BLOCK_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BLOCK_ALIGNMENT 64

typedef struct {
    atomic_intptr_t count;
    char *data;    // aligned to BLOCK_ALIGNMENT, a file's to a page, others' not; never NULL
    size_t size;   // of the data
    void *mapping; // what munmap gives back to the system, or NULL
    size_t mapped; // its size
    void (*release)(void *context); // of memory of others: called as it is freed; or NULL
    void *context;
} block;

block *block_new(size_t size, bool is_zeroed); // NULL: out of memory
// The whole file, shared with others that have it open. NULL: errno says why.
block *block_map_file(int descriptor, size_t size, bool is_writable);
// Memory of others. Once it is freed `release` is called, if there is one. NULL: out of memory.
block *block_wrap(void *data, size_t size, void (*release)(void *context), void *context);
void block_disown(block *self); // release nothing: it could not be used
void block_incref(block *self);
void block_decref(block *self);

typedef struct {
    int64_t blocks, bytes;
} block_totals;

block_totals block_count(void); // those that exist in the process

#endif
