// arenas: giving an ended interpreter's memory back, which CPython does not always do.
//
// Purpose. In 3.13 every interpreter with its own allocator leaves its arenas behind when it ends,
// 1.5 MB and more; 3.14 frees them if not one object is left, which extension modules seldom
// manage. Here they are freed once the interpreter has ended, and the modules have gone.
// An arena allocator of ours notes whose each arena is (PyObject_SetArenaAllocator, public).
//
// Lifetime. Installed once per process, before the first interpreter is made.
//
// Threads. Any. One lock, a leaf.
#ifndef ATOLL_BRIDGE_ARENAS_H
#define ATOLL_BRIDGE_ARENAS_H

#include <Python.h>

void arenas_install(void);
void arenas_free_of(int64_t interpreter_id); // it has ended
void arenas_fork_prepare(void);
void arenas_fork_parent(void);
void arenas_fork_child(void);

#endif
