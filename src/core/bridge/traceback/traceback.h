// traceback: where every thread of every interpreter is, as text: through which interpreters it has
// come, its frames in each, and what it waits for.
//
// Threads. Any, with or without a thread state: nothing is waited for but locks that are held for
// some instructions, so that no thread that is stuck can keep a traceback from being made.
#ifndef ATOLL_BRIDGE_TRACEBACK_H
#define ATOLL_BRIDGE_TRACEBACK_H

#include <Python.h>

#include "ground/traceback/reporter.h"
#include "ground/base/text.h"
#include "ground/interpreter/thread.h"

#define TRACEBACK_THREADS 256 // more are only counted

// What a thread is called, where the caller knows.
typedef struct {
    unsigned long ident;
    char name[THREAD_NAME_SIZE];
} traceback_name;

void traceback_add(text *into, unsigned long current, const traceback_name *names, int count);

void traceback_report(int descriptor, const slow_visit *slow, int count); // for the reporter

// Note what Python calls this thread, attached to its home. Without effect where it is known.
void traceback_learn_name(thread *here);

#endif
