// trace: what threads do and when, noted by each thread in a buffer of its own.
//
// Purpose. While a trace is on, spans (crossings, waits, tasks...) are noted as they end. A buffer
// is a ring: it keeps the latest ones, and counts those that it has dropped. Spans that are not
// over when the trace ends stand in `open`, by their level in the thread's crossing log.
//
// Lifetime. A lane belongs to its thread's record and is used again by later traces. Of a thread
// that ends while a trace is on the events are kept, in no more memory than some lanes take.
//
// Threads. A lane is written by its thread without locks; trace_end reads it, when nobody writes
// any more but a thread that is just noting something. The mutex guards the list of lanes; a leaf.
#ifndef ATOLL_GROUND_TRACE_H
#define ATOLL_GROUND_TRACE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "ground/base/attributes.h"
#include "ground/system/ticks.h"

// As atoll._trace.events.KINDS.
typedef enum {
    TRACE_ENTER, // a crossing for something of atoll's own; then those of an operation
    TRACE_CALL,
    TRACE_METHOD,
    TRACE_SPECIAL,
    TRACE_NATIVE,
    TRACE_GET,
    TRACE_SET,
    TRACE_DELETE,
    TRACE_FUNCTION,
    TRACE_GIL,        // a wait for the GIL of `host`
    TRACE_BLOCKED,    // another wait; number: as thread.blocked
    TRACE_SUBMIT,     // of a task; number: its own, also in the following two
    TRACE_TASK,       // it runs
    TRACE_RESULT,     // its result is unpacked
    TRACE_TIMEOUT,    // the block of an atoll.timeout; number: nanoseconds; -1: no limit
    TRACE_EXCEEDED,   // at one moment: a deadline's exception is raised
    TRACE_COLLECTION, // number: freed objects
    TRACE_MAKE,       // `host` is made
    TRACE_CLOSE,      // `host` is closed
} trace_kind;

enum { TRACE_IS_OPEN = 1, TRACE_HAS_FAILED = 2, TRACE_BY_ITSELF = 4 };

#define TRACE_TEXT_SIZE 56
#define TRACE_NAME_SIZE 48
#define TRACE_LEVELS    16
#define TRACE_NOWHERE   (-1)

typedef struct {
    int64_t begin, end; // in ticks; in a result on the monotonic clock
    int64_t number;
    int32_t host, home;  // ids of interpreters, or TRACE_NOWHERE
    uint16_t kind, size; // of the text, without its 0
    uint32_t flags;
    char text[TRACE_TEXT_SIZE]; // UTF-8; ends with a 0
} trace_event;

// In the ring a short text takes no more memory than one line of the cache has room for, with all
// before it; the rest of a long one stands elsewhere.
#define TRACE_WORDS      (sizeof(trace_event) / sizeof(uint64_t))
#define TRACE_CELL_WORDS 8
#define TRACE_REST_WORDS (TRACE_WORDS - TRACE_CELL_WORDS)

typedef _Atomic(uint64_t) trace_word;

typedef struct {
    _Alignas(64) trace_word words[TRACE_CELL_WORDS];
} trace_cell;

typedef struct {
    trace_word words[TRACE_REST_WORDS];
} trace_rest;

typedef struct {
    trace_word words[TRACE_WORDS];
} trace_open_cell;

typedef struct trace_lane {
    atomic_uint session;             // the trace that its events belong to; written by its thread
    long tid;                        // as threading.get_native_id()
    size_t capacity;                 // of the ring
    size_t size;                     // of the mapping
    atomic_uint_least64_t count;     // events ever
    size_t next_cell;                // where the next one is written; of its thread
    size_t ready_cells;              // those that have memory, or SIZE_MAX; of its thread
    atomic_uint_least64_t missed;    // spans that were nested too deep
    int64_t contended;               // since when its thread has waited to enter; 0: it need not
    int64_t submitted;               // when its latest TRACE_SUBMIT ended
    int64_t visiting;                // since when it has been inside without a home; 0: it is not
    char name[TRACE_NAME_SIZE];      // mutex; of the thread, when the trace ends
    struct trace_lane *next;         // mutex
    size_t open_words[TRACE_LEVELS]; // of its thread: how many words of these are in use
    trace_open_cell open[TRACE_LEVELS];
    trace_cell ring[]; // behind it as many trace_rest
} trace_lane;

// The number of the trace that is on; 0: none. Only slow paths look at it: a crossing looks at
// ATTENTION_TRACED, with other bits.
extern atomic_uint trace_session;

static inline bool
trace_is_on(void)
{
    // acquire: pairs with trace_begin
    return UNLIKELY(atomic_load_explicit(&trace_session, memory_order_acquire) != 0);
}

// 0: no trace is on.
static inline int64_t
trace_clock(void)
{
    return trace_is_on() ? ticks_now() : 0;
}

trace_lane *trace_open_lane(trace_lane **slot);

// This thread's lane, which `slot` in its record holds. NULL: no trace is on, or out of memory.
static inline trace_lane *
trace_lane_of(trace_lane **slot)
{
    unsigned session = atomic_load_explicit(&trace_session, memory_order_relaxed);
    trace_lane *lane = *slot;
    if (LIKELY(lane != NULL &&
               atomic_load_explicit(&lane->session, memory_order_relaxed) == session)) {
        return lane;
    }
    return trace_open_lane(slot);
}

// By the lane's thread.
void trace_add(trace_lane *self, const trace_event *event);
void trace_begin_span(trace_lane *self, int level, const trace_event *event); // its end is not read
void trace_end_span(trace_lane *self, int level, int64_t end);

// What stands behind its text is not set, nor are its times.
static inline void
trace_event_init(trace_event *self, trace_kind kind, int32_t host, int32_t home)
{
    self->number = 0;
    self->host = host;
    self->home = home;
    self->kind = (uint16_t)kind;
    self->size = 0;
    self->flags = 0;
    self->text[0] = '\0';
}

// A new event has no text; what does not fit is cut.
void trace_cut_text(trace_event *event, const char *utf8, size_t size);

// Most names are short: calls of memcpy would take longer than all else that is noted of them.
static inline void
trace_copy_text(char *to, const char *from, size_t size)
{
    if (UNLIKELY(size > 16)) {
        memcpy(to, from, size);
    }
    else if (size >= 8) {
        memcpy(to, from, 8);
        memcpy(to + size - 8, from + size - 8, 8);
    }
    else if (size >= 4) {
        memcpy(to, from, 4);
        memcpy(to + size - 4, from + size - 4, 4);
    }
    else if (size > 0) {
        to[0] = from[0];
        to[size / 2] = from[size / 2];
        to[size - 1] = from[size - 1];
    }
}

static inline void
trace_add_text(trace_event *event, const char *utf8, size_t size)
{
    if (LIKELY(size < sizeof event->text - event->size)) {
        trace_copy_text(event->text + event->size, utf8, size);
        event->size += (uint16_t)size;
        event->text[event->size] = '\0';
    }
    else {
        trace_cut_text(event, utf8, size);
    }
}

// Its thread ends.
void trace_leave_lane(trace_lane **slot, const char *name);
void trace_name_lane(trace_lane **slot, const char *name); // any thread
int64_t trace_new_number(void);                            // of a task

// The name of an interpreter, while a trace is on: when it goes, or the trace ends.
void trace_note_name(int64_t id, const char *name);

typedef struct trace_name {
    int64_t id;
    struct trace_name *next;
    char text[];
} trace_name;

// What one thread has done.
typedef struct trace_record {
    long tid;
    char name[TRACE_NAME_SIZE];
    uint64_t dropped;
    size_t count;
    struct trace_record *next;
    trace_event events[];
} trace_record;

typedef struct {
    int64_t begin, end;
    uint64_t dropped; // of threads that have no record
    trace_record *records;
    trace_name *names;
} trace_result;

// 0: there is one already. `capacity` is of each lane.
unsigned trace_begin(size_t capacity);
bool trace_end(unsigned session);      // no event is noted any more; false: it is not on
bool trace_take(trace_result *result); // next; false: out of memory
void trace_free(trace_result *result);

void trace_fork_prepare(void);
void trace_fork_parent(void);
void trace_fork_child(trace_lane *own); // no trace is on there

#endif
