// deferred: small jobs that any thread leaves for an interpreter to do under its own GIL.
//
// Purpose. Dropping the last reference to a foreign object, or releasing its buffer, must happen in
// the owner. Crossing for that would make every `del` a visit. Instead the job is pushed on the
// owner's stack of deferred jobs, without a lock or an allocation (the node is part of the record
// that the job is about), and the next thread that enters the owner runs it [Treiber 1986].
//
// Lifetime. A pushed job belongs to the stack. Once the stack is shut, pushing fails and the job
// stays the caller's.
//
// Threads. Any thread pushes; only a thread that holds the owner's GIL takes.
#ifndef ATOLL_GROUND_DEFERRED_H
#define ATOLL_GROUND_DEFERRED_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include "ground/base/attributes.h"
#include "ground/base/shake.h"

typedef enum {
    DEFERRED_DROP_EXPORT,
    DEFERRED_RELEASE_BUFFER,
    DEFERRED_NOTE_DROPPED, // the last handle has gone: is anything else of the interpreter held?
} deferred_kind;

typedef struct deferred {
    struct deferred *next;
    deferred_kind kind;
} deferred;

typedef struct {
    _Atomic(deferred *) head;
} deferred_stack;

extern deferred deferred_shut_mark; // the head of a stack that takes no more

static inline MUST_CHECK bool
deferred_push(deferred_stack *stack, deferred *item)
{
    deferred *head = atomic_load_explicit(&stack->head, memory_order_relaxed);
    do {
        if (UNLIKELY(head == &deferred_shut_mark)) {
            return false;
        }
        item->next = head;
        shake();
        // release: pairs with deferred_take_all and deferred_shut
    } while (!atomic_compare_exchange_weak_explicit(&stack->head, &head, item, memory_order_release,
                                                    memory_order_relaxed));
    return true;
}

static inline bool
deferred_is_waiting(deferred_stack *stack)
{
    const deferred *head = atomic_load_explicit(&stack->head, memory_order_relaxed);
    return UNLIKELY(head != NULL) && head != &deferred_shut_mark;
}

// Only a holder of the owner's GIL, or a forked child, shuts a stack: never during this call.
static inline deferred *
deferred_take_all(deferred_stack *stack)
{
    if (!deferred_is_waiting(stack)) {
        return NULL;
    }
    shake();
    return atomic_exchange_explicit(&stack->head, NULL, memory_order_acquire);
}

// Take what is left and refuse everything from now on.
static inline deferred *
deferred_shut(deferred_stack *stack)
{
    shake();
    return atomic_exchange_explicit(&stack->head, &deferred_shut_mark, memory_order_acq_rel);
}

#endif
