// queue: every item is got once or given back, whoever times out, cancels, shuts down or forks.
#include <signal.h>
#include <string.h>
#include <sys/select.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"
#include "ground/queue/queue.h"

typedef struct {
    queue_item item; // first
    int number;
} numbered;

static atomic_int alive;

static queue_item *
make(int number)
{
    numbered *made = calloc(1, sizeof *made);
    CHECK(made != NULL);
    made->number = number;
    atomic_fetch_add(&alive, 1);
    return &made->item;
}

static void
discard(queue_item *item)
{
    if (item != NULL) {
        atomic_fetch_sub(&alive, 1);
        free(item);
    }
}

static int
take_number(queue_item *item)
{
    int number = ((numbered *)item)->number;
    discard(item);
    return number;
}

static int
get_now(queue *self)
{
    queue_item *item = NULL;
    return queue_get(self, &item, NULL) == QUEUE_DONE ? take_number(item) : -1;
}

static queue *
new_ordered(backlog_order order, int64_t capacity)
{
    queue *made = queue_new(order, discard);
    CHECK(made != NULL);
    queue_set_capacity(made, capacity);
    return made;
}

static queue *
new_queue(int64_t capacity)
{
    return new_ordered(BACKLOG_OLDEST_FIRST, capacity);
}

// ---- one thread ----

static void
waits_are_decided_by_others(void)
{
    queue *self = new_queue(1);
    queue_waiter first, second;
    queue_item *item = NULL;
    waiter_init(&first, QUEUE_GETTERS, NULL, 0);
    waiter_init(&second, QUEUE_GETTERS, NULL, 0);
    CHECK(queue_get(self, &item, &first) == QUEUE_WAITING);
    CHECK(queue_get(self, &item, &second) == QUEUE_WAITING);
    CHECK(waiter_wait(&first, clock_now()) == WAIT_EXPIRED);
    CHECK(queue_put(self, make(1), NULL) == QUEUE_DONE); // to the first
    CHECK(queue_get_status(self).count == 0 && queue_is_decided(self, &first));
    CHECK(!queue_is_decided(self, &second));
    CHECK(queue_cancel(self, &first) == NULL); // passes it on
    CHECK(waiter_wait(&second, DEADLINE_NEVER) == WAIT_WOKEN);
    CHECK(queue_finish(self, &second, &item) == QUEUE_DONE && take_number(item) == 1);
    waiter_free(&first);
    waiter_free(&second);

    waiter_init(&first, QUEUE_PUTTERS, NULL, 0);
    waiter_init(&second, QUEUE_PUTTERS, NULL, 0);
    CHECK(queue_put(self, make(2), NULL) == QUEUE_DONE);
    item = make(3);
    CHECK(queue_put(self, item, NULL) == QUEUE_NOT_NOW);
    CHECK(queue_put(self, item, &first) == QUEUE_WAITING);
    CHECK(queue_put(self, make(4), &second) == QUEUE_WAITING);
    CHECK(get_now(self) == 2 && queue_is_decided(self, &first));
    CHECK(queue_cancel(self, &first) == item); // withdrawn, so that the second is in
    discard(item);
    CHECK(queue_finish(self, &second, &item) == QUEUE_DONE);
    CHECK(get_now(self) == 4 && get_now(self) == -1);
    CHECK(queue_get_status(self).unfinished == 3);
    waiter_free(&first);
    waiter_free(&second);
    queue_decref(self);
    CHECK(atomic_load(&alive) == 0);
}

static void
more_room_lets_putters_in(void)
{
    queue *self = new_queue(1);
    queue_waiter waiter;
    queue_item *item = NULL;
    CHECK(queue_put(self, make(1), NULL) == QUEUE_DONE);
    waiter_init(&waiter, QUEUE_PUTTERS, NULL, 0);
    CHECK(queue_put(self, make(2), &waiter) == QUEUE_WAITING);
    queue_set_capacity(self, 0);
    CHECK(queue_finish(self, &waiter, &item) == QUEUE_DONE);
    waiter_free(&waiter);
    CHECK(queue_get_status(self).count == 2);
    queue_decref(self); // with items in it
    CHECK(atomic_load(&alive) == 0);
}

static void
shutting_down_wakes_everybody(bool is_immediate)
{
    queue *self = new_queue(1);
    queue_waiter getter, putter, joiner;
    queue_item *item = NULL;
    waiter_init(&getter, QUEUE_GETTERS, NULL, 0);
    waiter_init(&putter, QUEUE_PUTTERS, NULL, 0);
    waiter_init(&joiner, QUEUE_JOINERS, NULL, 0);
    CHECK(queue_put(self, make(1), NULL) == QUEUE_DONE);
    CHECK(queue_put(self, make(2), &putter) == QUEUE_WAITING);
    CHECK(queue_join(self, &joiner) == QUEUE_WAITING);
    queue_shut_down(self, is_immediate);
    CHECK(queue_finish(self, &putter, &item) == QUEUE_SHUT_DOWN && take_number(item) == 2);
    CHECK(queue_is_decided(self, &joiner) == is_immediate);
    item = make(3);
    CHECK(queue_put(self, item, NULL) == QUEUE_SHUT_DOWN);
    discard(item);
    if (!is_immediate) {
        CHECK(get_now(self) == 1 && queue_task_done(self));
    }
    CHECK(!queue_task_done(self) && queue_finish(self, &joiner, &item) == QUEUE_DONE);
    CHECK(queue_get(self, &item, &getter) == QUEUE_SHUT_DOWN);
    waiter_free(&getter);
    waiter_free(&putter);
    waiter_free(&joiner);
    queue_decref(self);
    CHECK(atomic_load(&alive) == 0);
}

static void
a_drained_queue_takes_nothing_back(void)
{
    queue *self = new_queue(0);
    queue_waiter getter;
    queue_item *item = NULL;
    waiter_init(&getter, QUEUE_GETTERS, NULL, 0);
    CHECK(queue_get(self, &item, &getter) == QUEUE_WAITING);
    CHECK(queue_put(self, make(1), NULL) == QUEUE_DONE);
    queue_shut_down(self, true);
    item = queue_cancel(self, &getter);
    CHECK(item != NULL && queue_get_status(self).unfinished == 0);
    discard(item);
    waiter_free(&getter);
    queue_decref(self);
}

// Whoever has been chosen, in whatever order they give up, and whatever was put meanwhile.
static void
cancelled_getters_leave_the_order(backlog_order order)
{
    queue *self = new_ordered(order, 0);
    queue_waiter getters[3];
    queue_item *item = NULL;
    for (int i = 0; i < 3; i++) {
        waiter_init(&getters[i], QUEUE_GETTERS, NULL, 0);
        CHECK(queue_get(self, &item, &getters[i]) == QUEUE_WAITING);
    }
    for (int i = 0; i < 5; i++) {
        CHECK(queue_put(self, make(i), NULL) == QUEUE_DONE);
    }
    CHECK(queue_get_status(self).count == 2);
    CHECK(queue_cancel(self, &getters[1]) == NULL);
    CHECK(queue_cancel(self, &getters[0]) == NULL);
    bool is_newest_first = order == BACKLOG_NEWEST_FIRST;
    CHECK(get_now(self) == (is_newest_first ? 4 : 0));
    CHECK(queue_cancel(self, &getters[2]) == NULL);
    CHECK(queue_get_status(self).count == 4);
    CHECK(get_now(self) == (is_newest_first ? 3 : 1));
    CHECK(get_now(self) == 2);
    CHECK(get_now(self) == (is_newest_first ? 1 : 3));
    CHECK(get_now(self) == (is_newest_first ? 0 : 4));
    CHECK(get_now(self) == -1);
    for (int i = 0; i < 3; i++) {
        waiter_free(&getters[i]);
    }
    queue_decref(self);
    CHECK(atomic_load(&alive) == 0);
}

static void
what_is_held_takes_room(void)
{
    queue *self = new_queue(1);
    queue_waiter getter, putter;
    queue_item *item = NULL;
    waiter_init(&getter, QUEUE_GETTERS, NULL, 0);
    waiter_init(&putter, QUEUE_PUTTERS, NULL, 0);
    CHECK(queue_get(self, &item, &getter) == QUEUE_WAITING);
    CHECK(queue_put(self, make(1), NULL) == QUEUE_DONE);
    CHECK(queue_get_status(self).is_full && queue_get_status(self).count == 0);
    CHECK(queue_put(self, make(2), &putter) == QUEUE_WAITING);
    CHECK(get_now(self) == -1); // it is another one's
    CHECK(queue_cancel(self, &getter) == NULL);
    CHECK(queue_get_status(self).count == 1 && !queue_is_decided(self, &putter));
    waiter_free(&getter);

    waiter_init(&getter, QUEUE_GETTERS, NULL, 0);
    queue_begin_get(self, &getter); // at once, and yet to be taken
    CHECK(queue_is_decided(self, &getter) && !queue_is_decided(self, &putter));
    CHECK(queue_finish(self, &getter, &item) == QUEUE_DONE && take_number(item) == 1);
    CHECK(queue_finish(self, &putter, &item) == QUEUE_DONE);
    waiter_free(&getter);
    waiter_free(&putter);
    CHECK(get_now(self) == 2 && !queue_get_status(self).is_full);
    queue_decref(self);
    CHECK(atomic_load(&alive) == 0);
}

static void
eventfd_wakers_wake(void)
{
    queue *self = new_queue(0);
    eventfd_waker *loop = eventfd_waker_new();
    queue_waiter waiters[3];
    queue_item *item = NULL;
    uint64_t numbers[2];
    for (int i = 0; i < 3; i++) {
        waiter_init(&waiters[i], QUEUE_GETTERS, loop, 10 + (uint64_t)i);
        CHECK(queue_get(self, &item, &waiters[i]) == QUEUE_WAITING);
    }
    CHECK(eventfd_waker_take(loop, numbers, 2) == 0);
    for (int i = 0; i < 3; i++) {
        CHECK(queue_put(self, make(i), NULL) == QUEUE_DONE);
    }
    fd_set ready;
    FD_ZERO(&ready);
    FD_SET(eventfd_waker_descriptor(loop), &ready);
    CHECK(select(eventfd_waker_descriptor(loop) + 1, &ready, NULL, NULL, NULL) == 1);
    CHECK(queue_cancel(self, &waiters[1]) == NULL);
    waiter_free(&waiters[1]); // rung, not taken
    CHECK(eventfd_waker_take(loop, numbers, 2) == 2 && numbers[0] == 10 && numbers[1] == 12);
    struct timeval at_once = {0, 0};
    FD_ZERO(&ready);
    FD_SET(eventfd_waker_descriptor(loop), &ready);
    CHECK(select(eventfd_waker_descriptor(loop) + 1, &ready, NULL, NULL, &at_once) == 0);
    for (int i = 0; i < 3; i += 2) {
        CHECK(queue_finish(self, &waiters[i], &item) == QUEUE_DONE && take_number(item) == i);
        waiter_free(&waiters[i]);
    }
    CHECK(get_now(self) == 1);
    eventfd_waker_decref(loop);
    queue_decref(self);
}

// A queue in a queue in a queue ...: freed one after the other.
typedef struct {
    queue_item item;
    queue *inner;
} nested;

static void
discard_nested(queue_item *item)
{
    queue_decref(((nested *)item)->inner);
    free(item);
}

static void
nested_queues_are_freed(void)
{
    queue *inner = queue_new(BACKLOG_OLDEST_FIRST, discard_nested);
    for (int depth = 0; depth < 100000; depth++) {
        queue *outer = queue_new(BACKLOG_OLDEST_FIRST, discard_nested);
        nested *item = calloc(1, sizeof *item);
        item->inner = inner;
        CHECK(queue_put(outer, &item->item, NULL) == QUEUE_DONE);
        inner = outer;
    }
    uint64_t id = queue_id(inner);
    queue *found = queue_find(id);
    CHECK(found == inner);
    queue_decref(found);
    queue_decref(inner);
    CHECK(queue_find(id) == NULL && queue_find(id - 1) == NULL);
}

// ---- many threads ----

#define EACH 3000

static queue *shared;
static atomic_int seen[THREADS * EACH];
static atomic_int producing;

static void
produce(int thread, uint32_t *random)
{
    for (int i = 0; i < EACH;) {
        queue_item *item = make(thread * EACH + i);
        queue_waiter waiter;
        waiter_init(&waiter, QUEUE_PUTTERS, NULL, 0);
        queue_result result = queue_put(shared, item, &waiter);
        if (result == QUEUE_WAITING) {
            unsigned patience = next_random(random) % 4;
            (void)waiter_wait(&waiter, patience == 0 ? DEADLINE_NEVER
                                                     : clock_now() + (int64_t)patience * 1000);
            if (next_random(random) % 2) {
                queue_item *left = queue_cancel(shared, &waiter);
                result = left == NULL ? QUEUE_DONE : QUEUE_WAITING; // got by somebody, or ours
            }
            else {
                result = queue_finish(shared, &waiter, &item);
            }
        }
        waiter_free(&waiter);
        CHECK(result != QUEUE_SHUT_DOWN);
        if (result == QUEUE_DONE) {
            i++;
        }
        else {
            discard(item);
        }
    }
}

static void
consume(uint32_t *random)
{
    queue_result result = QUEUE_DONE;
    while (result != QUEUE_SHUT_DOWN) {
        queue_item *item = NULL;
        queue_waiter waiter;
        waiter_init(&waiter, QUEUE_GETTERS, NULL, 0);
        result = queue_get(shared, &item, &waiter);
        if (result == QUEUE_WAITING) {
            unsigned patience = next_random(random) % 4;
            (void)waiter_wait(&waiter, patience == 0 ? DEADLINE_NEVER
                                                     : clock_now() + (int64_t)patience * 1000);
            if (next_random(random) % 4 == 0) {
                CHECK(queue_cancel(shared, &waiter) == NULL);
            }
            else {
                result = queue_finish(shared, &waiter, &item);
            }
        }
        waiter_free(&waiter);
        if (result == QUEUE_DONE) {
            atomic_fetch_add(&seen[take_number(item)], 1);
            CHECK(queue_task_done(shared));
        }
    }
}

static void *
produce_or_consume(void *number)
{
    int thread = (int)(intptr_t)number;
    uint32_t random = 99 + (uint32_t)thread;
    if (thread % 2 == 0) {
        produce(thread / 2, &random);
        if (atomic_fetch_sub(&producing, 1) == 1) {
            queue_shut_down(shared, false);
        }
    }
    else {
        consume(&random);
    }
    return NULL;
}

static void
nothing_is_lost(backlog_order order, int64_t capacity)
{
    shared = queue_new(order, discard);
    queue_set_capacity(shared, capacity);
    memset(seen, 0, sizeof seen);
    atomic_store(&producing, THREADS / 2);
    threads_run(produce_or_consume, THREADS);
    for (int i = 0; i < THREADS / 2 * EACH; i++) {
        CHECK(atomic_load(&seen[i]) == 1);
    }
    queue_waiter waiter;
    waiter_init(&waiter, QUEUE_JOINERS, NULL, 0);
    CHECK(queue_join(shared, &waiter) == QUEUE_DONE);
    waiter_free(&waiter);
    queue_decref(shared);
    CHECK(atomic_load(&alive) == 0);
}

static void *
find_and_drop(void *unused)
{
    for (int i = 0; i < 2000; i++) {
        queue *found = queue_find(queue_id(shared));
        CHECK(found == shared);
        queue *own = new_queue(0);
        queue *again = queue_find(queue_id(own));
        CHECK(again == own);
        queue_decref(again);
        queue_decref(own);
        queue_decref(found);
    }
    return unused;
}

// ---- fork ----

static void *
wait_for_item(void *argument)
{
    queue_waiter waiter;
    queue_item *item = NULL;
    waiter_init(&waiter, QUEUE_GETTERS, NULL, 0);
    queue_result result = queue_get(shared, &item, &waiter);
    atomic_store((atomic_int *)argument, 1);
    if (result == QUEUE_WAITING) {
        CHECK(waiter_wait(&waiter, DEADLINE_NEVER) == WAIT_WOKEN);
        result = queue_finish(shared, &waiter, &item);
    }
    CHECK(result == QUEUE_DONE && take_number(item) == 5);
    waiter_free(&waiter);
    return NULL;
}

static void
a_forked_child_has_its_own_waiters_only(void)
{
    shared = new_queue(0);
    pthread_t other;
    atomic_int is_waiting = 0;
    CHECK(pthread_create(&other, NULL, wait_for_item, &is_waiting) == 0);
    while (!atomic_load(&is_waiting)) {
        cpu_relax();
    }
    queue_waiter waiter; // behind the other
    queue_item *item = NULL;
    waiter_init(&waiter, QUEUE_GETTERS, NULL, 0);
    CHECK(queue_get(shared, &item, &waiter) == QUEUE_WAITING);
    queue_fork_prepare();
    pid_t child = fork();
    if (child == 0) {
        queue_fork_child();
        CHECK(queue_put(shared, make(6), NULL) == QUEUE_DONE);
        CHECK(waiter_wait(&waiter, DEADLINE_NEVER) == WAIT_WOKEN);
        CHECK(queue_finish(shared, &waiter, &item) == QUEUE_DONE && take_number(item) == 6);
        _exit(0);
    }
    queue_fork_parent();
    int status = -1;
    CHECK(waitpid(child, &status, 0) == child && status == 0);
    CHECK(queue_cancel(shared, &waiter) == NULL);
    waiter_free(&waiter);
    CHECK(queue_put(shared, make(5), NULL) == QUEUE_DONE);
    pthread_join(other, NULL);
    queue_decref(shared);
}

static atomic_int is_waiting, may_take;

static void *
take_when_told(void *unused)
{
    queue_waiter waiter;
    queue_item *item = NULL;
    waiter_init(&waiter, QUEUE_GETTERS, NULL, 0);
    CHECK(queue_get(shared, &item, &waiter) == QUEUE_WAITING);
    atomic_store(&is_waiting, 1);
    while (!atomic_load(&may_take)) {
        cpu_relax();
    }
    CHECK(queue_finish(shared, &waiter, &item) == QUEUE_DONE && take_number(item) == 5);
    waiter_free(&waiter);
    return unused;
}

static void
a_forked_child_has_what_others_were_handed(void)
{
    shared = new_queue(1);
    pthread_t other;
    CHECK(pthread_create(&other, NULL, take_when_told, NULL) == 0);
    while (!atomic_load(&is_waiting)) {
        cpu_relax();
    }
    CHECK(queue_put(shared, make(5), NULL) == QUEUE_DONE && get_now(shared) == -1);
    queue_fork_prepare();
    pid_t child = fork();
    if (child == 0) {
        queue_fork_child();
        CHECK(get_now(shared) == 5 && !queue_get_status(shared).is_full);
        _exit(0);
    }
    queue_fork_parent();
    int status = -1;
    CHECK(waitpid(child, &status, 0) == child && status == 0);
    atomic_store(&may_take, 1);
    pthread_join(other, NULL);
    queue_decref(shared);
}

// ---- signals ----

static void
ignore(int number)
{
}

static void
signals_interrupt(void)
{
    struct sigaction action = {.sa_handler = ignore};
    sigaction(SIGALRM, &action, NULL);
    queue *self = new_queue(0);
    queue_waiter waiter;
    queue_item *item = NULL;
    waiter_init(&waiter, QUEUE_GETTERS, NULL, 0);
    CHECK(queue_get(self, &item, &waiter) == QUEUE_WAITING);
    ualarm(20000, 20000);
    CHECK(waiter_wait(&waiter, DEADLINE_NEVER) == WAIT_INTERRUPTED);
    ualarm(0, 0);
    CHECK(queue_finish(self, &waiter, &item) == QUEUE_WAITING);
    waiter_free(&waiter);
    queue_decref(self);
}

int
main(void)
{
    waits_are_decided_by_others();
    more_room_lets_putters_in();
    shutting_down_wakes_everybody(false);
    shutting_down_wakes_everybody(true);
    a_drained_queue_takes_nothing_back();
    cancelled_getters_leave_the_order(BACKLOG_OLDEST_FIRST);
    cancelled_getters_leave_the_order(BACKLOG_NEWEST_FIRST);
    cancelled_getters_leave_the_order(BACKLOG_SMALLEST_FIRST);
    what_is_held_takes_room();
    eventfd_wakers_wake();
    nested_queues_are_freed();
    nothing_is_lost(BACKLOG_OLDEST_FIRST, 0);
    nothing_is_lost(BACKLOG_OLDEST_FIRST, 2);
    nothing_is_lost(BACKLOG_NEWEST_FIRST, 3);
    nothing_is_lost(BACKLOG_SMALLEST_FIRST, 3);
    shared = new_queue(0);
    threads_run(find_and_drop, THREADS);
    queue_decref(shared);
    a_forked_child_has_its_own_waiters_only();
    a_forked_child_has_what_others_were_handed();
    signals_interrupt();
    return 0;
}
