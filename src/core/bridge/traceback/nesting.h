// nesting: whether a thread's visits lie one above the other on its stack.
//
// Purpose. Greenlets change the stack, and the frames of one interpreter's thread state with it. If
// a thread is inside an interpreter below one greenlet, and enters it below another, the two could
// end in any order, but their frames there lie one above the other. So the second is refused.
//
// Threads. Attached at home.
#ifndef ATOLL_BRIDGE_NESTING_H
#define ATOLL_BRIDGE_NESTING_H

#include <Python.h>
#include <stdbool.h>

#include "ground/interpreter/thread.h"

// Does what runs at home lie above the frame from which this thread left home latest, or has it not
// left?
bool nesting_holds(thread *self, const interp *home, const PyThreadState *state);

#endif
