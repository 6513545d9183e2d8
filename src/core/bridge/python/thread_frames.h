// thread_frames: sys._current_frames() and sys._current_exceptions() of CPython 3.13.
//
// Purpose. 3.13.0 goes through the threads of all interpreters: it makes frame objects for other
// interpreters' frames, and counts references to their exceptions, while these run. What replaces
// it looks at this interpreter's threads only, as CPython does from 3.14 on.
//
// Lifetime. For good, in all interpreters: CPython has one table of sys's functions.
//
// Threads. Attached to the main interpreter.
#ifndef ATOLL_BRIDGE_THREAD_FRAMES_H
#define ATOLL_BRIDGE_THREAD_FRAMES_H

#include <Python.h>

#if PY_VERSION_HEX < 0x030E0000
void thread_frames_install(void);
#else
static inline void
thread_frames_install(void)
{
}
#endif

#endif
