// worker_pool: the workers of an executor, and the tasks that wait for one.
//
// Purpose. A worker is an interpreter and a thread of home that runs tasks in it, one after the
// other, without touching home's GIL.
//
// What is done is told lazily: whoever asks for an answer unpacks it. Only a task that is observed
// (its Future has callbacks, or is in a wait()) makes its worker go home, where it is done once its
// observers are told. Others are told by their own workers meanwhile.
//
// Lifetime. Counted: by its WorkerPool object and by each Task object. A worker lives as long as
// its thread is in worker_pool_join ... worker_pool_leave. In a forked child a worker pool is
// forgotten: it has no threads, and its mutex, which one of them may have held, must not be taken.
//
// Threads. Any, attached or not; nothing here waits for a GIL. The mutex guards the queue, the
// workers, who waits, and every phase but that of a task which is being fetched; it is a leaf. No
// Python runs under it.
#ifndef ATOLL_BRIDGE_WORKER_POOL_H
#define ATOLL_BRIDGE_WORKER_POOL_H

#include <Python.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "bridge/executor/task.h"
#include "ground/interpreter/closing.h"
#include "ground/interpreter/interp.h"

typedef struct pool_worker {
    interp *host;    // borrowed from the thread
    bool is_free;    // its thread waits for a task, or is about to
    bool is_waiting; // its thread sleeps on `wake`
    bool is_called;  // ... but has been woken
    pthread_cond_t wake;
    function_cache functions; // under the host's GIL
    struct pool_worker *next;
} pool_worker;

typedef enum {
    WORKER_POOL_OPEN,
    WORKER_POOL_SHUT_DOWN,
    WORKER_POOL_EXITING,
    WORKER_POOL_BROKEN
} worker_pool_phase;

typedef struct {
    atomic_intptr_t references;
    unsigned generation; // of the process: forks so far
    int limit;           // of workers
    pthread_mutex_t mutex;
    _Atomic(worker_pool_phase) phase;
    task *first, *last;    // pending
    atomic_size_t pending; // read without the mutex by whoever spins
    pool_worker *workers;
    int count;    // workers, and threads about to be
    int starting; // of these, not yet joined
    int free, called;
    bool is_spinning; // a free worker's thread looks for tasks before it sleeps
} worker_pool;

// What a worker's thread is to do next.
typedef enum {
    WORKER_POOL_RUN,
    WORKER_POOL_TELL,
    WORKER_POOL_IDLE,
    WORKER_POOL_END
} worker_pool_order;

typedef struct task_waiter {
    sem_t semaphore;
    struct task_waiter *next;
} task_waiter;

worker_pool *worker_pool_new(int limit); // NULL: out of memory
void worker_pool_incref(worker_pool *self);
void worker_pool_decref(worker_pool *self);
bool worker_pool_is_forgotten(const worker_pool *self); // in a forked child
unsigned worker_pool_forks(void);                       // that made this process

// Queue tasks, linked by next; counts of the queue's own are taken from the caller. Says what the
// worker pool is if not open; then nothing is queued.
worker_pool_phase worker_pool_submit(worker_pool *self, task *first, size_t count);
bool
worker_pool_wants_worker(worker_pool *self); // true: one is expected, to join or to be given up
void worker_pool_give_up(worker_pool *self);

void worker_pool_join(worker_pool *self, pool_worker *worker, interp *host);
void worker_pool_leave(worker_pool *self, pool_worker *worker);

// What next? `done` is the task that this worker has just run, or NULL. Waits until the deadline,
// at most: 0 does not wait, so that it may be called attached. WORKER_POOL_RUN: `next` is running
// now. WORKER_POOL_TELL: `next` is `done`, to be told.
worker_pool_order worker_pool_next(worker_pool *self, pool_worker *worker, task *done,
                                   int64_t deadline, task **next);

// A task has its answer. It is done, unless it is observed: then it is returned, with its count, to
// be told.
task *worker_pool_finish(worker_pool *self, task *done);
void worker_pool_settle(worker_pool *self, task *told,
                        task_phase phase); // its observers are being told: done

// Take a task that nobody has begun out of the queue, cancelled or as one that never ran. False:
// somebody has.
bool worker_pool_withdraw(worker_pool *self, task *unwanted, bool is_broken);
// Withdraw what is pending and not observed. Returns the observer of the first that is left, a new
// reference, or NULL. Attached to home.
PyObject *worker_pool_drop_pending(worker_pool *self, bool is_broken);
bool worker_pool_observe(worker_pool *self, task *watched, PyObject *observer); // false: too late
void worker_pool_shut_down(worker_pool *self, worker_pool_phase why);

// This thread has fetched an answer, or not (task_begin_fetch).
void worker_pool_end_fetch(worker_pool *self, task *fetched, task_phase phase);

// Wait while a task is in one of these phases; detached.
wait_result worker_pool_wait(worker_pool *self, task *awaited, task_phase first, task_phase last,
                             int64_t deadline);

#endif
