// sampling: how interpreters and threads spend their time, seen by looking again and again.
//
// Purpose. Nothing is counted where the time is spent: whoever watches pays. At each look an
// interpreter whose GIL is held counts as busy since the look before, and what CPU time a thread
// has used since then is counted for the interpreter in which it is found. What a thread does is
// known to last since the first look that found it so.
//
// Lifetime. Of the process. Nothing is counted between looks that are far apart.
//
// Threads. One, that of the monitor's server. It waits for locks that are held for some
// instructions.
#ifndef ATOLL_BRIDGE_SAMPLING_H
#define ATOLL_BRIDGE_SAMPLING_H

#include <stdint.h>

#include "ground/interpreter/thread.h"

#define SAMPLING_INTERPRETERS 256 // more are left out
#define SAMPLING_THREADS      256

void sampling_look(void);

int64_t sampling_observed(void); // nanoseconds in which there were looks

typedef struct {
    int64_t busy, cpu; // nanoseconds, while it was looked at
} sampling_interpreter;

sampling_interpreter sampling_of_interpreter(int64_t id);

// Since when the thread does what it does; 0: not known.
int64_t sampling_since(unsigned long ident, int64_t current, int64_t blocked, uint64_t begun,
                       int depth);

#endif
