// exit_handlers: what private copies of libraries register for the end of the process.
//
// Purpose. The destructors of C++ statics and functions given to atexit() are registered by
// __cxa_atexit, others by on_exit. Those of copies are noted in their guard, and run when the
// copies end: the latest first, over all copies, as at the end of a process. One may use what
// another library made.
//
// Threads. Any. No lock is held while a handler runs, and it may register more.
#ifndef ATOLL_GROUND_EXIT_HANDLERS_H
#define ATOLL_GROUND_EXIT_HANDLERS_H

#include "ground/modules/unload_guard.h"

extern const interposition exit_handlers_table[]; // the context is the guard
extern const size_t exit_handlers_table_size;

void exit_handlers_run(unload_guard *of);

#endif
