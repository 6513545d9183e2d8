// janitor: one thread that runs errands where nobody else comes by.
//
// Purpose. Errands are run by the next thread that enters their interpreter. If none does, the
// janitor enters after a moment, so that `del proxy` frees the object even in an idle interpreter.
//
// Lifetime. Started by the first errand, stopped before Python finalises; a forked child starts its
// own.
//
// Threads. janitor_notify: any, with or without a GIL. janitor_stop: attached to none.
#ifndef ATOLL_BRIDGE_JANITOR_H
#define ATOLL_BRIDGE_JANITOR_H

#include <Python.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "ground/base/attributes.h"

void janitor_stop(void); // for good; waits for it, detached
void janitor_rest(void); // the same, but the next errand starts it again
void janitor_fork_child(void);

void janitor_notify(void); // there is an errand somewhere

#endif
