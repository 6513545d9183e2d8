// arenas: giving an ended interpreter's memory back, which CPython 3.13 does not.
//
// Purpose. In 3.13 every interpreter with its own allocator leaves its arenas behind when it ends,
// 1.5 MB and more; 3.14 frees them. Here, as there, they are freed once the interpreter has ended.
// An arena allocator of ours notes whose each arena is (PyObject_SetArenaAllocator, public).
//
// Lifetime. Installed once per process, before the first interpreter is made. Nothing on 3.14.
//
// Threads. Any. One lock, a leaf.
#ifndef ATOLL_BRIDGE_ARENAS_H
#define ATOLL_BRIDGE_ARENAS_H

#include <Python.h>

#if PY_VERSION_HEX < 0x030E0000
void arenas_install(void);
void arenas_free_of(int64_t interpreter_id); // it has ended
void arenas_fork_prepare(void);
void arenas_fork_parent(void);
void arenas_fork_child(void);
#else
static inline void
arenas_install(void)
{
}

static inline void
arenas_free_of(int64_t interpreter_id)
{
}

static inline void
arenas_fork_prepare(void)
{
}

static inline void
arenas_fork_parent(void)
{
}

static inline void
arenas_fork_child(void)
{
}
#endif

#endif
