// traceback: where every thread of every interpreter is, as text: the interpreters that it has
// entered, its frames in each, and what it waits for.
//
// Threads. Any, with or without a thread state. It waits only for locks that are held for some
// instructions, so no stuck thread can keep a traceback from being made.
#ifndef ATOLL_BRIDGE_TRACEBACK_H
#define ATOLL_BRIDGE_TRACEBACK_H

#include <Python.h>

#include "bridge/traceback/snapshot.h"
#include "ground/traceback/reporter.h"
#include "ground/base/text.h"
#include "ground/interpreter/thread.h"

void traceback_add(text *into, unsigned long current, const thread_name *names, int count);

void traceback_report(int descriptor, const slow_visit *slow, int count); // for the reporter

// Note this thread's name in threading, if none is known yet. Attached to its home.
void traceback_learn_name(thread *here);
void traceback_learn_own_name(void); // before it waits, perhaps before its first crossing

#endif
