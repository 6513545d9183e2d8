// reporter: one thread that reports where all threads are, when a signal asks for it, or a watchdog
// finds that a visit has been taking too long.
//
// Purpose. It needs nobody's help: a thread that is stuck, with a GIL or without, cannot keep it
// from reporting. What a report says is a function given to it (ground knows no Python).
//
// Lifetime. Started by the first signal or watchdog, and not stopped at exit: a process that hangs
// while it ends is worth a report too. A forked child starts its own.
//
// Threads. Any. reporter_ring is async-signal-safe. Lock order: reporter, threads.
//
// Errors. False: no thread to be had; or see the function.
#ifndef ATOLL_GROUND_REPORTER_H
#define ATOLL_GROUND_REPORTER_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include "ground/base/attributes.h"
#include "ground/interpreter/thread.h"

typedef struct {
    unsigned long ident; // of the thread
    const void *host;    // interp; only to be compared
    int64_t elapsed;     // nanoseconds
} slow_visit;

// With none: a signal asks. With no reporter lock held.
typedef void (*reporter_report)(int descriptor, const slow_visit *slow, int count);

#define WATCHDOG_LIMIT (INT64_MAX / 4)

typedef struct watchdog {
    int64_t limit;  // nanoseconds; at most WATCHDOG_LIMIT
    int descriptor; // where to report to; the watchdog's own
    bool is_running;
    int64_t start;  // when it was started
    int64_t looked; // what was too slow by then has been reported
    struct watchdog *next;
} watchdog;

void reporter_init(reporter_report report); // before all else
void reporter_rest(void); // its thread ends soon; the next watchdog or signal starts it again

// Each slow visit is reported once, with those inside it. False: no thread.
MUST_CHECK bool watchdog_start(watchdog *self);
void watchdog_stop(watchdog *self); // also if it is not running

// Report to this descriptor, which is the reporter's from now on, whenever the signal comes.
MUST_CHECK bool reporter_register(int number, int descriptor); // false: errno says why
bool reporter_unregister(int number);                          // false: it was not registered

// Where the signal's handler is ours: look at, or change, what it is to restore. False: it is not.
bool reporter_look_beneath(int number, bool (*look)(int number, struct sigaction *action),
                           bool *result);

void reporter_fork_prepare(void);
void reporter_fork_parent(void);
void reporter_fork_child(void);

#endif
