// caller: builtin functions that look at their caller (eval, exec, globals, dir, sys._getframe...).
//
// Purpose. What the core calls in an interpreter has no caller there that is written in Python.
// Some builtins then fail with a SystemError, or return NULL without an exception; the frame that
// sys._getframe() of 3.15 returns cannot be printed. They get a frame of `__main__`.
//
// Threads. Under the GIL of the function's interpreter. Errors. NULL with an exception.
#ifndef ATOLL_BRIDGE_CALLER_H
#define ATOLL_BRIDGE_CALLER_H

#include "bridge/python/state.h"

// The function itself, or what calls it from a frame of `__main__`. NULL stays NULL.
PyObject *caller_provide(core_state *host, PyObject *function_steal);

#endif
