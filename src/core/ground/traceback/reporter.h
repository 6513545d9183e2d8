// reporter: one thread that reports where all threads are when a signal comes, or when a watchdog
// finds that a visit takes too long.
//
// Purpose. It needs no GIL, so no stuck thread can keep it from reporting. The function given to
// reporter_init writes the report (ground knows no Python).
//
// Lifetime. Started by the first signal or watchdog, and not stopped at exit: a process that hangs
// while it ends is worth a report too. A forked child starts its own.
//
// Threads. Any. The signal handler is async-signal-safe. Lock order: reporter, threads.
//
// Errors. False: the thread could not be started; or see the function.
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

// Writes a report. No slow visits: a signal asked for it. Called without the reporter's lock.
typedef void (*reporter_report)(int descriptor, const slow_visit *slow, int count);

#define WATCHDOG_LIMIT (INT64_MAX / 4)

typedef struct watchdog {
    int64_t limit;  // nanoseconds; at most WATCHDOG_LIMIT
    int descriptor; // where to report; belongs to the watchdog
    bool is_running;
    int64_t start;  // when it was started
    int64_t looked; // what was too slow at that time has been reported
    struct watchdog *next;
} watchdog;

void reporter_init(reporter_report report); // call first
void reporter_rest(void); // its thread ends soon; the next watchdog or signal starts it again

// Each slow visit is reported once, with those inside it. False: no thread.
MUST_CHECK bool watchdog_start(watchdog *self);
void watchdog_stop(watchdog *self); // also if it is not running

// Report to this descriptor, which belongs to the reporter from now on, whenever the signal comes.
MUST_CHECK bool reporter_register(int number, int descriptor); // false: errno says why
bool reporter_unregister(int number);                          // false: it was not registered

// If our handler is installed for the signal, let `look` read or change what it will restore.
// False: it is not installed.
bool reporter_look_beneath(int number, bool (*look)(int number, struct sigaction *action),
                           bool *result);

void reporter_fork_prepare(void);
void reporter_fork_parent(void);
void reporter_fork_child(void);

#endif
