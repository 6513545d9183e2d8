// snapshot: where all threads of all interpreters are at one moment, as far as it can be seen
// without stopping them.
//
// Lifetime. Of whoever took it: free(). What it has the addresses of may be gone: it is compared,
// or read by bridge/traceback/frames.
//
// Threads. Any, with or without a thread state. It waits only for locks that are held for some
// instructions.
#ifndef ATOLL_BRIDGE_SNAPSHOT_H
#define ATOLL_BRIDGE_SNAPSHOT_H

#include <Python.h>
#include <stdbool.h>

#include "bridge/traceback/frames.h"
#include "ground/base/text.h"
#include "ground/interpreter/thread.h"

#define SNAPSHOT_THREADS      256 // more are left out
#define SNAPSHOT_INTERPRETERS 256
#define SNAPSHOT_STATES       1024
#define SNAPSHOT_TRANSITS     256

// A thread's name, if the caller knows it.
typedef struct {
    unsigned long ident;
    char name[THREAD_NAME_SIZE];
} thread_name;

typedef struct {
    frames_interpreter python;
    const interp *record; // only compared; NULL: atoll does not know the interpreter
    interp_phase phase;
    char name[INTERP_NAME_SIZE];
} seen_interp;

typedef struct {
    frames_state state;
    int interp; // index
} seen_state;

// A guest that waits for a GIL, to enter or to return.
typedef struct {
    const thread *whose; // only compared
    const interp *where;
    guest_presence how;
} seen_transit;

typedef struct {
    unsigned long ident;
    unsigned long native_ident; // 0: no interpreter has a state of it
    const thread *record;       // only compared; NULL: atoll does not know the thread
    bool is_main;
    char name[THREAD_NAME_SIZE];
    int64_t current; // id of the interpreter that it is in; -1: not known
    int64_t blocked;
    uint64_t begun; // visits so far
    int depth;
    crossing_log_seen levels[CROSSING_LOG_LEVELS];
} seen_thread;

typedef struct {
    int interp_count, state_count, transit_count, thread_count;
    int thread_left_out;
    seen_interp interps[SNAPSHOT_INTERPRETERS];
    seen_state states[SNAPSHOT_STATES];
    seen_transit transits[SNAPSHOT_TRANSITS];
    seen_thread threads[SNAPSHOT_THREADS];
} snapshot;

snapshot *snapshot_take(const thread_name *names, int count); // NULL: out of memory

// Borrowed from the snapshot; NULL: there is none.
const seen_interp *snapshot_find_record(const snapshot *all, const void *record);
const seen_interp *snapshot_find_id(const snapshot *all, int64_t id);
seen_thread *snapshot_find_thread(snapshot *all, unsigned long ident);
// The thread's state in this interpreter.
const frames_state *snapshot_find_state(const snapshot *all, unsigned long ident,
                                        const seen_interp *where);
const frames_state *snapshot_find_holder(const snapshot *all,
                                         const seen_interp *where); // of its GIL
// The guest through which the thread waits to enter or return.
const seen_transit *snapshot_find_transit(const snapshot *all, const seen_thread *thread);

const char *snapshot_name_of(const seen_interp *seen); // may be NULL
// Has it something to tell, or does it only clean up in the background?
bool snapshot_is_worth_telling(const snapshot *all, const seen_thread *thread);

#endif
