// freed: what malloc keeps of the memory that has been freed.
//
// Purpose. glibc maps large blocks one by one, and unmaps them, until a program has freed one; then
// it keeps blocks up to that size, and returns what is free in steps of twice that size
// (M_MMAP_THRESHOLD in mallopt(3)). Arrays that are a little larger than all before are mapped,
// touched and unmapped again and again. In one process that costs more than in several: the threads
// share the map of the memory, and each unmapping interrupts all their processors. So the limit is
// raised to where it ends, 32 MiB, as any program that has freed one large array has it. Settings
// of the user (MALLOC_MMAP_THRESHOLD_, MALLOC_TRIM_THRESHOLD_, GLIBC_TUNABLES, mallopt) hold as
// they are.
//
// Threads. Any.
#ifndef ATOLL_GROUND_FREED_H
#define ATOLL_GROUND_FREED_H

void freed_keep(void); // acts once in a process

#endif
