// crew: the workers of an executor, and the tasks that wait for one.
//
// Purpose. A worker is an interpreter and a thread of home that runs tasks in it, one after the
// other, without touching home's GIL. While its thread has nothing to do, a thread that waits for a
// task which nobody has begun may borrow the interpreter and run that task itself, at once.
//
// What is done is told lazily: whoever asks for an answer unpacks it. Only a task that is observed
// (its Future has callbacks, or is in a wait()) makes a worker go home to tell.
//
// Lifetime. Counted: by its Crew object and by each Task object. A worker lives as long as its
// thread is in crew_join ... crew_leave. In a forked child a crew is forgotten: it has no threads.
//
// Threads. Any, attached or not; nothing here waits for a GIL. The mutex guards the queue, the
// workers and every phase; it is a leaf. No Python runs under it.
#ifndef ATOLL_BRIDGE_CREW_H
#define ATOLL_BRIDGE_CREW_H

#include <Python.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "bridge/executor/task.h"
#include "ground/interpreter/closing.h"
#include "ground/interpreter/interp.h"

typedef enum {
    WORKER_BUSY, // its thread runs a task
    WORKER_FREE, // its thread waits for one, or is about to
    WORKER_AWAY, // its thread is at home, telling observers
    WORKER_LENT, // another thread runs a task in its interpreter
} worker_state;

typedef struct crew_worker {
    interp *host; // borrowed from the thread
    worker_state state;
    bool is_waiting; // its thread sleeps on `wake`
    bool is_called;  // ... but has been woken
    pthread_cond_t wake;
    function_cache functions; // under the host's GIL
    struct crew_worker *next;
} crew_worker;

typedef enum { CREW_OPEN, CREW_SHUT_DOWN, CREW_EXITING, CREW_BROKEN } crew_phase;

typedef struct {
    atomic_intptr_t references;
    unsigned generation; // of the process: forks so far
    bool may_lend;
    int limit; // of workers
    pthread_mutex_t mutex;
    _Atomic(crew_phase) phase;
    task *first, *last;    // pending
    atomic_size_t pending; // read without the mutex by whoever spins
    crew_worker *workers;
    int count;    // workers, and threads about to be
    int starting; // of these, not yet joined
    int free, called;
    task *observed;   // done, linked by next: their observers are to be told
    bool is_spinning; // a free worker's thread looks for tasks before it sleeps
    bool is_telling;  // a thread is at it, until `observed` is empty
} crew;

// What a worker's thread is to do next.
typedef enum { CREW_RUN, CREW_TELL, CREW_IDLE, CREW_END } crew_order;

typedef struct task_waiter {
    sem_t semaphore;
    struct task_waiter *next;
} task_waiter;

crew *crew_new(int limit, bool may_lend); // NULL: out of memory
void crew_incref(crew *self);
void crew_decref(crew *self);
bool crew_is_forgotten(const crew *self); // in a forked child

// Queue tasks, linked by next; counts of the queue's own are taken from the caller. Says what the
// crew is if not open; then nothing is queued.
crew_phase crew_submit(crew *self, task *first, size_t count);
bool crew_wants_worker(crew *self); // true: one is expected, to join or to be given up
void crew_give_up(crew *self);

void crew_join(crew *self, crew_worker *worker, interp *host);
void crew_leave(crew *self, crew_worker *worker, task *done); // done: as for crew_next

// What next? `done` is the task that this worker has just run, or NULL. Waits until the deadline,
// at most: 0 does not wait, so that it may be called attached. CREW_RUN: `next` is running now.
crew_order crew_next(crew *self, crew_worker *worker, task *done, int64_t deadline, task **next);

// Whoever tells takes all that is observed, until none is left; then others may.
bool crew_begin_telling(crew *self);
task *crew_take_observed(crew *self); // NULL: none is left

crew_worker *crew_borrow(crew *self, task *wanted); // NULL: not pending, or nobody is free
void crew_give_back(crew *self, crew_worker *worker, task *done, bool has_run);

bool crew_cancel(crew *self, task *unwanted);
bool crew_observe(crew *self, task *watched, PyObject *observer); // false: too late
void crew_shut_down(crew *self, crew_phase why);
task *crew_drain(crew *self, bool is_broken); // no task is pending then; the observed ones, linked

// One thread unpacks an answer. crew_begin_fetch: may this one?
bool crew_begin_fetch(crew *self, task *done);
void crew_end_fetch(crew *self, task *done);

// Wait until a task is no longer in this phase or the one before it; detached.
wait_result crew_wait(crew *self, task *awaited, task_phase beyond, int64_t deadline);

#endif
