// peek: read memory that may be gone.
//
// Purpose. Looks at what another thread is using right now, without stopping it. The kernel copies,
// and reports an unmapped address as an error instead of ending the process.
//
// Threads. Any; async-signal-safe.
//
// Errors. False: nothing is mapped there, or process_vm_readv is not allowed (in some sandboxes).
#ifndef ATOLL_GROUND_PEEK_H
#define ATOLL_GROUND_PEEK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "ground/base/attributes.h"

MUST_CHECK bool peek(void *to, uintptr_t from, size_t size);

// The memory of another process, if the system allows that; else errno says why not.
MUST_CHECK bool peek_process(pid_t pid, void *to, uintptr_t from, size_t size);
MUST_CHECK bool poke_process(pid_t pid, uintptr_t to, const void *from, size_t size);

static inline MUST_CHECK bool
peek_word(uintptr_t *to, uintptr_t from)
{
    return peek(to, from, sizeof *to);
}

#endif
