// participants: the interpreters that take part in one collection.
//
// Threads. The collector's. While a deputy's job runs, only the job uses its participant.
#ifndef ATOLL_BRIDGE_PARTICIPANTS_H
#define ATOLL_BRIDGE_PARTICIPANTS_H

#include <Python.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bridge/gc/deputy.h"
#include "bridge/gc/summary.h"
#include "bridge/gc/verification.h"
#include "ground/base/pointer_map.h"

typedef struct {
    interp *host; // counted
    deputy *deputy;
    const pointer_map *places; // of all: interp -> 1 + its place
    const pointer_map *candidates;
    bool *holds;      // [place]: it has Proxies of that participant's objects
    bool is_thorough; // its own garbage goes first
    bool is_in_cycle;
    bool has_summary;
    bool has_callbacks;
    bool has_finalizers;
    bool has_own_cycles; // freed exports left cycles in it: for its own collector
    size_t batch;        // of its summary's graph: the one being verified
    summary summary;
    verification verification;
    int64_t duration; // of its latest job, in ns
    size_t freed;
} participant;

typedef struct {
    participant *items;
    size_t count;
    pointer_map places;
    pointer_map candidates; // exports -> themselves
    bool *holds;            // [count * count]
    // Set by participants_select:
    deputy **deputies;
    void **selected; // participants
    size_t selected_count;
} participants;

// Call participants_close afterwards, whatever the result.
MUST_CHECK deputy_result participants_open(participants *self, bool is_thorough);
void participants_close(participants *self);
// Select those for which `is_meant` is true, except those whose deputy could not enter last time.
void participants_select(participants *self, bool (*is_meant)(const participant *each));

// deputies_visit for all that are selected.
void participants_visit(participants *self, deputy_job job, int64_t deadline);

#endif
