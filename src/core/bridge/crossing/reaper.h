// reaper: one thread that runs deferred jobs in interpreters that no other thread enters.
//
// Purpose. Deferred jobs are run by the next thread that enters their interpreter. If none does,
// the reaper enters after a moment, so that `del proxy` frees the object even in an idle
// interpreter.
//
// Lifetime. Started by the first deferred job, stopped before Python finalises; a forked child
// starts its own.
//
// Threads. reaper_notify: any, with or without a GIL. reaper_stop and reaper_rest: detached.
#ifndef ATOLL_BRIDGE_REAPER_H
#define ATOLL_BRIDGE_REAPER_H

#include <Python.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "ground/base/attributes.h"

void reaper_stop(void); // for good; waits until the thread has ended
void reaper_rest(void); // the same, but the next deferred job starts it again
void reaper_fork_child(void);

void reaper_notify(void); // there is a deferred job somewhere

#endif
