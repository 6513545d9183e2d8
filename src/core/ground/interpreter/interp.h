// interp: the process's record of one interpreter; guest: one thread's presence in one interpreter.
//
// Purpose. Everything that must be known about an interpreter without holding its GIL: is it open,
// which threads are inside, what is waiting to be done there. It holds no PyObject.
//
// Lifetime. A record outlives its interpreter: it is counted by the registry (until closed), by
// every guest, every export and every handle, and freed with the last of them.
//
// Threads. Each field's comment names its guard. Lock order: registry, then interp.mutex; the locks
// of names and reaper are leaves. No Python call, allocation of objects or DECREF happens under any
// of them.
#ifndef ATOLL_GROUND_INTERP_H
#define ATOLL_GROUND_INTERP_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "ground/system/barrier.h"
#include "ground/base/names.h"
#include "ground/interpreter/deferred.h"

typedef enum {
    INTERP_OPEN,
    INTERP_CLOSING, // its closer waits for those inside; it may be opened (again)
    INTERP_ENDING,  // nobody is inside, and nobody can enter
    INTERP_CLOSED,
} interp_phase;

// What a thread that has just entered must look after (bits of interp.attention).
enum {
    ATTENTION_DEFERRED = 1,      // some of the deferred jobs that were taken are still due
    ATTENTION_DEAD = 2,          // thread states of ended threads are to be deleted
    ATTENTION_YIELDER = 4,       // a thread let the GIL go and waits until those entering are in
    ATTENTION_RESERVED = 8,      // nobody may enter, except woken threads, which then turn back
    ATTENTION_INTERRUPTION = 16, // an exception waits for those who were inside when it came
    ATTENTION_NEWCOMER = 32,     // a thread that has never been inside is about to enter
    ATTENTION_TRACED = 64,       // a trace is on: each arrival is noted
};

// Who uses it. Listings show users only those in use.
typedef enum {
    ROLE_IN_USE,    // a user's
    ROLE_MADE,      // being made ready by the standby thread
    ROLE_READY,     // kept ready for the next user that asks for one
    ROLE_PREWARMED, // ready because a user asked for it (prewarm): given out first
    ROLE_RETIRED,   // not needed any more: the standby thread is to close it
} interp_role;

// Returning: back from another interpreter, or after letting the GIL go for a moment.
typedef enum { GUEST_ABSENT, GUEST_ENTERING, GUEST_RETURNING, GUEST_INSIDE } guest_presence;

#define INTERP_NAME_SIZE     64
#define INTERP_ACTIVITY_SIZE 160

typedef struct interp interp;
typedef struct guest guest;
typedef struct thread thread; // ground/interpreter/thread.h

struct interp {
    atomic_intptr_t references;
    _Atomic(interp_phase) phase;
    atomic_uint attention;
    uint32_t index; // its slot in every thread's guest table; reused after closing
    int64_t id;     // CPython's id of the interpreter
    bool is_main;
    atomic_bool is_preemptive;
    bool is_forgotten; // by a forked child
    bool is_abandoned; // its thread has ended: it closes with its last export; under its GIL
    _Atomic(interp_role) role;   // written under the registry's mutex
    char name[INTERP_NAME_SIZE]; // UTF-8; set anew when a ready one is taken
    void *python_state;          // borrowed PyInterpreterState, valid until CLOSED
    void *core_state;            // its _core module's state; under its GIL
    void *extension;             // its private copies of extension modules, or NULL; under its GIL
    _Atomic(uint64_t) crossings; // entries so far; written under its GIL
    deferred_stack deferred;
    deferred *due;                      // deferred jobs taken but not yet run; under its GIL
    struct async_wait *pending;         // what its event loops wait for at queues; under its GIL
    const volatile int *gil_flag;       // CPython's memory: see interp_is_running
    void *const volatile *gil_holder;   // so too: the thread state that has, or last had, its GIL
    void *const volatile *newest_state; // so too: the thread state that was made last
    const volatile unsigned *gil_sleepers; // so too: 8 for each thread that sleeps until it is free
    // Parking (bridge/parking/parking.h). What is not atomic is under its GIL.
    _Atomic(guest *) parked;    // whose thread state holds its GIL while its thread is elsewhere
    atomic_int takers;          // threads that are about to take its GIL, or wait for it
    atomic_int revokers;        // threads that use, or look for, a thread state that has it parked
    atomic_uint guests_version; // changes when own threads are to be counted anew
    unsigned counted_version;   // its value, and newest_state's, when own_states were counted
    const void *counted_newest;
    int own_states;          // thread states that are no visitor's
    int sleepers;            // of them, those that announce themselves before they take the GIL
    int guests_here;         // owned guests that entered and have not crossed to elsewhere
    int skips, reluctance;   // how often not to park it from now on; and after the next revocation
    atomic_bool was_revoked; // by a thread that is about to enter
    _Atomic(uint64_t) parkings, revocations;
    _Atomic(uint64_t) parkings_seen; // by the alarm
    atomic_uint departures;          // how often a crossing released its GIL; written under its GIL
    atomic_int crowd;            // > 0: threads have met at its door (ground/interpreter/door.h)
    atomic_int claim;            // 1: a thread at its door is about to take its GIL
    atomic_int returning;        // threads that gave way and want its GIL back
    atomic_bool is_handing_over; // its GIL is kept free for a thread that sleeps until it is
    atomic_uint handed_over;     // the departures when it last was
    atomic_int waiting; // visitors that found the GIL taken; 1 more while an interruption waits
    atomic_int posted;  // a pending call that lets them in is queued
    int turns; // how many need its threads to take turns (bridge/python/turns); under its GIL
    double interval_without_turns; // seconds; under its GIL
    bool has_closer_turns;         // whoever closes it is one of them; for that one only
    atomic_int buffers;            // buffers of its objects in use elsewhere
    atomic_int handles;            // handle objects, those under way, and whoever makes the first
    deferred dropped;              // a job for itself: it has no handle any more
    atomic_bool is_drop_queued;
    atomic_uint twin_epoch; // of its classes (bridge/classes/twin); written under its GIL
    _Atomic(uint64_t) shapes[NAMES_MAX / 64]; // bits by the number of a shape: it has the class;
                                              // written under its GIL
    pthread_mutex_t mutex;
    pthread_cond_t moved; // a guest got in or left; with mutex
    guest *guests;        // mutex
    guest *dead;          // mutex; guests whose thread has ended, linked by next_dead
    int yielders;         // mutex
    int pins;             // mutex; threads that call CPython about it without being inside
    int lookers;          // mutex; threads that run the pending call
    bool is_unasked;      // mutex; no more pending calls may be posted
    int reservations;     // mutex; threads that have it reserved
    char activity[INTERP_ACTIVITY_SIZE]; // mutex; what one of those threads was doing
    _Atomic(struct event_loop *) loops;  // mutex; those that wait here
    void *interruption;     // mutex; parcel with the exception for one of the interruptible ones
    bool may_interrupt_own; // mutex; the interpreter's own threads are interruptible too
    interp *next;           // registry; newest first
    interp *next_noted;     // alarm thread only; counted and pinned
    bool is_noted;          // alarm thread only
};

struct guest {
    void *thread_state; // PyThreadState; owned if is_owned, else borrowed from the running thread;
                        // NULL once it is deleted, before the guest is freed
    interp *interp;     // counted
    bool is_owned;      // made by us for a visitor, not by CPython for its own thread
    int depth;          // visits and suspended frames of this thread; this thread only
    _Atomic(guest_presence) presence;
    bool is_dead;          // interp.mutex; its thread has ended
    bool is_reaped;        // interp.mutex; its thread state was deleted by the closer
    bool is_new;           // interp.mutex; it has never been inside
    bool is_awaited;       // interp.mutex; a thread gives way until it has entered
    bool is_holding;       // its thread has the interpreter reserved; this thread only
    bool is_interruptible; // interp.mutex; was present when the interpreter's interruption came
    void *interruption;    // interp.mutex; parcel with the exception for this thread alone
    atomic_bool is_idle; // a worker that waits inside for its next call, or a closer: it is not to
                         // be interrupted there; written by its thread
    thread *thread;      // valid until is_dead
    _Atomic(const void *) errand; // the one of many calls that its thread runs; written by it
    void *parked_state;     // the thread state that has its interpreter's GIL parked, if one has
    bool is_here;           // it counts in interp.guests_here; under the interpreter's GIL
    guest *next, *previous; // interp.mutex
    guest *next_dead;       // interp.mutex
};

interp *interp_new(void *python_state, int64_t id, const char *name, bool is_main,
                   bool is_preemptive);
void interp_incref(interp *self);
void interp_decref(interp *self);

static inline interp_phase
interp_get_phase(const interp *self)
{
    return atomic_load_explicit(&((interp *)self)->phase, memory_order_acquire);
}

// A hint: does a thread sleep in CPython until the GIL is free? Call as interp_is_running.
static inline bool
interp_has_sleepers(const interp *self)
{
    return __atomic_load_n(self->gil_sleepers, __ATOMIC_RELAXED) >= 8;
}

// Call with its GIL held: then nobody else writes.
static inline void
interp_count_crossings(interp *self, int change)
{
    uint64_t before = atomic_load_explicit(&self->crossings, memory_order_relaxed);
    atomic_store_explicit(&self->crossings, before + (uint64_t)change, memory_order_relaxed);
}

// Under its GIL: instances of the class of that number can be made there.
static inline void
interp_note_shape(interp *self, int32_t number, bool has_class)
{
    uint64_t bit = UINT64_C(1) << (number % 64);
    _Atomic(uint64_t) *word = &self->shapes[number / 64];
    uint64_t before = atomic_load_explicit(word, memory_order_relaxed);
    atomic_store_explicit(word, has_class ? before | bit : before & ~bit, memory_order_relaxed);
}

// Anybody asks; where it is not so any more its class is looked for by its name.
static inline bool
interp_has_shape(const interp *self, int32_t number)
{
    const _Atomic(uint64_t) *word = &self->shapes[number / 64];
    return (atomic_load_explicit((_Atomic(uint64_t) *)word, memory_order_relaxed) >>
            (number % 64)) &
           1;
}

// Can its threads run?
static inline bool
phase_is_living(interp_phase phase)
{
    return phase == INTERP_OPEN || phase == INTERP_CLOSING;
}

static inline bool
phase_is_closing(interp_phase phase)
{
    return phase == INTERP_CLOSING || phase == INTERP_ENDING;
}

// A hint: does a thread hold its GIL, and not leave it parked? Call only while something keeps the
// interpreter alive: a present guest, a pin, or its mutex while it is open.
static inline bool
interp_is_running(const interp *self)
{
    return __atomic_load_n(self->gil_flag, __ATOMIC_RELAXED) &&
           atomic_load_explicit(&((interp *)self)->parked, memory_order_relaxed) == NULL;
}

// Call with its GIL held: then nobody else writes.
static inline void
interp_count(_Atomic(uint64_t) *counter)
{
    uint64_t before = atomic_load_explicit(counter, memory_order_relaxed);
    atomic_store_explicit(counter, before + 1, memory_order_relaxed);
}

// Its thread takes up another of the calls that it makes in one visit, or none: what waits for the
// former is dropped next (interruption_forget).
static inline void
guest_set_errand(guest *visitor, const void *errand)
{
    atomic_store_explicit(&visitor->errand, errand, memory_order_relaxed);
    barrier_light(); // pairs with barrier_heavy in interruption_ask
}

void interp_set_phase(interp *self, interp_phase phase);
void interp_raise_attention(interp *self, unsigned bits);

// An open interpreter does not end while it is pinned. Pin it, instead of holding one of our locks,
// around a call into CPython that takes CPython's own locks: os.fork() takes those before ours.
bool interp_pin(interp *self, interp_phase latest); // false: it is in a later phase
void interp_pin_locked(interp *self);
void interp_unpin(interp *self);

// Guests. Those named _locked need self->mutex.
guest *guest_new_locked(interp *self, void *thread_state, bool is_owned, thread *whose);
void guest_announce_locked(guest *newcomer);
bool guest_welcome_locked(guest *visitor); // it is inside; true: for the first time
void guest_unlink_locked(guest *visitor);
void guest_free(guest *visitor); // after unlinking
void guest_end(guest *visitor);  // its thread ends, or does not need it any more
bool interp_has_entering_locked(interp *self, const guest *except);
void interp_await_entering_locked(interp *self, const guest *except);
bool interp_has_awaited_locked(interp *self); // those awaited that are still about to enter
// Is a thread that is woken for one of `why` present (or, with `only_entering`, entering)?
bool interp_has_woken_locked(interp *self, const guest *except, unsigned why, bool only_entering);
// Call with its GIL held. Has a visitor detached from it? It will take the GIL again without
// telling us.
bool interp_has_detached_locked(interp *self, const guest *except);
bool interp_has_present_locked(interp *self, const thread *whose); // inside, or entering
bool interp_has_visitors(interp *self, const guest *except);
int interp_count_owned(interp *self); // guests with a thread state of ours
int interp_count_visitors(interp *self);

// The registry: every interpreter that is not closed.
bool registry_add(interp *self); // false: out of memory
void registry_remove(interp *self);
interp *registry_find(const void *python_state); // borrowed
interp *registry_next_after(int64_t id);         // counted; by ascending id
int registry_count(void);
void registry_each(void (*visit)(interp *each, void *argument), void *argument); // under its lock
uint64_t registry_former_crossings(void); // into those that are closed
void registry_trace(bool is_on);          // after the trace has begun or ended

// Roles.
void registry_set_role(interp *self, interp_role role);
void registry_show_all(void); // the process ends: all are in use, now and from now on
int registry_count_ready(void);
interp *registry_take_ready(const char *name); // counted, in use from now on; or NULL
interp *registry_take_retired(void);           // counted, in ROLE_MADE from now on; or NULL

// Fork. Call in this order: prepare before, then parent or child after.
void interp_fork_prepare(void);
void interp_fork_parent(void);
void interp_fork_child(void);

#endif
