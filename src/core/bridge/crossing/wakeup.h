// wakeup: interrupts a thread inside another interpreter when its deadline has passed or a signal
// has come.
//
// Purpose. The alarm posts a pending call to the interpreter that the thread is in (wakeup_start).
// The thread that runs there calls wakeup_look_up between two bytecodes. If it is the woken thread,
// it raises the exception. If not, it lets the woken thread in if that waits to enter, or has the
// call posted again.
//
// A woken thread that waits to enter is let in between two bytecodes, only to turn back; all others
// stay out meanwhile, so user code sees no switch. A thread that returns from a C call takes the
// GIL without asking: while one is in such a call, nobody is let in. Not interrupted are: the
// set-up of a thread, imports of atoll and of the standard library, finders, importlib's
// bookkeeping, finalizers that atoll runs.
//
// Threads. wakeup_look_up: CPython's pending call, under the interpreter's GIL.
// wakeup_answer_at_home, wakeup_check_signals and wakeup_answer_here: attached to state->interp.
//
// Errors. -1 with an exception: a signal handler's, or that of a deadline.
#ifndef ATOLL_BRIDGE_WAKEUP_H
#define ATOLL_BRIDGE_WAKEUP_H

#include "bridge/python/state.h"
#include "ground/interpreter/alarm.h"

bool wakeup_start(void); // starts the alarm; false: it could not be started
void wakeup_fork_child(void);
int wakeup_look_up(void *host);
int wakeup_answer_at_home(core_state *home, interp *host); // call after turning back from `host`
bool wakeup_is_importing(void); // is this thread importing a module in the attached interpreter?
int wakeup_check_signals(core_state *here); // run Python's signal handlers, from any interpreter
int wakeup_answer_here(core_state *here);   // C code asks in the midst of what it does

// Of a thread that waits for something beside a GIL, where nobody can tell it anything: how long it
// may until it is to look up for an atoll.timeout(), at most until `deadline`; and that look, also
// for signals. -1: an exception; `what` says in it what was waited for: "to wait for...".
int64_t wakeup_wait_limit(int64_t deadline);
int wakeup_check_wait(core_state *here, const char *what);

#endif
