// arenas: frees an ended interpreter's arenas, which CPython does not always do.
//
// Purpose. CPython 3.13 does not free the arenas of an ended interpreter with its own allocator,
// 1.5 MB and more; 3.14 frees them only if no object is left, which is rare with extension modules.
// Here they are freed once the interpreter has ended and its extension modules are unloaded. An
// arena allocator of ours notes each arena's interpreter (PyObject_SetArenaAllocator, public).
//
// Lifetime. Installed once per process, before the first interpreter is made.
//
// Threads. Any. One lock, a leaf.
#ifndef ATOLL_BRIDGE_ARENAS_H
#define ATOLL_BRIDGE_ARENAS_H

#include <Python.h>

void arenas_install(void);
void arenas_free_of(int64_t interpreter_id); // after it has ended
// Every arena of an interpreter other than the main one, under the lock.
void arenas_each(void (*visit)(int64_t interpreter_id, size_t bytes, void *argument),
                 void *argument);
void arenas_fork_prepare(void);
void arenas_fork_parent(void);
void arenas_fork_child(void);

#endif
