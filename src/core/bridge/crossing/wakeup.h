// wakeup: a thread inside another interpreter is told that its deadline has passed or that a
// signal has come, and looks up from what it does there.
//
// Purpose. The alarm posts a pending call wherever the thread is (wakeup_start). Whichever thread
// runs there calls wakeup_look_up between two bytecodes: the one that is meant raises the
// exception; another one lets it in if it waits at the door, or has the call posted again.
//
// In Python code the call raises. A thread that waits at the door is let in by the running thread,
// between two bytecodes, only to turn back; all others stand back meanwhile, so that nobody
// notices. A thread that returns from a C call which had let the GIL go takes the GIL unasked:
// where one is in such a call, nobody is let in. Not broken off are: the set-up of a thread,
// imports of atoll and of the standard library, finders, importlib's bookkeeping, finalizers that
// atoll runs.
//
// Threads. wakeup_look_up: CPython's pending call, under the interpreter's GIL.
// wakeup_answer_at_home and wakeup_check_signals: attached to state->interp.
//
// Errors. -1 with an exception: what a signal handler raised, or that the deadline has passed.
#ifndef ATOLL_BRIDGE_WAKEUP_H
#define ATOLL_BRIDGE_WAKEUP_H

#include "bridge/python/state.h"
#include "ground/interpreter/alarm.h"

bool wakeup_start(void); // the alarm; false: no thread to be had
void wakeup_fork_child(void);
int wakeup_look_up(void *host);
int wakeup_answer_at_home(core_state *home, interp *host); // a visitor has turned back from `host`
int wakeup_check_signals(core_state *here); // run Python's signal handlers, wherever this is

// Of a thread that waits for something beside a GIL, where nobody can tell it anything: how long it
// may until it is to look up for an atoll.timeout(), at most until `deadline`; and that look, also
// for signals. -1: an exception; `what` says in it what was waited for: "to wait for...".
int64_t wakeup_wait_limit(int64_t deadline);
int wakeup_check_wait(core_state *here, const char *what);

#endif
