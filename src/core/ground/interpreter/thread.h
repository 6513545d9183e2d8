// thread: the record of one OS thread: where it is, its guests, how much stack it has.
//
// Purpose. A crossing finds its cached thread state of the target in two loads: the thread's record
// is thread-local, its guests are indexed by interp.index.
//
// Lifetime. Made at a thread's first crossing, freed by a pthread destructor. The destructor calls
// nothing of Python: CPython 3.13.0 runs it for daemon threads after finalisation.
//
// Threads. The fields belong to their thread, except those that anyone may read: `current`
// (thread_next_after), `visits`, `blocked`, and, under the list's lock, `name` (thread_each).
#ifndef ATOLL_GROUND_THREAD_H
#define ATOLL_GROUND_THREAD_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ground/base/attributes.h"
#include "ground/interpreter/interp.h"
#include "ground/interpreter/crossing_log.h"
#include "ground/trace/trace.h"

// What a detached thread waits for, other than a GIL.
typedef enum {
    BLOCKED_NOT,
    BLOCKED_GET,         // a queue's next item
    BLOCKED_PUT,         // room in a queue
    BLOCKED_JOIN,        // all tasks of a queue done
    BLOCKED_VISITORS,    // visitors of an interpreter that it closes
    BLOCKED_OWN_THREADS, // the own threads of an interpreter that it closes
    BLOCKED_CLOSER,      // another thread that closes an interpreter
    BLOCKED_RESULT,      // the result of an executor's call
    BLOCKED_TASK,        // an executor's worker: its next call
} blocked_kind;

#define THREAD_NAME_SIZE 48

struct thread {
    guest **guests; // owned, by interp.index
    uint32_t capacity;
    const char *stack_limit;      // below this address a crossing is refused
    unsigned long ident;          // pthread_self(), as threading.get_ident()
    atomic_int_least64_t current; // id of the interpreter it is in; -1: not known
    interp *creating;             // the interpreter that this thread is making right now, or NULL
    bool is_main;                 // the process's first thread, which handles signals
    bool is_helper;               // started by thread_start
    int mask_depth;               // > 0: what runs must not be interrupted
    int stays;                    // open visits of atoll.h that stay in the interpreter it is in
    unsigned broken_off;          // how often its work was interrupted
    atomic_uint wakeup;           // why it is woken (ground/interpreter/alarm.h); set by any thread
    struct deadline *deadlines;   // of atoll.timeout(), innermost first; the alarm's lock
    atomic_int_least64_t blocked; // see thread_block
    int64_t blocked_since;        // 0: no trace is on
    trace_lane *lane;             // owned, or NULL
    crossing_log visits;
    char name[THREAD_NAME_SIZE]; // UTF-8; "": not known
    thread *next, *previous;     // list of all threads
};

// musl's dlopen loads nothing that has variables in the initial block.
#if defined(__GLIBC__)
#    define THREAD_SELF_MODEL __attribute__((tls_model("initial-exec")))
#else
#    define THREAD_SELF_MODEL
#endif
extern __thread thread *thread_self THREAD_SELF_MODEL;

// Start a helper: a thread of atoll's own, with all signals blocked, as they are for Python's
// threads. False: it could not be started.
bool thread_start(pthread_t *started, void *(*run)(void *), void *argument);

// A child that was forked elsewhere than in the main thread ends with its last thread: CPython has
// it so. When the last one with a record ends, but for helpers, these are to end as well.
void thread_listen_last(void (*end_helpers)(void));

thread *thread_init(void); // this thread's record; NULL: out of memory

static inline thread *
thread_get(void)
{
    thread *self = thread_self;
    return LIKELY(self != NULL) ? self : thread_init();
}

// Signal handlers run in this thread only.
static inline bool
thread_is_main(void)
{
    const thread *self = thread_get();
    return self != NULL && self->is_main;
}

// Is too little of the C stack left to go deeper? (CPython 3.13 only counts calls.)
static inline bool
thread_is_stack_low(void)
{
    const thread *self = thread_get();
    return self != NULL && UNLIKELY((const char *)__builtin_frame_address(0) < self->stack_limit);
}

// Until thread_unmask no wake-up is answered: for finalizers, which would swallow the exception,
// and for code of ours that must run to its end.
static inline thread *
thread_mask(void)
{
    thread *self = thread_get();
    if (LIKELY(self != NULL)) {
        self->mask_depth++;
    }
    return self;
}

void thread_unmask(thread *masked); // what thread_mask returned

// Note what this thread waits for, and its number (0: it has none). Returns what was noted before,
// for thread_unblock.
static inline int64_t
thread_block(blocked_kind kind, int64_t number)
{
    thread *self = thread_get();
    if (self == NULL) {
        return BLOCKED_NOT;
    }
    self->blocked_since = trace_clock();
    return atomic_exchange(&self->blocked, number << 8 | kind);
}

void thread_trace_block(thread *self);

static inline void
thread_unblock(int64_t before)
{
    if (thread_self != NULL) {
        if (UNLIKELY(thread_self->blocked_since != 0)) {
            thread_trace_block(thread_self);
        }
        atomic_store(&thread_self->blocked, before);
    }
}

static inline blocked_kind
thread_blocked_kind(int64_t blocked)
{
    return (blocked_kind)(blocked & 0xff);
}

static inline int64_t
thread_blocked_number(int64_t blocked)
{
    return blocked >> 8;
}

void thread_set_name(thread *self, const char *name); // UTF-8

// This thread's guest in an interpreter, or NULL. Borrowed from self.
static inline guest *
thread_guest(thread *self, const interp *host)
{
    guest *visitor = LIKELY(host->index < self->capacity) ? self->guests[host->index] : NULL;
    return LIKELY(visitor != NULL && visitor->interp == host) ? visitor : NULL;
}

// How deep this thread is in an interpreter. Interpreter and depth together name a level of its
// visits.
static inline int
thread_depth(thread *self, const interp *host)
{
    const guest *visitor = thread_guest(self, host);
    return visitor == NULL ? 0 : visitor->depth;
}

bool thread_reserve(thread *self, const interp *host); // room for one guest; false: memory
void thread_set_guest(thread *self, const interp *host, guest *visitor);
bool thread_is_inside_closing(thread *self);
int64_t thread_find_current(unsigned long ident);                              // -1: unknown
void thread_each(void (*visit)(thread *each, void *argument), void *argument); // under their lock
bool thread_next_after(unsigned long ident, unsigned long *next, int64_t *current);

void thread_fork_prepare(void);
void thread_fork_parent(void);
void thread_fork_child(void); // after interp_fork_child

#endif
