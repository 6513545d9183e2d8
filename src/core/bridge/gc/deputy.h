// deputy: a thread that goes into one interpreter for the collector and does there what it is told.
//
// Purpose. A thread can hold one GIL; to stop several interpreters there must be as many threads.
// And whoever waits for a GIL cannot be called back: so the collector itself never does. A deputy
// that got in too late leaves again without having done anything.
//
// Lifetime. A deputy's thread may outlive deputy_end, while it waits for a GIL.
//
// Threads. All but deputy_is_self are for the collector's thread, which is attached to nothing.
#ifndef ATOLL_BRIDGE_DEPUTY_H
#define ATOLL_BRIDGE_DEPUTY_H

#include <Python.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bridge/python/state.h"

typedef struct deputy deputy;
typedef void (*deputy_job)(core_state *state, void *argument);

typedef enum { DEPUTY_SENT, DEPUTY_NO_MEMORY, DEPUTY_NO_THREAD } deputy_result;

// No deputy is made, and nothing has failed, where the former one still waits.
MUST_CHECK deputy_result deputy_new(deputy **made, interp *host);
void deputy_end(deputy *self);           // outside, or waiting to get in
void deputies_disband(int64_t deadline); // wait for the end of the threads of those that have ended

// Have each go in, do the job and leave. Who does not get in before the deadline does nothing.
void deputies_visit(deputy *const *some, void *const *arguments, size_t count, deputy_job job,
                    int64_t deadline);

// All inside at once, so that all those interpreters stand still. False: not all got in before the
// deadline, and all leave.
bool deputies_meet(deputy *const *some, size_t count, int64_t deadline);
void deputies_do(deputy *const *some, void *const *arguments, size_t count, deputy_job job);
// The last job of this meeting: each leaves when it has done its own.
void deputies_part(deputy *const *some, void *const *arguments, size_t count, deputy_job job);

// Wait until none is inside or on its way in. False: the deadline has passed.
bool deputies_rest(deputy *const *some, size_t count, int64_t deadline);
bool deputy_is_kept_out(deputy *self); // still on its way in, or the interpreter has closed

bool deputy_is_self(void); // is this thread one?
void deputy_fork_child(void);

#endif
