// worker_pool: the workers of an executor, and the tasks that wait for them.
//
// Purpose. A worker is an interpreter, and a thread of home that runs tasks in it, one after
// another, without taking home's GIL.
//
// An answer stays packed until a thread asks for it. Only after a task that is observed (its Future
// has callbacks, or is in a wait()) does the worker go home, to tell the observer; then the task is
// done. Other workers can do the same at the same time.
//
// Lifetime. Counted: by its WorkerPool object and by each Task object. A worker lives from its
// thread's worker_pool_join to its worker_pool_leave. In a forked child a worker pool is forgotten:
// it has no threads, and its mutex must not be taken, as one of them may have held it.
//
// Threads. Any, attached or not; nothing here waits for a GIL. The mutex guards the queue, the
// workers, the waiters, and every phase except that of a task that is being fetched. It is a leaf;
// the registry of pools has a lock that is taken before it.
// No Python runs under it.
#ifndef ATOLL_BRIDGE_WORKER_POOL_H
#define ATOLL_BRIDGE_WORKER_POOL_H

#include <Python.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/queue.h>

#include "bridge/executor/task.h"
#include "ground/system/semaphore.h"
#include "ground/interpreter/closing.h"
#include "ground/interpreter/interp.h"

typedef struct pool_worker {
    interp *host;    // borrowed from the thread
    task *running;   // borrowed from the thread
    bool is_free;    // its thread has no task
    bool is_waiting; // its thread sleeps on `wake`
    bool is_called;  // its thread has been woken, but has not yet taken a task
    int left;        // how many tasks it may still take; -1: any number
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

#define WORKER_POOL_NAME_SIZE 64

typedef struct worker_pool worker_pool;
struct worker_pool {
    atomic_intptr_t references;
    unsigned generation; // how many forks led to the process that made it
    int limit;           // of workers
    pthread_mutex_t mutex;
    _Atomic(worker_pool_phase) phase;
    task *first, *last;    // pending
    atomic_size_t pending; // read without the mutex by spinning threads
    pool_worker *workers;
    int count;    // workers, and threads that start
    int starting; // threads among these that have not joined yet
    int free, called;
    bool is_spinning; // a free worker's thread looks for tasks before it sleeps
    uint64_t done;    // tasks that have run
    uint64_t id;
    char name[WORKER_POOL_NAME_SIZE]; // UTF-8
    LIST_ENTRY(worker_pool) link;     // registry
};

typedef struct {
    uint64_t id;
    const char *name;
    worker_pool_phase phase;
    int limit, workers, running;
    size_t queued;
    uint64_t done;
} worker_pool_figures;

// What a worker's thread must do next.
typedef enum {
    WORKER_POOL_RUN,
    WORKER_POOL_TELL,
    WORKER_POOL_IDLE,
    WORKER_POOL_END,
    WORKER_POOL_WORN // it has run as many tasks as it may
} worker_pool_order;

typedef struct task_waiter {
    semaphore semaphore;
    struct task_waiter *next;
} task_waiter;

worker_pool *worker_pool_new(int limit, const char *name); // NULL: out of memory
void worker_pool_incref(worker_pool *self);
void worker_pool_decref(worker_pool *self);
bool worker_pool_is_forgotten(const worker_pool *self); // in a forked child
unsigned worker_pool_forks(void);                       // how many forks led to this process
// Every pool of this process, newest first, under the lock of their registry.
void worker_pool_each(void (*visit)(const worker_pool_figures *figures, void *argument),
                      void *argument);

// Queue tasks, which are linked by `next`; the queue takes over one reference to each. Returns the
// phase of the pool: if that is not open, nothing was queued.
worker_pool_phase worker_pool_submit(worker_pool *self, task *first, size_t count);
// True: start one, and join or give up. `coming` tasks are about to be queued.
bool worker_pool_wants_worker(worker_pool *self, size_t coming);
void worker_pool_give_up(worker_pool *self);

// `limit`: how many tasks it may run; -1: any number.
void worker_pool_join(worker_pool *self, pool_worker *worker, interp *host, int limit);
void worker_pool_leave(worker_pool *self, pool_worker *worker);

// What must the worker do next? `done` is the task that it has just run, or NULL. Waits until the
// deadline; a deadline of 0 does not wait, so that the call may be made attached. WORKER_POOL_RUN:
// run `next`, whose phase is now running. WORKER_POOL_TELL: `next` is `done`; tell its observer.
worker_pool_order worker_pool_next(worker_pool *self, pool_worker *worker, task *done,
                                   int64_t deadline, task **next);

// A task has its answer. It is done, unless it is observed: then it is returned, with its
// reference, and the caller must tell the observer.
task *worker_pool_finish(worker_pool *self, task *done);
void worker_pool_settle(worker_pool *self, task *told,
                        task_phase phase); // after telling the observer

// Take a pending task out of the queue, as cancelled or, if `is_broken`, as one that can never run.
// False: it is not pending any more.
bool worker_pool_withdraw(worker_pool *self, task *unwanted, bool is_broken);
// Withdraw pending tasks up to the first that is observed. Returns that one's observer, a new
// reference, or NULL. Attached to home.
PyObject *worker_pool_drop_pending(worker_pool *self, bool is_broken);
bool worker_pool_observe(worker_pool *self, task *watched, PyObject *observer); // false: too late
// Who runs a task: its interpreter, counted; NULL: nobody.
interp *worker_pool_host_of(worker_pool *self, const task *wanted);
// Give up the tasks that are running: they are done, as ones that never ran; what becomes of them
// is lost. Returns those that are observed, with their counts, linked by next, to be told.
task *worker_pool_lose_running(worker_pool *self);
void worker_pool_shut_down(worker_pool *self, worker_pool_phase why);

// Ends what task_begin_fetch began: fetched, or done again.
void worker_pool_end_fetch(worker_pool *self, task *fetched, task_phase phase);

// Wait while a task is in one of these phases; detached.
wait_result worker_pool_wait(worker_pool *self, task *awaited, task_phase first, task_phase last,
                             int64_t deadline);

#endif
