// spans: what a trace tells of a thread's crossings, and of tasks.
//
// Purpose. Makes events of what only Python's objects tell: names of types and functions. They are
// noted when a thread has arrived: in the host the span begins, at home it ends.
//
// Threads. The one that crosses, attached to the interpreter that it is in. Runs no Python.
//
// Errors. What cannot be noted is counted, or left out.
#ifndef ATOLL_BRIDGE_SPANS_H
#define ATOLL_BRIDGE_SPANS_H

#include <Python.h>

#include "bridge/python/state.h"
#include "ground/interpreter/thread.h"
#include "ground/trace/trace.h"

typedef struct {
    trace_kind kind;
    const char *label; // of TRACE_ENTER
    PyObject *object;  // of the host, or NULL
    name_ref name;
} span_subject;

// The running thread's lane, or NULL.
static inline trace_lane *
spans_lane_of(thread *self)
{
    return trace_is_on() ? trace_lane_of(&self->lane) : NULL;
}

static inline trace_lane *
spans_lane(void)
{
    thread *self = trace_is_on() ? thread_get() : NULL;
    return self == NULL ? NULL : spans_lane_of(self);
}

// `self` is the running thread.
void spans_begin(thread *self, interp *host, const span_subject *subject);
void spans_end(thread *self, const interp *home);
void spans_waited(const interp *host, int64_t since); // for its GIL
void spans_begin_visit(void);                         // without a home
void spans_end_visit(const interp *host);
void spans_add_function(trace_event *event, PyObject *function); // its name

void spans_note_exceeded(const interp *where, int64_t elapsed); // a deadline's exception is raised

// A span that was begun at trace_clock() == since, and ends now. Does nothing if that is 0.
void spans_add(trace_event *event, int64_t since);
// Likewise, of what is done to an interpreter.
void spans_add_deed(trace_kind kind, int64_t id, const char *name, bool has_failed, int64_t since);

#endif
