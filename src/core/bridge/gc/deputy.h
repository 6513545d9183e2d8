// deputy: a thread that enters one interpreter for the collector and runs jobs there.
//
// Purpose. A thread can hold one GIL, so stopping several interpreters takes as many threads. And a
// thread that waits for a GIL cannot be called back, so the collector itself never waits for one. A
// deputy that enters too late leaves again without having done anything.
//
// Lifetime. A deputy's thread may outlive deputy_end, while it waits for a GIL.
//
// Threads. All but deputy_is_self are for the collector's thread, which is detached.
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

// If the interpreter's previous deputy still waits to enter, no deputy is made: DEPUTY_SENT with
// NULL.
MUST_CHECK deputy_result deputy_new(deputy **made, interp *host);
void deputy_end(deputy *self);           // when it is outside, or waits to enter
void deputies_disband(int64_t deadline); // after deputy_end: wait until their threads have ended

// Have each enter, do the job and leave. One that does not enter before the deadline does nothing.
void deputies_visit(deputy *const *some, void *const *arguments, size_t count, deputy_job job,
                    int64_t deadline);

// Have all inside at once, so that all their interpreters are stopped. False: not all entered
// before the deadline; all leave.
bool deputies_meet(deputy *const *some, size_t count, int64_t deadline);
void deputies_do(deputy *const *some, void *const *arguments, size_t count, deputy_job job);
// The last job of a meeting: each leaves after its job.
void deputies_part(deputy *const *some, void *const *arguments, size_t count, deputy_job job);

// Wait until none is inside or entering. False: the deadline has passed.
bool deputies_rest(deputy *const *some, size_t count, int64_t deadline);
bool deputy_is_kept_out(deputy *self); // it still waits to enter, or the interpreter has closed

bool deputy_is_self(void); // is this a deputy's thread?
void deputy_fork_child(void);

#endif
