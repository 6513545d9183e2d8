// summons: a thread inside another interpreter is told that its deadline has passed or that a
// signal has come, and looks up from what it does there.
//
// Purpose. The alarm posts a pending call wherever the thread is (summons_start). Whichever thread
// runs there calls summons_look_up between two bytecodes: the one that is meant raises the
// exception; another one lets it in if it waits at the door, or has the call posted again.
//
// Threads. summons_look_up: CPython's pending call, under the interpreter's GIL.
// summons_answer_at_home and summons_check_signals: attached to state->interp.
//
// Errors. -1 with an exception: what a signal handler raised, or that the deadline has passed.
#ifndef ATOLL_BRIDGE_SUMMONS_H
#define ATOLL_BRIDGE_SUMMONS_H

#include "bridge/python/state.h"
#include "ground/interpreter/alarm.h"

bool summons_start(void); // the alarm; false: no thread to be had
void summons_fork_child(void);
int summons_look_up(void *host);
int summons_answer_at_home(core_state *home, interp *host); // a visitor has turned back from `host`
int summons_check_signals(core_state *here); // run Python's signal handlers, wherever this is

#endif
