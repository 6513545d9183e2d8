// collection: one search for garbage cycles that span interpreters, from beginning to end.
//
// Purpose. Which interpreters hold Proxies of which others is looked at first: without a cycle in
// that, there is nothing to do. Then each of those in a cycle is summarised, one after another, the
// summaries are put together, and what seems to be garbage is verified with only its interpreters
// stopped, for much less than a millisecond. Finalizers run in between two stops, while all is as
// it was; what they have brought back to life is let go.
//
// An interpreter that cannot be entered in time (a long call in C) is left out: then what it holds
// lives. One that closes is no longer there.
//
// Threads. The collector's, attached to nothing.
//
// Errors. Where not all deputies can be sent, for want of memory or threads, nothing is done.
#ifndef ATOLL_BRIDGE_COLLECTION_H
#define ATOLL_BRIDGE_COLLECTION_H

#include <Python.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bridge/gc/deputy.h"
#include "bridge/python/state.h"

typedef struct {
    bool is_thorough; // each interpreter's own garbage goes first, and until nothing more is found
    int64_t patience; // how long one interpreter is waited for, in ns
    const atomic_bool *must_stop;
} collection_request;

typedef struct {
    deputy_result result;
    size_t freed;     // exports
    int64_t busy;     // ns in which one or several interpreters were held
    int64_t overhead; // ns of that which went into what is not garbage
    int64_t longest;  // ns for which one was held by its summary
    int64_t stopped;  // ns of the longest stop of several
    size_t abandoned; // stops that did not come about in time
} collection_report;

collection_report collection_run(const collection_request *request);

#endif
