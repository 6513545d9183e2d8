// block: memory that belongs to no interpreter: of the heap, of the system, or of a mapped file.
//
// Purpose. What a Buffer is a view of. Large ones are mappings, which the system fills with zeros
// when they are first touched and takes back at once.
//
// Lifetime. Counted: freed with its last view, by whichever thread lets go of that.
//
// Threads. Any, with or without a GIL. Who writes into the memory when is not looked after here.
#ifndef ATOLL_GROUND_BLOCK_H
#define ATOLL_GROUND_BLOCK_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BLOCK_ALIGNMENT 64

typedef struct {
    atomic_intptr_t count;
    char *data;    // aligned, of a file to a page; never NULL
    size_t size;   // of the data
    void *mapping; // what is given back to the system, or NULL
    size_t mapped; // its size
} block;

block *block_new(size_t size, bool is_zeroed); // NULL: out of memory
// All of a file, shared with whoever else has it open. NULL: errno.
block *block_map_file(int descriptor, size_t size, bool is_writable);
void block_incref(block *self);
void block_decref(block *self);

typedef struct {
    int64_t blocks, bytes;
} block_totals;

block_totals block_count(void); // those that exist in the process

#endif
