// agreement: finds and frees suspects of several interpreters that hold only each other.
//
// Purpose. The summaries are put together, and the candidates are verified while all of their
// interpreters are stopped. That takes time, so it is done in batches without references between
// them. If an interpreter does not stop within some milliseconds, the others go on; after a few
// attempts it is left out, and the summaries are put together without it.
//
// Threads. The collector's, detached.
#ifndef ATOLL_BRIDGE_AGREEMENT_H
#define ATOLL_BRIDGE_AGREEMENT_H

#include "bridge/gc/collection.h"
#include "bridge/gc/participants.h"

// Returns how many exports were freed.
size_t agreement_reach(participants *those, const collection_request *request,
                       collection_report *report);

#endif
