#include "ground/queue/queue.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <sys/queue.h>

#include "ground/base/shake.h"

#define SPIN_MISSES 4  // after so many in a row that were in vain, it is only tried now and then:
#define SPIN_TRIAL  16 // one time of so many

struct queue {
    atomic_intptr_t references;
    uint64_t id;
    void (*discard)(queue_item *);
    pthread_mutex_t mutex;
    backlog items;                    // mutex
    uint64_t arrivals;                // mutex
    int64_t capacity;                 // mutex; 0 or less: no limit
    int64_t unfinished;               // mutex; items put without a task_done yet
    bool is_shut_down, is_drained;    // mutex
    waiter_list waiters[QUEUE_SIDES]; // mutex; the longest waiting first
    waiter_list chosen;               // mutex; getters that have their item, and may yet give up
    int64_t held;                     // mutex; how many getters are in `chosen`
    unsigned misses;                  // mutex; how often spinning was in vain, in a row
    uint32_t *sleeper;                // mutex; whom to wake once that is free, or NULL
    LIST_ENTRY(queue) link;           // registry, or those that are to be freed
};

LIST_HEAD(queue_list, queue);

static struct {
    pthread_mutex_t mutex; // guards all of it; taken before a queue's
    struct queue_list all;
    uint64_t count; // of queues ever made
} registry = {.mutex = PTHREAD_MUTEX_INITIALIZER};

// ---- deciding ----

// All but waking it is done under the mutex: once that is released, the waiter may be freed.
static void
decide_locked(queue *self, queue_waiter *waiter, queue_result result)
{
    waiter->result = result;
    shake();
    if (waiter->waker != NULL) {
        eventfd_waker_wake(waiter->waker, &waiter->call);
    }
    else {
        semaphore_wake(self->sleeper); // of several, the last one waits for the mutex to be free
        self->sleeper = semaphore_post_quietly(&waiter->semaphore);
    }
}

// Whoever is woken wants the mutex at once, so it is free by then.
static void
unlock_and_wake(queue *self)
{
    uint32_t *sleeper = self->sleeper;
    self->sleeper = NULL;
    pthread_mutex_unlock(&self->mutex);
    shake();
    semaphore_wake(sleeper);
}

static void
decide_all_locked(queue *self, queue_side side, queue_result result)
{
    while (self->waiters[side].first != NULL) {
        queue_waiter *first = self->waiters[side].first;
        waiter_unlink(first);
        decide_locked(self, first, result);
    }
}

// Held items count: they may be put back.
static bool
has_room_locked(const queue *self)
{
    return self->capacity <= 0 || self->items.count + self->held < self->capacity;
}

static void
choose_locked(queue *self, queue_waiter *getter)
{
    waiter_unlink(getter);
    waiter_link(&self->chosen, getter);
    getter->item = backlog_take(&self->items);
    self->held++;
}

// True: the waiter was chosen, so it has an item.
static bool
let_go_locked(queue *self, queue_waiter *waiter)
{
    bool was_chosen = waiter->list == &self->chosen;
    self->held -= was_chosen;
    waiter_unlink(waiter);
    return was_chosen;
}

static void
insert_locked(queue *self, queue_item *item)
{
    item->number = ++self->arrivals;
    self->unfinished++;
    backlog_insert(&self->items, item);
}

static void
finish_tasks_locked(queue *self, int64_t count)
{
    self->unfinished -= count < self->unfinished ? count : self->unfinished;
    if (self->unfinished == 0) {
        decide_all_locked(self, QUEUE_JOINERS, QUEUE_DONE);
    }
}

// After every change: hand items to getters and let putters in, as long as that is possible.
static void
settle_locked(queue *self)
{
    for (;;) {
        queue_waiter *getter = self->waiters[QUEUE_GETTERS].first;
        queue_waiter *putter = self->waiters[QUEUE_PUTTERS].first;
        if (getter != NULL && self->items.count > 0) {
            choose_locked(self, getter);
            decide_locked(self, getter, QUEUE_DONE);
        }
        else if (putter != NULL && has_room_locked(self)) {
            insert_locked(self, putter->item);
            putter->number = putter->item->number;
            waiter_unlink(putter);
            decide_locked(self, putter, QUEUE_DONE);
        }
        else {
            return;
        }
    }
}

// Who answers within a microsecond will do so again; who has to be woken first will not.
static bool
may_spin_locked(const queue *self)
{
    return (self->misses < SPIN_MISSES || self->misses % SPIN_TRIAL == 0) && waiter_may_spin();
}

// The operation cannot be done at once: link the waiter, if there is one.
static queue_result
wait_locked(queue *self, queue_waiter *waiter)
{
    if (waiter == NULL) {
        return QUEUE_NOT_NOW;
    }
    waiter_link(&self->waiters[waiter->side], waiter);
    waiter->spin = may_spin_locked(self) ? SPIN_ASKED : SPIN_NOT;
    return QUEUE_WAITING;
}

static void
tell_locked(queue_waiter *waiter, queue_result result, queue_item *item)
{
    if (waiter != NULL) {
        waiter->result = result;
        waiter->item = item;
        waiter->number = item == NULL ? 0 : item->number;
    }
}

static void
discard_all(queue *self, queue_item *first)
{
    while (first != NULL) {
        queue_item *next = first->next;
        self->discard(first);
        first = next;
    }
}

// ---- operations ----

queue_result
queue_put(queue *self, queue_item *item, queue_waiter *waiter)
{
    queue_result result = QUEUE_DONE;
    shake();
    pthread_mutex_lock(&self->mutex);
    if (self->is_shut_down) {
        result = QUEUE_SHUT_DOWN;
    }
    else if (!has_room_locked(self)) {
        result = wait_locked(self, waiter);
    }
    else {
        insert_locked(self, item);
    }
    tell_locked(waiter, result, item); // while the item is ours: settling may hand it on
    if (result == QUEUE_DONE) {
        settle_locked(self);
    }
    unlock_and_wake(self);
    return result;
}

queue_result
queue_would_refuse(queue *self)
{
    pthread_mutex_lock(&self->mutex);
    queue_result result = self->is_shut_down      ? QUEUE_SHUT_DOWN
                          : has_room_locked(self) ? QUEUE_DONE
                                                  : QUEUE_NOT_NOW;
    pthread_mutex_unlock(&self->mutex);
    return result;
}

queue_result
queue_get(queue *self, queue_item **item, queue_waiter *waiter)
{
    queue_result result = QUEUE_DONE;
    shake();
    pthread_mutex_lock(&self->mutex);
    *item = backlog_take(&self->items);
    if (*item != NULL) {
        settle_locked(self);
    }
    else if (self->is_shut_down) {
        result = QUEUE_SHUT_DOWN;
    }
    else {
        result = wait_locked(self, waiter);
    }
    tell_locked(waiter, result, *item);
    unlock_and_wake(self);
    return result;
}

void
queue_begin_get(queue *self, queue_waiter *waiter)
{
    shake();
    pthread_mutex_lock(&self->mutex);
    if (self->items.count > 0) {
        choose_locked(self, waiter);
        waiter->result = QUEUE_DONE;
    }
    else {
        waiter->result = self->is_shut_down ? QUEUE_SHUT_DOWN : wait_locked(self, waiter);
    }
    pthread_mutex_unlock(&self->mutex);
}

queue_result
queue_join(queue *self, queue_waiter *waiter)
{
    pthread_mutex_lock(&self->mutex);
    queue_result result = self->unfinished == 0 ? QUEUE_DONE : wait_locked(self, waiter);
    pthread_mutex_unlock(&self->mutex);
    return result;
}

bool
queue_task_done(queue *self)
{
    pthread_mutex_lock(&self->mutex);
    bool had_any = self->unfinished > 0;
    if (had_any) {
        finish_tasks_locked(self, 1);
    }
    unlock_and_wake(self);
    return had_any;
}

void
queue_shut_down(queue *self, bool is_immediate)
{
    queue_item *drained = NULL;
    shake();
    pthread_mutex_lock(&self->mutex);
    self->is_shut_down = true;
    if (is_immediate) {
        self->is_drained = true;
        int64_t count = self->items.count;
        drained = backlog_take_all(&self->items);
        finish_tasks_locked(self, count);
    }
    decide_all_locked(self, QUEUE_GETTERS, QUEUE_SHUT_DOWN); // getters wait only at an empty queue
    decide_all_locked(self, QUEUE_PUTTERS, QUEUE_SHUT_DOWN);
    unlock_and_wake(self);
    discard_all(self, drained);
}

// ---- the end of a wait ----

bool
queue_is_decided(queue *self, const queue_waiter *waiter)
{
    pthread_mutex_lock(&self->mutex);
    bool is_decided = waiter->result != QUEUE_WAITING;
    pthread_mutex_unlock(&self->mutex);
    return is_decided;
}

queue_result
queue_finish(queue *self, queue_waiter *waiter, queue_item **item)
{
    shake();
    pthread_mutex_lock(&self->mutex);
    if (let_go_locked(self, waiter)) {
        settle_locked(self);
    }
    self->misses = waiter->spin == SPIN_HELPED ? 0 : self->misses + 1;
    queue_result result = waiter->result;
    unlock_and_wake(self);
    *item = waiter->item;
    return result;
}

// Take back the item of a cancelled getter. After an immediate shutdown nobody else may get it: the
// caller frees it.
static queue_item *
put_back_locked(queue *self, queue_item *item)
{
    if (self->is_drained) {
        finish_tasks_locked(self, 1);
        return item;
    }
    backlog_put_back(&self->items, item);
    settle_locked(self);
    return NULL;
}

// Take out the item of a cancelled putter. NULL: it has been got already.
static queue_item *
withdraw_locked(queue *self, queue_item *item, uint64_t number)
{
    if (!backlog_withdraw(&self->items, item, number)) {
        return NULL;
    }
    finish_tasks_locked(self, 1);
    settle_locked(self);
    return item;
}

queue_item *
queue_cancel(queue *self, queue_waiter *waiter)
{
    queue_item *item = waiter->side == QUEUE_PUTTERS ? waiter->item : NULL;
    pthread_mutex_lock(&self->mutex);
    if (let_go_locked(self, waiter)) {
        item = put_back_locked(self, waiter->item);
    }
    else if (waiter->result == QUEUE_DONE && waiter->side == QUEUE_PUTTERS) {
        item = withdraw_locked(self, item, waiter->number);
    }
    unlock_and_wake(self);
    return item;
}

// ---- status ----

uint64_t
queue_id(const queue *self)
{
    return self->id;
}

backlog_order
queue_order(const queue *self)
{
    return self->items.order;
}

static queue_status
get_status_locked(const queue *self)
{
    return (queue_status){self->items.count, self->unfinished, self->capacity,
                          !has_room_locked(self), self->is_shut_down};
}

queue_status
queue_get_status(queue *self)
{
    pthread_mutex_lock(&self->mutex);
    queue_status status = get_status_locked(self);
    pthread_mutex_unlock(&self->mutex);
    return status;
}

static int64_t
count_waiters_locked(const waiter_list *list)
{
    int64_t count = 0;
    for (const queue_waiter *each = list->first; each != NULL; each = each->next) {
        count++;
    }
    return count;
}

void
queue_each(void (*visit)(const queue_figures *figures, void *argument), void *argument)
{
    pthread_mutex_lock(&registry.mutex);
    queue *each;
    LIST_FOREACH(each, &registry.all, link)
    {
        queue_figures figures = {.id = each->id};
        pthread_mutex_lock(&each->mutex);
        figures.status = get_status_locked(each);
        for (int side = 0; side < QUEUE_SIDES; side++) {
            figures.waiting[side] = count_waiters_locked(&each->waiters[side]);
        }
        pthread_mutex_unlock(&each->mutex);
        visit(&figures, argument);
    }
    pthread_mutex_unlock(&registry.mutex);
}

void
queue_set_capacity(queue *self, int64_t capacity)
{
    pthread_mutex_lock(&self->mutex);
    self->capacity = capacity;
    settle_locked(self);
    unlock_and_wake(self);
}

// ---- life ----

queue *
queue_new(backlog_order order, void (*discard)(queue_item *))
{
    queue *self = calloc(1, sizeof *self);
    if (self == NULL) {
        return NULL;
    }
    self->references = 1;
    self->discard = discard;
    self->items.order = order;
    pthread_mutex_init(&self->mutex, NULL);
    pthread_mutex_lock(&registry.mutex);
    self->id = ++registry.count;
    LIST_INSERT_HEAD(&registry.all, self, link);
    pthread_mutex_unlock(&registry.mutex);
    return self;
}

void
queue_incref(queue *self)
{
    atomic_fetch_add_explicit(&self->references, 1, memory_order_relaxed);
}

// A queue without a count is still in the registry for a moment.
static bool
try_incref(queue *self)
{
    intptr_t count = atomic_load_explicit(&self->references, memory_order_relaxed);
    while (count > 0) {
        if (atomic_compare_exchange_weak_explicit(&self->references, &count, count + 1,
                                                  memory_order_relaxed, memory_order_relaxed)) {
            return true;
        }
    }
    return false;
}

queue *
queue_find(uint64_t id)
{
    pthread_mutex_lock(&registry.mutex);
    queue *found;
    LIST_FOREACH(found, &registry.all, link)
    {
        if (found->id == id) {
            break;
        }
    }
    if (found != NULL && !try_incref(found)) {
        found = NULL;
    }
    pthread_mutex_unlock(&registry.mutex);
    return found;
}

static void
unregister(queue *self)
{
    pthread_mutex_lock(&registry.mutex);
    LIST_REMOVE(self, link);
    pthread_mutex_unlock(&registry.mutex);
}

static void
free_queue(queue *self)
{
    discard_all(self, backlog_take_all(&self->items));
    pthread_mutex_destroy(&self->mutex);
    free(self);
}

// An item may hold the last count of another queue, whose items may do the same. So queues are
// freed in a loop, not recursively.
void
queue_decref(queue *self)
{
    static __thread struct queue_list doomed;
    static __thread bool is_freeing = false;
    if (atomic_fetch_sub_explicit(&self->references, 1, memory_order_acq_rel) != 1) {
        return;
    }
    unregister(self);
    LIST_INSERT_HEAD(&doomed, self, link);
    if (is_freeing) {
        return;
    }
    is_freeing = true;
    while (!LIST_EMPTY(&doomed)) {
        queue *each = LIST_FIRST(&doomed);
        LIST_REMOVE(each, link);
        free_queue(each);
    }
    is_freeing = false;
}

// ---- fork ----

void
queue_fork_prepare(void)
{
    pthread_mutex_lock(&registry.mutex);
    queue *each;
    LIST_FOREACH(each, &registry.all, link)
    {
        pthread_mutex_lock(&each->mutex);
    }
}

void
queue_fork_parent(void)
{
    queue *each;
    LIST_FOREACH(each, &registry.all, link)
    {
        pthread_mutex_unlock(&each->mutex);
    }
    pthread_mutex_unlock(&registry.mutex);
}

// In a forked child, waiters of other threads are on stacks or in interpreters that do not exist
// any more.
static void
forget_others(queue *self, const waiter_list *list)
{
    queue_waiter *each = list->first;
    while (each != NULL) {
        queue_waiter *next = each->next;
        if (!pthread_equal(each->thread, pthread_self()) && let_go_locked(self, each) &&
            !self->is_drained) {
            backlog_put_back(&self->items, each->item);
        }
        each = next;
    }
}

void
queue_fork_child(void)
{
    pthread_mutex_init(&registry.mutex, NULL);
    queue *each;
    LIST_FOREACH(each, &registry.all, link)
    {
        pthread_mutex_init(&each->mutex, NULL);
        for (int side = 0; side < QUEUE_SIDES; side++) {
            forget_others(each, &each->waiters[side]);
        }
        forget_others(each, &each->chosen);
        settle_locked(each);
    }
}
