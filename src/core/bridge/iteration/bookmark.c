#include "bridge/iteration/bookmark.h"

#include "bridge/iteration/iterators.h"

#define SETTLED UINT64_MAX // a claim that nobody has

struct bookmark *
bookmark_of(exported *target)
{
    if (target->bookmark == NULL) {
        target->bookmark = PyMem_RawCalloc(1, sizeof *target->bookmark);
        if (target->bookmark != NULL) {
            target->bookmark->claim = SETTLED;
        }
    }
    return target->bookmark;
}

uint64_t
bookmark_open(struct bookmark *self)
{
    uint64_t claim = ++self->latest << 8;
    atomic_store(&self->claim, claim);
    return claim;
}

void
bookmark_settle_slow(exported *target)
{
    struct bookmark *self = target->bookmark;
    uint64_t claim = atomic_exchange(&self->claim, SETTLED);
    Py_ssize_t taken = claim == SETTLED ? 0 : (Py_ssize_t)(claim & 0xff);
    if (taken > 0 && target->object != NULL) {
        iterator_advance(target->object, taken, self->positions[taken - 1]);
    }
}
