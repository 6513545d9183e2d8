// backlog: each order is kept, whatever is put back or withdrawn in between.
#include <string.h>

#include "check.h"
#include "ground/queue/backlog.h"

#define ITEMS 300
#define TAKEN 5

static queue_item items[ITEMS];
static unsigned char keys[ITEMS][2];
static bool is_in[ITEMS], is_taken[ITEMS];
static int taken[TAKEN];
static uint64_t arrivals;

static void
insert(backlog *self, int i, uint32_t *random)
{
    items[i] = (queue_item){.number = ++arrivals, .key = keys[i], .key_size = 1 + i % 2};
    keys[i][0] = (unsigned char)(next_random(random) % 8);
    keys[i][1] = (unsigned char)(next_random(random) % 3);
    is_in[i] = true;
    backlog_insert(self, &items[i]);
}

static bool
is_before(backlog_order order, const queue_item *one, const queue_item *other)
{
    if (order != BACKLOG_SMALLEST_FIRST) {
        return order == BACKLOG_OLDEST_FIRST ? one->number < other->number
                                             : one->number > other->number;
    }
    int difference = one->key[0] - other->key[0];
    if (difference == 0 && one->key_size == 2 && other->key_size == 2) {
        difference = one->key[1] - other->key[1];
    }
    else if (difference == 0) {
        difference = (int)one->key_size - (int)other->key_size;
    }
    return difference != 0 ? difference < 0 : one->number < other->number;
}

static queue_item *
expected_first(backlog_order order)
{
    queue_item *best = NULL;
    for (int i = 0; i < ITEMS; i++) {
        if (is_in[i] && (best == NULL || is_before(order, &items[i], best))) {
            best = &items[i];
        }
    }
    return best;
}

static int64_t
count_in(void)
{
    int64_t count = 0;
    for (int i = 0; i < ITEMS; i++) {
        count += is_in[i];
    }
    return count;
}

// Take one, if it comes to that instead of one that is put back.
static void
take_or_put_back(backlog *self, backlog_order order, uint32_t *random)
{
    int *slot = &taken[next_random(random) % TAKEN];
    if (*slot < 0) {
        queue_item *first = backlog_take(self);
        CHECK(first == expected_first(order));
        *slot = first == NULL ? -1 : (int)(first - items);
    }
    else {
        backlog_put_back(self, &items[*slot]);
    }
    if (*slot >= 0) {
        is_taken[*slot] = !is_taken[*slot];
        is_in[*slot] = !is_taken[*slot];
        *slot = is_taken[*slot] ? *slot : -1;
    }
}

static void
keeps_order(backlog_order order)
{
    backlog self = {.order = order};
    uint32_t random = 7 + order;
    CHECK(backlog_take(&self) == NULL && backlog_take_all(&self) == NULL);
    for (int slot = 0; slot < TAKEN; slot++) {
        taken[slot] = -1;
    }
    for (int round = 0; round < 20000; round++) {
        int i = (int)(next_random(&random) % ITEMS);
        unsigned what = next_random(&random) % 8;
        if (what < 4 && !is_in[i] && !is_taken[i]) {
            insert(&self, i, &random);
        }
        else if (what == 4) {
            bool was_in = is_in[i];
            CHECK(!backlog_withdraw(&self, &items[i], items[i].number + 1));
            CHECK(backlog_withdraw(&self, &items[i], items[i].number) == was_in);
            is_in[i] = false;
        }
        else if (what == 5) {
            take_or_put_back(&self, order, &random);
        }
        else if (what > 5) {
            queue_item *first = backlog_take(&self);
            CHECK(first == expected_first(order));
            if (first != NULL) {
                is_in[first - items] = false;
            }
        }
        CHECK(self.count == count_in());
    }
    int64_t count = 0;
    for (queue_item *each = backlog_take_all(&self); each != NULL; each = each->next) {
        CHECK(is_in[each - items]);
        is_in[each - items] = false;
        count++;
    }
    memset(is_taken, 0, sizeof is_taken);
    CHECK(count > 0 && count_in() == 0 && self.count == 0 && backlog_take(&self) == NULL);
}

int
main(void)
{
    keeps_order(BACKLOG_OLDEST_FIRST);
    keeps_order(BACKLOG_NEWEST_FIRST);
    keeps_order(BACKLOG_SMALLEST_FIRST);
    return 0;
}
