// alarm: one thread that notices what a thread inside another interpreter cannot: its deadline has
// passed, a signal has come, a pending call was answered by the wrong thread.
//
// Purpose. It sets a thread's `wakeup` and has a pending call posted wherever that thread is, by
// the functions given to alarm_start (ground knows no Python). The thread looks up and acts.
//
// Lifetime. Started by the first interpreter that is made, stopped before Python finalises; a
// forked child starts its own. A running deadline belongs to whoever started it, and is stopped by
// it.
//
// Threads. Any. alarm_ring is async-signal-safe. Lock order: alarm, threads, registry,
// interp.mutex.
#ifndef ATOLL_GROUND_ALARM_H
#define ATOLL_GROUND_ALARM_H

#include <stdbool.h>
#include <stdint.h>

#include "ground/interpreter/thread.h"

// Why a thread is to look up (thread.wakeup).
enum {
    WAKEUP_SIGNAL = 1,       // the main thread: a signal has come
    WAKEUP_DEADLINE = 2,     // one of its deadlines has passed
    WAKEUP_INTERRUPTION = 4, // where it is, an exception waits for it
    WAKEUP_COLLECTION = 8,   // a deputy of the collector is to be let in wherever it wants
    // With these a visitor turns back before it has done anything.
    WAKEUP_AT_THE_DOOR = WAKEUP_SIGNAL | WAKEUP_DEADLINE,
    // With these it is let in, also where nobody is preempted.
    WAKEUP_TO_BE_LET_IN = WAKEUP_AT_THE_DOOR | WAKEUP_COLLECTION,
};

typedef struct deadline {
    int64_t start, when;    // on the monotonic clock
    thread *thread;         // whose; NULL: it is not running
    const interp *where;    // the level of its thread's visits at which it was set:
    int depth;              // the interpreter, and the depth of the thread's guest there
    bool is_expired;        // the alarm has seen it
    bool is_heeded;         // an exception was raised for it: once is enough
    struct deadline *outer; // the same thread's, set before
} deadline;

// Where a deadline was set, seen from the level that asks.
typedef enum { DEADLINE_NONE, DEADLINE_HERE, DEADLINE_OUTSIDE } deadline_place;

// Note where the thread is; called with locks held. Then, with none, post a pending call there.
typedef void (*alarm_note)(thread *whom);
typedef void (*alarm_post)(void);

// False: no thread to be had. The second time it does nothing.
bool alarm_start(alarm_note note, alarm_post post);
void alarm_stop(void); // for good; waits for it
void alarm_rest(void); // its thread ends soon; alarm_start starts it again
void alarm_ring(void); // a signal has come
unsigned alarm_count_signals(void);
void alarm_retry(void); // a wake-up was not answered: post it again in a moment

void deadline_start(deadline *self, thread *here, const interp *where, int depth, int64_t duration);
void deadline_stop(deadline *self); // also if it is not running

// The innermost deadline of this thread that has passed and was not heeded. It is heeded now,
// except that with `only_outside` one that was set at this very level is left as it is.
deadline_place deadline_heed(thread *here, const interp *where, int depth, bool only_outside,
                             int64_t *elapsed);
bool deadline_unheed(thread *here); // what was raised is lost, and comes again; false: nothing was
bool deadline_was_heeded(thread *here, const interp *where, int depth); // one of this very level
bool deadline_is_expired(const deadline *self);
void deadline_forget_thread(thread *here); // it ends

void alarm_fork_prepare(void);
void alarm_fork_parent(void);
void alarm_fork_child(void);

#endif
