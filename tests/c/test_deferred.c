// deferred job: many push, one takes; nothing is lost or doubled; after the stack is shut, pushing fails.
#include "check.h"
#include "ground/interpreter/deferred.h"

enum { ITEMS = 20000 };

typedef struct {
    deferred deferred;
    int taken;
} item;

static deferred_stack stack;
static item items[THREADS][ITEMS];
static atomic_int pushed, refused, pushers;

static void *
push_all(void *number)
{
    for (int i = 0; i < ITEMS; i++) {
        if (deferred_push(&stack, &items[(intptr_t)number][i].deferred)) {
            atomic_fetch_add(&pushed, 1);
        }
        else {
            atomic_fetch_add(&refused, 1);
        }
    }
    atomic_fetch_sub(&pushers, 1);
    return NULL;
}

static int
count_taken(deferred *first)
{
    int count = 0;
    while (first != NULL && first != &deferred_shut_mark) {
        deferred *next = first->next; // the item may be reused from here on
        CHECK(((item *)first)->taken++ == 0);
        first = next;
        count++;
    }
    return count;
}

static int
take_while_pushed(int shut_after)
{
    pthread_t threads[THREADS];
    int count = 0;
    pushers = THREADS;
    for (intptr_t i = 0; i < THREADS; i++) {
        CHECK(pthread_create(&threads[i], NULL, push_all, (void *)i) == 0);
    }
    while (pushers > 0 && (shut_after == 0 || count < shut_after)) {
        if (deferred_is_waiting(&stack)) {
            count += count_taken(deferred_take_all(&stack));
        }
    }
    if (shut_after != 0) {
        count += count_taken(deferred_shut(&stack));
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
    }
    if (shut_after == 0) {
        count += count_taken(deferred_take_all(&stack));
    }
    return count;
}

static void
reset(void)
{
    stack.head = NULL;
    pushed = refused = 0;
    for (int i = 0; i < THREADS; i++) {
        for (int j = 0; j < ITEMS; j++) {
            items[i][j].taken = 0;
        }
    }
}

int
main(void)
{
    CHECK(take_while_pushed(0) == THREADS * ITEMS);
    CHECK(refused == 0 && !deferred_is_waiting(&stack));
    for (int after = 1; after < 100000; after *= 7) {
        reset();
        CHECK(take_while_pushed(after) == pushed);
        CHECK(pushed + refused == THREADS * ITEMS);
        CHECK(!deferred_push(&stack, &items[0][0].deferred));
        // A shut stack stays shut, whoever looks into it: a forked child comes home through one.
        CHECK(count_taken(deferred_take_all(&stack)) == 0);
        CHECK(!deferred_push(&stack, &items[0][0].deferred));
    }
    return 0;
}
