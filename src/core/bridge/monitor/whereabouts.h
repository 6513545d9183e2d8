// whereabouts: where one thread is, what it waits for and since when, as JSON.
//
// Threads. As of figures.
#ifndef ATOLL_BRIDGE_WHEREABOUTS_H
#define ATOLL_BRIDGE_WHEREABOUTS_H

#include "bridge/traceback/snapshot.h"
#include "ground/base/text.h"

void whereabouts_add(text *into, snapshot *seen, const seen_thread *thread, bool has_samples);

#endif
