// turns: for a time the threads of an interpreter take turns, as those of plain Python do.
//
// Purpose. Its switch interval is longer than any run (bridge/crossing/crossing.h), so a thread
// that computes lets nobody in. A thread that gives way in a pending call must get in again beside
// such a thread; while an interpreter closes, so must whoever closes it, and those that run exit
// handlers. From turns_begin to turns_end the switch interval is Python's usual one, or the
// interpreter's own if that is shorter. A waiter reads it as it begins to wait: begin before the
// GIL can be released.
//
// Threads. Under the interpreter's GIL, which they keep. Each begin needs one end; they nest.
#ifndef ATOLL_BRIDGE_TURNS_H
#define ATOLL_BRIDGE_TURNS_H

#include <Python.h>
#include <stdbool.h>

#include "ground/interpreter/interp.h"

void turns_begin(interp *here);
void turns_end(interp *here);

// From outside: have whoever runs there next end it. The caller keeps it open. False: no memory.
bool turns_end_soon(interp *there);

// No thread waits long enough to ask the running one for the GIL. 0 or -1.
int turns_forbid(void);

#endif
