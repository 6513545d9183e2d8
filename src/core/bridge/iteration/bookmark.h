// bookmark: how far the holders of an iterator are, if that is further than the iterator itself.
//
// Purpose. Several items of an iterator can go to a holder in one crossing (bridge/crossing/ahead):
// a `batch`. The iterator is advanced later, when somebody is about to use it, by as many of them
// as were taken.
//
// Lifetime. That of the iterator's export.
//
// Threads. Under the owner's GIL, but for bookmark_claim: any thread that has a batch. The two
// agree by the claim: a settled bookmark gives no more items of a batch.
#ifndef ATOLL_BRIDGE_BOOKMARK_H
#define ATOLL_BRIDGE_BOOKMARK_H

#include <Python.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "bridge/transfer/export.h"

#define BATCH_MAX 240 // at most 255: see claim

struct bookmark {
    _Atomic(uint64_t) claim;         // 256 * number of the batch + how many of its items were taken
    uint64_t latest;                 // number of a batch
    Py_ssize_t positions[BATCH_MAX]; // of the iterator after each item
};

struct bookmark *bookmark_of(exported *target); // settled, if it is new; NULL: no memory
uint64_t bookmark_open(struct bookmark *self);  // for a new batch: the first claim to it
void bookmark_settle_slow(exported *target);

// Before anything is done with an exported object: now it is where its holders are.
static inline void
bookmark_settle(exported *target)
{
    if (UNLIKELY(target->bookmark != NULL)) {
        bookmark_settle_slow(target);
    }
}

// Take the next item of a batch. False: somebody has used the iterator since.
static inline bool
bookmark_claim(struct bookmark *self, uint64_t *claim)
{
    uint64_t expected = *claim;
    return atomic_compare_exchange_strong(&self->claim, &expected, ++*claim);
}

#endif
