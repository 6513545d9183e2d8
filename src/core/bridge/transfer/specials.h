// specials: which special methods a class has, as its interpreter sees it, for those that have
// made a local type of it.
//
// Purpose. A class may get and lose special methods later. Its interpreter notes that it was
// changed (bridge/transfer/export) and, whenever a visitor leaves, publishes what it has by now.
// Whoever holds a local type of it compares numbers when it comes home, and crosses for nothing.
//
// Threads. Noted and published under the owner's GIL; read by anybody.
#ifndef ATOLL_BRIDGE_SPECIALS_H
#define ATOLL_BRIDGE_SPECIALS_H

#include "bridge/transfer/export.h"

// By the index in atoll._transfer.describe.CHANGEABLE: it has one, it has set it to None.
typedef struct {
    uint64_t present[SPECIALS_WORDS], disabled[SPECIALS_WORDS];
    unsigned version; // of the class's; 0: it has none
} special_set;

static inline bool
special_set_has(const uint64_t *bits, Py_ssize_t index)
{
    return (bits[index / 64] >> (index % 64)) & 1;
}

PyObject *specials_names(core_state *state); // borrowed tuple; NULL: exception

// In the owner.
void specials_note_change(core_state *owner, exported *class);
void specials_forget(core_state *owner, exported *class); // it is an export no more
MUST_CHECK int specials_describe(core_state *owner, exported *class, special_set *now);
void specials_publish_all(core_state *owner); // keeps the raised exception

// Of the classes that were changed, as a visitor leaves.
static inline void
specials_publish(core_state *owner)
{
    if (UNLIKELY(owner->changed_classes != NULL)) {
        specials_publish_all(owner);
    }
}

// Elsewhere. False: it is just being written, and announced afterwards.
bool specials_read(exported *class, special_set *now);

extern atomic_uint specials_epoch; // how often any class has got or lost one

// Bring the classes of Proxies here up to date: a thread has come, with or without an exception.
static inline void
specials_refresh(core_state *state)
{
    // acquire: pairs with publish
    unsigned epoch = atomic_load_explicit(&specials_epoch, memory_order_acquire);
    if (UNLIKELY(epoch != state->specials_epoch)) {
        state->references->refresh(state);
    }
}

#endif
