// agreement: which suspects of several interpreters hold only each other, and their end.
//
// Purpose. The summaries are put together, and the candidates are verified while all of
// their interpreters stand still: not all at once, but in batches that have nothing to do with each
// other, since it takes time. Whoever keeps the others waiting for more than some milliseconds lets
// them go on; after a few attempts it is left out, and the others' summaries are put together
// without it.
//
// Threads. The collector's, attached to nothing.
#ifndef ATOLL_BRIDGE_AGREEMENT_H
#define ATOLL_BRIDGE_AGREEMENT_H

#include "bridge/gc/collection.h"
#include "bridge/gc/participants.h"

// Returns how many exports were freed.
size_t agreement_reach(participants *those, const collection_request *request,
                       collection_report *report);

#endif
