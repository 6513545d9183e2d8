// collection: one search for garbage cycles that span interpreters, from beginning to end.
//
// Purpose. First it finds out which interpreters hold Proxies of which others: without a cycle of
// them there is nothing to do. Then each interpreter in a cycle is summarised, one after another,
// the summaries are put together, and what seems to be garbage is verified with only its
// interpreters stopped, for much less than a millisecond. Finalizers run between two stops, while
// nothing has been taken apart; objects that they bring back to life are kept.
//
// An interpreter that cannot be entered in time (a long call in C) is left out: then what it holds
// lives. One that closes drops out.
//
// Threads. The collector's, detached.
//
// Errors. If a deputy cannot be made, for want of memory or threads, nothing is done.
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
    bool is_thorough; // free each interpreter's own garbage first, and repeat until nothing more is
                      // found
    int64_t patience; // how long to wait for one interpreter, in ns
    const atomic_bool *must_stop;
} collection_request;

typedef struct {
    deputy_result result;
    size_t freed;     // exports
    int64_t busy;     // ns for which one or several interpreters were stopped
    int64_t overhead; // ns of `busy` spent on what is not garbage
    int64_t longest;  // ns of the longest summary
    int64_t stopped;  // ns of the longest stop of several
    size_t abandoned; // stops that failed for want of time
} collection_report;

collection_report collection_run(const collection_request *request);

#endif
