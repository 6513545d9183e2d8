// alarm: one thread that notices what a thread inside another interpreter cannot notice itself: its
// deadline has passed, a signal has come, a pending call was run by another thread.
//
// Purpose. It sets bits in a thread's `wakeup` and posts a pending call to the interpreter that the
// thread is in, by the functions given to alarm_start (ground knows no Python). The thread then
// reads `wakeup` and acts.
//
// Lifetime. Started by the first interpreter that is made, stopped before Python finalises; a
// forked child starts its own. A running deadline belongs to its starter, who must stop it.
//
// Threads. Any. alarm_ring is async-signal-safe. Lock order: alarm, threads, registry,
// interp.mutex.
#ifndef ATOLL_GROUND_ALARM_H
#define ATOLL_GROUND_ALARM_H

#include <stdbool.h>
#include <stdint.h>

#include "ground/interpreter/thread.h"

// Why a thread is woken (bits of thread.wakeup).
enum {
    WAKEUP_SIGNAL = 1,       // the main thread: a signal has come
    WAKEUP_DEADLINE = 2,     // one of its deadlines has passed
    WAKEUP_INTERRUPTION = 4, // an exception waits for it in the interpreter that it is in
    WAKEUP_COLLECTION = 8,   // it works for the collector: every interpreter is to let it in
    WAKEUP_CLOSING = 16,     // it closes an interpreter: that is to let it in in any case
    // With one of these a thread turns back on entry, before it has done anything.
    WAKEUP_AT_THE_DOOR = WAKEUP_SIGNAL | WAKEUP_DEADLINE,
    // With one of these it is let in, also by an interpreter that is not preemptive.
    WAKEUP_TO_BE_LET_IN = WAKEUP_AT_THE_DOOR | WAKEUP_COLLECTION | WAKEUP_CLOSING,
};

typedef struct deadline {
    int64_t start, when;    // on the monotonic clock
    int64_t traced;         // trace_clock() at its start
    thread *thread;         // the thread that it limits; NULL: it is not running
    const interp *where;    // where in its thread's visits it was set:
    int depth;              // the interpreter, and the depth of the thread's guest there
    bool is_expired;        // the alarm has seen it
    bool is_heeded;         // an exception was raised for it: no second one is
    struct deadline *outer; // of the same thread, set before
} deadline;

// Where a deadline was set, seen from the level that asks.
typedef enum { DEADLINE_NONE, DEADLINE_HERE, DEADLINE_OUTSIDE } deadline_place;

// `note` notes where the thread is, with locks held. `post` then posts a pending call to each place
// noted, with no lock held.
typedef void (*alarm_note)(thread *whom);
typedef void (*alarm_post)(void);
// Called whenever the thread looks; when it is to be called again, at the latest.
typedef int64_t (*alarm_tick)(void);

// Once it runs, calls do nothing. False: no thread could be started.
bool alarm_start(alarm_note note, alarm_post post, alarm_tick tick);
bool alarm_is_running(void);
void alarm_stop(void); // for good; waits until the thread has ended
void alarm_rest(void); // its thread ends soon; alarm_start starts it again
void alarm_look(void); // call the tick now
void alarm_ring(void); // a signal has come
unsigned alarm_count_signals(void);
bool alarm_is_rung(void); // and has not told the main thread yet
void alarm_retry(void);   // a wake-up was not answered: post it again in a moment

void deadline_start(deadline *self, thread *here, const interp *where, int depth, int64_t duration);
void deadline_stop(deadline *self); // also if it is not running

// Finds the innermost deadline of this thread that has passed and was not heeded, and marks it as
// heeded. With `only_outside` it does not mark one that was set at this very level.
deadline_place deadline_heed(thread *here, const interp *where, int depth, bool only_outside,
                             int64_t *elapsed);
// When the first of this thread's deadlines passes, or has, for which no exception was raised: how
// long it may wait for something beside a GIL. DEADLINE_NEVER: there is none.
int64_t deadline_next(const thread *here);
bool deadline_unheed(thread *here); // its exception was lost: raise it again; false: none
bool deadline_was_heeded(thread *here, const interp *where,
                         int depth); // one of this level
bool deadline_is_expired(const deadline *self);
void deadline_forget_thread(thread *here); // the thread ends

void alarm_fork_prepare(void);
void alarm_fork_parent(void);
void alarm_fork_child(void);

#endif
