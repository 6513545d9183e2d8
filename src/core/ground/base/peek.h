// peek: read memory that may be gone.
//
// Purpose. Looking at what another thread is using right now, without stopping it: the kernel
// copies, and where nothing is mapped any more it says so instead of ending the process.
//
// Threads. Any; async-signal-safe.
//
// Errors. False: nothing is there, or this kernel does not allow it (process_vm_readv; some
// sandboxes).
#ifndef ATOLL_GROUND_PEEK_H
#define ATOLL_GROUND_PEEK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ground/base/attributes.h"

MUST_CHECK bool peek(void *to, uintptr_t from, size_t size);

static inline MUST_CHECK bool
peek_word(uintptr_t *to, uintptr_t from)
{
    return peek(to, from, sizeof *to);
}

#endif
