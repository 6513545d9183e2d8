// crew: the workers of an executor, and the tasks that wait for one.
//
// Purpose. A worker is an interpreter and a thread of home that runs tasks in it, one after the
// other, without touching home's GIL.
//
// What is done is told lazily: whoever asks for an answer unpacks it. Only a task that is observed
// (its Future has callbacks, or is in a wait()) makes its worker go home, where it is done once its
// observers are told. Others are told by their own workers meanwhile.
//
// Lifetime. Counted: by its Crew object and by each Task object. A worker lives as long as its
// thread is in crew_join ... crew_leave. In a forked child a crew is forgotten: it has no threads,
// and its mutex, which one of them may have held, must not be taken.
//
// Threads. Any, attached or not; nothing here waits for a GIL. The mutex guards the queue, the
// workers, who waits, and every phase but that of a task which is being fetched; it is a leaf. No
// Python runs under it.
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

typedef struct crew_worker {
    interp *host;    // borrowed from the thread
    bool is_free;    // its thread waits for a task, or is about to
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
    int limit;           // of workers
    pthread_mutex_t mutex;
    _Atomic(crew_phase) phase;
    task *first, *last;    // pending
    atomic_size_t pending; // read without the mutex by whoever spins
    crew_worker *workers;
    int count;    // workers, and threads about to be
    int starting; // of these, not yet joined
    int free, called;
    bool is_spinning; // a free worker's thread looks for tasks before it sleeps
} crew;

// What a worker's thread is to do next.
typedef enum { CREW_RUN, CREW_TELL, CREW_IDLE, CREW_END } crew_order;

typedef struct task_waiter {
    sem_t semaphore;
    struct task_waiter *next;
} task_waiter;

crew *crew_new(int limit); // NULL: out of memory
void crew_incref(crew *self);
void crew_decref(crew *self);
bool crew_is_forgotten(const crew *self); // in a forked child
unsigned crew_forks(void);                // that made this process

// Queue tasks, linked by next; counts of the queue's own are taken from the caller. Says what the
// crew is if not open; then nothing is queued.
crew_phase crew_submit(crew *self, task *first, size_t count);
bool crew_wants_worker(crew *self); // true: one is expected, to join or to be given up
void crew_give_up(crew *self);

void crew_join(crew *self, crew_worker *worker, interp *host);
void crew_leave(crew *self, crew_worker *worker);

// What next? `done` is the task that this worker has just run, or NULL. Waits until the deadline,
// at most: 0 does not wait, so that it may be called attached. CREW_RUN: `next` is running now.
// CREW_TELL: `next` is `done`, to be told.
crew_order crew_next(crew *self, crew_worker *worker, task *done, int64_t deadline, task **next);

// A task has its answer. It is done, unless it is observed: then it is returned, with its count, to
// be told.
task *crew_finish(crew *self, task *done);
void crew_settle(crew *self, task *told, task_phase phase); // its observers are being told: done

// Take a task that nobody has begun out of the queue, cancelled or as one that never ran. False:
// somebody has.
bool crew_withdraw(crew *self, task *unwanted, bool is_broken);
// Withdraw what is pending and not observed. Returns the observer of the first that is left, a new
// reference, or NULL. Attached to home.
PyObject *crew_drop_pending(crew *self, bool is_broken);
bool crew_observe(crew *self, task *watched, PyObject *observer); // false: too late
void crew_shut_down(crew *self, crew_phase why);

// This thread has fetched an answer, or not (task_begin_fetch).
void crew_end_fetch(crew *self, task *fetched, task_phase phase);

// Wait while a task is in one of these phases; detached.
wait_result crew_wait(crew *self, task *awaited, task_phase first, task_phase last,
                      int64_t deadline);

#endif
