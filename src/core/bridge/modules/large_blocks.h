// large_blocks: frees what an ended interpreter has left of Python's memory outside its arenas.
//
// Purpose. Modules in C keep objects in static variables to the end of the process. When an
// interpreter has ended, what its private copies have kept is nobody's, and goes with its arenas.
// But what is larger than 512 bytes (classes, code, tables of dicts, long texts) CPython takes from
// malloc, which does not know whose it is: several MB for large packages. So allocators of ours
// (PyMem_SetAllocator, public) note the interpreter of each such block: only in the domains "mem"
// and "object", whose memory belongs to one interpreter by CPython's own rule, as its small blocks
// lie in the arenas of whoever allocates them. Raw memory may be the process's.
//
// Cost. Programs that only compute pay nothing: blocks are noted while packages are imported, which
// is when they make what they keep. Large blocks are freed by way of "raw", whose functions stay
// replaced: they look at one byte, and have a lock only for what may be noted.
//
// Lifetime. From the first window on. If others replace the allocators, frees may be missed:
// large_blocks_verify sees that, and from then on nothing is freed here.
//
// Threads. Any. The notes are in many parts, each with a lock, a leaf.
#ifndef ATOLL_BRIDGE_LARGE_BLOCKS_H
#define ATOLL_BRIDGE_LARGE_BLOCKS_H

#include <Python.h>

// A window: in all interpreters but main large blocks are noted. Each is shut once; they may
// overlap.
void large_blocks_open(void);
void large_blocks_shut(void);

// Attached to an interpreter that is about to end.
void large_blocks_verify(void);

void large_blocks_free_of(int64_t interpreter_id); // after it has ended, with its copies unloaded

void large_blocks_fork_prepare(void);
void large_blocks_fork_parent(void);
void large_blocks_fork_child(void);

#endif
