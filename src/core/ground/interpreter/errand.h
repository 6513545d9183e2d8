// Errands: small jobs that one interpreter leaves for another to do under its own GIL.
//
// Purpose. Dropping the last reference to a foreign object, or releasing its buffer, must happen in
// the owner. Crossing for that would make every `del` a visit; instead the job is pushed on the
// owner's stack of errands, without a lock or an allocation (the node is part of what it is about),
// and the next thread that enters the owner runs it [Treiber 1986].
//
// Lifetime. A pushed errand belongs to the stack. Once the stack is shut, pushing fails and the
// errand stays the caller's.
//
// Threads. Any thread pushes; only a thread that holds the owner's GIL takes.
#ifndef ATOLL_GROUND_ERRAND_H
#define ATOLL_GROUND_ERRAND_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include "ground/base/attributes.h"
#include "ground/base/shake.h"

typedef enum { ERRAND_DROP_EXPORT, ERRAND_RELEASE_BUFFER } errand_kind;

typedef struct errand {
    struct errand *next;
    errand_kind kind;
} errand;

typedef struct {
    _Atomic(errand *) head;
} errand_stack;

extern errand errand_shut_mark; // the head of a stack that takes no more

static inline MUST_CHECK bool
errand_push(errand_stack *stack, errand *item)
{
    errand *head = atomic_load_explicit(&stack->head, memory_order_relaxed);
    do {
        if (UNLIKELY(head == &errand_shut_mark)) {
            return false;
        }
        item->next = head;
        shake();
        // release: pairs with errand_take_all and errand_shut
    } while (!atomic_compare_exchange_weak_explicit(&stack->head, &head, item, memory_order_release,
                                                    memory_order_relaxed));
    return true;
}

static inline bool
errand_is_waiting(errand_stack *stack)
{
    const errand *head = atomic_load_explicit(&stack->head, memory_order_relaxed);
    return UNLIKELY(head != NULL) && head != &errand_shut_mark;
}

// A stack is shut by whoever could take from it, or in a forked child: never meanwhile.
static inline errand *
errand_take_all(errand_stack *stack)
{
    if (!errand_is_waiting(stack)) {
        return NULL;
    }
    shake();
    return atomic_exchange_explicit(&stack->head, NULL, memory_order_acquire);
}

// Take what is left and refuse everything from now on.
static inline errand *
errand_shut(errand_stack *stack)
{
    shake();
    return atomic_exchange_explicit(&stack->head, &errand_shut_mark, memory_order_acq_rel);
}

#endif
