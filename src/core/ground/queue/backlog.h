// backlog: the items of a queue, in the order in which they are to be got.
//
// Purpose. Oldest first, newest first, or smallest key first and among equals the oldest (a pairing
// heap [Fredman et al. 1986]). The links are part of the items, so nothing is ever allocated.
//
// Lifetime. An item belongs to its maker, but to the backlog while it is inside.
//
// Threads. The queue's mutex guards it.
#ifndef ATOLL_GROUND_BACKLOG_H
#define ATOLL_GROUND_BACKLOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum { BACKLOG_OLDEST_FIRST, BACKLOG_NEWEST_FIRST, BACKLOG_SMALLEST_FIRST } backlog_order;

typedef struct queue_item {
    struct queue_item *next;  // behind it; in the heap, its next sibling
    struct queue_item *child; // in the heap, its first child
    uint64_t number;          // of its arrival; set by the queue
    const unsigned char *key; // for BACKLOG_SMALLEST_FIRST; part of the item
    size_t key_size;
} queue_item;

typedef struct {
    backlog_order order;
    queue_item *first, *last; // in the heap, `first` is the root
    int64_t count;
} backlog;

void backlog_insert(backlog *self, queue_item *item);
queue_item *backlog_take(backlog *self); // the next one; NULL: none
void backlog_put_back(backlog *self,
                      queue_item *item); // to its place by number, as if it had never been taken
queue_item *backlog_take_all(backlog *self); // linked by `next`

// Take out this very item, wherever it stands. False: it is not there. It may then have been freed:
// `item` is compared only, not followed.
bool backlog_withdraw(backlog *self, const queue_item *item, uint64_t number);

#endif
