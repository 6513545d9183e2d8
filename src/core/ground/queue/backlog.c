#include "ground/queue/backlog.h"

#include <string.h>

// ---- the heap ----

static bool
is_before(const queue_item *one, const queue_item *other)
{
    size_t common = one->key_size < other->key_size ? one->key_size : other->key_size;
    int difference = common == 0 ? 0 : memcmp(one->key, other->key, common);
    if (difference == 0 && one->key_size != other->key_size) {
        return one->key_size < other->key_size;
    }
    return difference != 0 ? difference < 0 : one->number < other->number;
}

static queue_item *
meld(queue_item *one, queue_item *other)
{
    if (one == NULL || other == NULL) {
        return one == NULL ? other : one;
    }
    queue_item *root = is_before(other, one) ? other : one;
    queue_item *under = root == one ? other : one;
    under->next = root->child;
    root->child = under;
    return root;
}

// Melds pairs from the left, then all pairs from the right.
static queue_item *
meld_siblings(queue_item *first)
{
    queue_item *pairs = NULL, *root = NULL;
    while (first != NULL) {
        queue_item *one = first, *other = one->next;
        first = other == NULL ? NULL : other->next;
        one->next = NULL;
        if (other != NULL) {
            other->next = NULL;
        }
        queue_item *pair = meld(one, other);
        pair->next = pairs;
        pairs = pair;
    }
    while (pairs != NULL) {
        queue_item *next = pairs->next;
        pairs->next = NULL;
        root = meld(root, pairs);
        pairs = next;
    }
    return root;
}

static void
heap_insert(backlog *self, queue_item *item)
{
    item->next = item->child = NULL;
    self->first = meld(self->first, item);
}

// All items of a heap, as a list in no order.
static queue_item *
flatten(queue_item *root)
{
    queue_item *done = NULL, *left = root;
    while (left != NULL) {
        queue_item *item = left, *child = item->child;
        left = item->next;
        while (child != NULL) {
            queue_item *next = child->next;
            child->next = left;
            left = child;
            child = next;
        }
        item->child = NULL;
        item->next = done;
        done = item;
    }
    return done;
}

static bool
heap_withdraw(backlog *self, const queue_item *item, uint64_t number)
{
    bool found = false;
    queue_item *each = flatten(self->first);
    self->first = NULL;
    while (each != NULL) {
        queue_item *next = each->next;
        if (each == item && each->number == number) {
            each->next = NULL;
            found = true;
        }
        else {
            heap_insert(self, each);
        }
        each = next;
    }
    return found;
}

// ---- the list ----

static void
push_front(backlog *self, queue_item *item)
{
    item->next = self->first;
    self->first = item;
    if (self->last == NULL) {
        self->last = item;
    }
}

static void
push_back(backlog *self, queue_item *item)
{
    item->next = NULL;
    if (self->last == NULL) {
        self->first = item;
    }
    else {
        self->last->next = item;
    }
    self->last = item;
}

static queue_item *
pop_front(backlog *self)
{
    queue_item *item = self->first;
    self->first = item->next;
    if (self->first == NULL) {
        self->last = NULL;
    }
    return item;
}

static bool
list_withdraw(backlog *self, const queue_item *item, uint64_t number)
{
    queue_item *before = NULL, *each = self->first;
    while (each != NULL && (each != item || each->number != number)) {
        before = each;
        each = each->next;
    }
    if (each == NULL) {
        return false;
    }
    if (before == NULL) {
        (void)pop_front(self);
        return true;
    }
    before->next = each->next;
    if (self->last == each) {
        self->last = before;
    }
    return true;
}

// The list is in ascending or descending order of numbers. Items are put back near the front.
static void
list_put_back(backlog *self, queue_item *item)
{
    bool is_oldest_first = self->order == BACKLOG_OLDEST_FIRST;
    queue_item *before = NULL, *after = self->first;
    while (after != NULL && (after->number < item->number) == is_oldest_first) {
        before = after;
        after = after->next;
    }
    item->next = after;
    *(before == NULL ? &self->first : &before->next) = item;
    if (after == NULL) {
        self->last = item;
    }
}

// ---- either ----

void
backlog_insert(backlog *self, queue_item *item)
{
    switch (self->order) {
    case BACKLOG_OLDEST_FIRST:
        push_back(self, item);
        break;
    case BACKLOG_NEWEST_FIRST:
        push_front(self, item);
        break;
    case BACKLOG_SMALLEST_FIRST:
        heap_insert(self, item);
        break;
    }
    self->count++;
}

queue_item *
backlog_take(backlog *self)
{
    queue_item *item = self->first;
    if (item == NULL) {
        return NULL;
    }
    self->count--;
    if (self->order == BACKLOG_SMALLEST_FIRST) {
        self->first = meld_siblings(item->child);
    }
    else {
        (void)pop_front(self);
    }
    item->next = item->child = NULL;
    return item;
}

void
backlog_put_back(backlog *self, queue_item *item)
{
    if (self->order == BACKLOG_SMALLEST_FIRST) {
        heap_insert(self, item);
    }
    else {
        list_put_back(self, item);
    }
    self->count++;
}

queue_item *
backlog_take_all(backlog *self)
{
    queue_item *all = self->order == BACKLOG_SMALLEST_FIRST ? flatten(self->first) : self->first;
    self->first = self->last = NULL;
    self->count = 0;
    return all;
}

bool
backlog_withdraw(backlog *self, const queue_item *item, uint64_t number)
{
    bool found = self->order == BACKLOG_SMALLEST_FIRST ? heap_withdraw(self, item, number)
                                                       : list_withdraw(self, item, number);
    self->count -= found;
    return found;
}
