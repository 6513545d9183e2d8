#include "ground/trace/trace.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ground/base/page.h"
#include "ground/base/text.h"
#include "ground/system/pages.h"
#include "ground/system/system_thread.h"

// The events of ended threads take no more memory than so many full lanes.
#define ENDED_LANES 8

#define READY_AT_ONCE (64 << 10)  // bytes
#define SMALL_PAGES   (512 << 10) // bytes of a ring: a thread that has filled these notes many more

_Static_assert(sizeof(trace_event) % sizeof(uint64_t) == 0, "an event is made of whole words");

atomic_uint trace_session = 0;

static struct {
    pthread_mutex_t mutex; // guards all of it
    unsigned latest;       // number of a trace
    size_t capacity;
    ticks_moment begin, end; // end.clock is 0 but between trace_end and trace_take
    trace_lane *lanes;
    trace_record *ended, **last_ended; // of threads that have ended, the oldest first
    size_t ended_events;
    trace_name *names;
    atomic_uint_least64_t lost; // by threads that got no lane
    atomic_int_least64_t numbers;
} traces = {.mutex = PTHREAD_MUTEX_INITIALIZER, .last_ended = &traces.ended};

// ---- cells ----

// The word with the begin is written last: it tells that the others are there. What stands behind
// the text's end is left as it is.
static inline void
write_word(trace_word *self, uint64_t word)
{
    // release: pairs with read_word
    atomic_store_explicit(self, word, memory_order_release);
}

static inline uint64_t
read_word(trace_word *self)
{
    return atomic_load_explicit(self, memory_order_acquire);
}

static inline size_t
count_words(size_t text_size)
{
    return (offsetof(trace_event, text) + text_size + sizeof(uint64_t)) / sizeof(uint64_t);
}

static inline trace_rest *
rest_of(trace_lane *self, size_t cell)
{
    return (trace_rest *)(void *)&self->ring[self->capacity] + cell;
}

static inline trace_word *
place_in_ring(trace_lane *self, size_t cell, size_t word)
{
    return LIKELY(word < TRACE_CELL_WORDS) ? &self->ring[cell].words[word]
                                           : &rest_of(self, cell)->words[word - TRACE_CELL_WORDS];
}

static inline uint64_t
word_of(const trace_event *event, size_t index)
{
    uint64_t word;
    memcpy(&word, (const char *)event + index * sizeof word, sizeof word);
    return word;
}

static void
set_words(trace_event *event, const uint64_t words[TRACE_WORDS])
{
    memcpy(event, words, sizeof *event);
    event->text[TRACE_TEXT_SIZE - 1] = '\0';
}

static void
read_ring(trace_lane *self, size_t cell, trace_event *event)
{
    uint64_t words[TRACE_WORDS] = {0};
    for (size_t i = 0; i < TRACE_CELL_WORDS; i++) {
        words[i] = read_word(&self->ring[cell].words[i]);
    }
    set_words(event, words);
    if (count_words(event->size) > TRACE_CELL_WORDS) { // else the rest has no memory, perhaps
        for (size_t i = TRACE_CELL_WORDS; i < TRACE_WORDS; i++) {
            words[i] = read_word(place_in_ring(self, cell, i));
        }
        set_words(event, words);
    }
}

static void
read_open(trace_open_cell *self, trace_event *event)
{
    uint64_t words[TRACE_WORDS];
    for (size_t i = 0; i < TRACE_WORDS; i++) {
        words[i] = read_word(&self->words[i]);
    }
    set_words(event, words);
}

static void
clear_open(trace_open_cell *self)
{
    write_word(&self->words[0], 0);
}

// ---- by the lane's thread ----

// Cuts between two characters: their later bytes have the form 10xxxxxx.
void
trace_cut_text(trace_event *event, const char *utf8, size_t size)
{
    size_t room = sizeof event->text - 1 - event->size;
    size_t fitting = size < room ? size : room;
    while (fitting > 0 && fitting < size && ((unsigned char)utf8[fitting] & 0xC0) == 0x80) {
        fitting--;
    }
    trace_add_text(event, utf8, fitting);
}

// Memory for the next cells: a fault for each of its pages would take longer than what is noted.
static COLD void
make_ready(trace_lane *self)
{
    char *end = (char *)&self->ring[self->capacity], *from = (char *)&self->ring[self->ready_cells];
    char *to = end - from > READY_AT_ONCE ? from + READY_AT_ONCE : end;
    char *page = from - (uintptr_t)from % page_size();
    if (from - (char *)self->ring == SMALL_PAGES) {
        pages_are_very_large(page, (size_t)(end - page));
    }
    pages_will_be_written(page, (size_t)(to - page));
    self->ready_cells =
        to == end ? SIZE_MAX : self->ready_cells + READY_AT_ONCE / sizeof(trace_cell);
}

// Of the event that next_cell has got.
static inline void
count_event(trace_lane *self)
{
    self->next_cell = self->next_cell + 1 < self->capacity ? self->next_cell + 1 : 0;
    if (UNLIKELY(self->next_cell == self->ready_cells)) {
        make_ready(self);
    }
    uint64_t count = atomic_load_explicit(&self->count, memory_order_relaxed);
    // release: pairs with copy_over
    atomic_store_explicit(&self->count, count + 1, memory_order_release);
}

void
trace_add(trace_lane *self, const trace_event *event)
{
    for (size_t i = count_words(event->size); i-- > 0;) {
        write_word(place_in_ring(self, self->next_cell, i), word_of(event, i));
    }
    count_event(self);
}

void
trace_begin_span(trace_lane *self, int level, const trace_event *event)
{
    if (level < TRACE_LEVELS) {
        trace_open_cell *open = &self->open[level];
        clear_open(open);
        self->open_words[level] = count_words(event->size);
        for (size_t i = self->open_words[level]; i-- > 0;) {
            write_word(&open->words[i], word_of(event, i));
        }
    }
    else {
        atomic_fetch_add_explicit(&self->missed, 1, memory_order_relaxed);
    }
}

void
trace_end_span(trace_lane *self, int level, int64_t end)
{
    if (level >= TRACE_LEVELS) {
        return;
    }
    trace_open_cell *from = &self->open[level];
    trace_cell *to = &self->ring[self->next_cell];
    uint64_t begin = atomic_load_explicit(&from->words[0], memory_order_relaxed);
    if (begin == 0) {
        return; // it was begun before the trace, or is ended already
    }
    clear_open(from);
    for (size_t i = self->open_words[level]; i-- > 2;) {
        uint64_t word = atomic_load_explicit(&from->words[i], memory_order_relaxed);
        write_word(place_in_ring(self, self->next_cell, i), word);
    }
    write_word(&to->words[1], (uint64_t)end);
    write_word(&to->words[0], begin);
    count_event(self);
}

int64_t
trace_new_number(void)
{
    return atomic_fetch_add_explicit(&traces.numbers, 1, memory_order_relaxed) + 1;
}

// ---- lanes ----

static void
unlink_locked(trace_lane *lane)
{
    trace_lane **link = &traces.lanes;
    while (*link != lane) {
        link = &(*link)->next;
    }
    *link = lane->next;
}

static void
unmap_lane(trace_lane *lane)
{
    munmap(lane, lane->size);
}

static trace_lane *
map_lane_locked(void)
{
    size_t size = sizeof(trace_lane) + traces.capacity * (sizeof(trace_cell) + sizeof(trace_rest));
    trace_lane *lane = pages_map(size);
    if (lane == NULL) {
        return NULL;
    }
    lane->tid = system_thread_number();
    lane->capacity = traces.capacity;
    lane->size = size;
    lane->next = traces.lanes;
    traces.lanes = lane;
    return lane;
}

static void
reset_lane(trace_lane *lane, unsigned session)
{
    for (int level = 0; level < TRACE_LEVELS; level++) {
        clear_open(&lane->open[level]);
    }
    lane->contended = lane->submitted = lane->visiting = 0;
    lane->next_cell = lane->ready_cells = 0;
    make_ready(lane);
    atomic_store(&lane->count, 0);
    atomic_store(&lane->missed, 0);
    atomic_store(&lane->session, session);
}

COLD trace_lane *
trace_open_lane(trace_lane **slot)
{
    pthread_mutex_lock(&traces.mutex);
    unsigned session = atomic_load(&trace_session);
    trace_lane *lane = *slot;
    if (lane != NULL && session != 0 && lane->capacity != traces.capacity) {
        unlink_locked(lane);
        unmap_lane(lane);
        *slot = lane = NULL;
    }
    if (lane == NULL && session != 0) {
        *slot = lane = map_lane_locked();
    }
    if (lane != NULL && session != 0) {
        reset_lane(lane, session);
    }
    pthread_mutex_unlock(&traces.mutex);
    if (lane == NULL && session != 0) {
        atomic_fetch_add(&traces.lost, 1);
    }
    return session == 0 ? NULL : lane;
}

void
trace_name_lane(trace_lane **slot, const char *name)
{
    pthread_mutex_lock(&traces.mutex);
    if (*slot != NULL) {
        text_fit((*slot)->name, sizeof(*slot)->name, "%s", name);
    }
    pthread_mutex_unlock(&traces.mutex);
}

// ---- the trace ----

static void
free_names(trace_name *names)
{
    while (names != NULL) {
        trace_name *next = names->next;
        free(names);
        names = next;
    }
}

void
trace_note_name(int64_t id, const char *name)
{
    size_t size = strlen(name) + 1;
    trace_name *noted = malloc(sizeof *noted + size);
    if (noted == NULL) {
        return;
    }
    noted->id = id;
    memcpy(noted->text, name, size);
    pthread_mutex_lock(&traces.mutex);
    noted->next = traces.names;
    traces.names = noted;
    pthread_mutex_unlock(&traces.mutex);
}

unsigned
trace_begin(size_t capacity)
{
    pthread_mutex_lock(&traces.mutex);
    unsigned session = 0;
    if (atomic_load(&trace_session) == 0 && traces.end.clock == 0) {
        session = ++traces.latest;
        traces.capacity = capacity;
        ticks_init();
        traces.begin = ticks_read();
        free_names(traces.names);
        traces.names = NULL;
        atomic_store(&traces.lost, 0);
        atomic_store(&trace_session, session); // release: pairs with trace_is_on
    }
    pthread_mutex_unlock(&traces.mutex);
    return session;
}

bool
trace_end(unsigned session)
{
    pthread_mutex_lock(&traces.mutex);
    bool is_on = session != 0 && atomic_load(&trace_session) == session;
    if (is_on) {
        traces.end = ticks_read();
        atomic_store(&trace_session, 0);
    }
    pthread_mutex_unlock(&traces.mutex);
    return is_on;
}

// ---- its result ----

// The oldest one of a full ring is left out: its thread may just be writing over it.
static void
copy_over(trace_lane *lane, trace_record *record)
{
    uint64_t count = atomic_load_explicit(&lane->count, memory_order_acquire);
    uint64_t first = count >= lane->capacity ? count - lane->capacity + 1 : 0;
    for (uint64_t i = first; i < count; i++) {
        read_ring(lane, i % lane->capacity, &record->events[record->count++]);
    }
    record->dropped = first + atomic_load(&lane->missed);
}

static void
copy_open(trace_lane *lane, trace_record *record)
{
    for (int level = 0; level < TRACE_LEVELS; level++) {
        trace_event *event = &record->events[record->count];
        read_open(&lane->open[level], event);
        uint64_t begin = atomic_load_explicit(&lane->open[level].words[0], memory_order_acquire);
        if (begin != 0 && begin == (uint64_t)event->begin) { // else its thread has just ended it
            int64_t end = traces.end.clock != 0 ? traces.end.ticks : ticks_now();
            event->end = end > event->begin ? end : event->begin; // it began while the trace ended
            event->flags |= TRACE_IS_OPEN;
            record->count++;
        }
    }
}

static trace_record *
copy_lane_locked(trace_lane *lane, const char *name)
{
    uint64_t count = atomic_load_explicit(&lane->count, memory_order_acquire);
    size_t most = (count < lane->capacity ? (size_t)count + 1 : lane->capacity) + TRACE_LEVELS;
    trace_record *record = malloc(sizeof *record + most * sizeof *record->events);
    if (record != NULL) {
        *record = (trace_record){.tid = lane->tid};
        text_fit(record->name, sizeof record->name, "%s", name);
        copy_over(lane, record);
        copy_open(lane, record);
    }
    return record;
}

static void
drop_ended_locked(void)
{
    trace_record *oldest = traces.ended;
    atomic_fetch_add(&traces.lost, oldest->count + oldest->dropped);
    traces.ended_events -= oldest->count;
    traces.ended = oldest->next;
    if (traces.ended == NULL) {
        traces.last_ended = &traces.ended;
    }
    free(oldest);
}

static void
keep_ended_locked(trace_lane *lane, const char *name)
{
    trace_record *record = copy_lane_locked(lane, name);
    if (record == NULL) {
        atomic_fetch_add(&traces.lost, atomic_load(&lane->count));
        return;
    }
    *traces.last_ended = record;
    traces.last_ended = &record->next;
    traces.ended_events += record->count;
    while (traces.ended_events > ENDED_LANES * traces.capacity) {
        drop_ended_locked();
    }
}

void
trace_leave_lane(trace_lane **slot, const char *name)
{
    trace_lane *lane = *slot;
    pthread_mutex_lock(&traces.mutex);
    bool is_to_be_read = atomic_load(&trace_session) != 0 || traces.end.clock != 0;
    if (is_to_be_read && atomic_load(&lane->session) == traces.latest) {
        keep_ended_locked(lane, name);
    }
    unlink_locked(lane);
    *slot = NULL;
    pthread_mutex_unlock(&traces.mutex);
    unmap_lane(lane);
}

// Gives the memory of its events back. A thread that is just noting one finds new memory there.
static void
empty_lane(trace_lane *lane)
{
    size_t page = page_size();
    size_t header = (sizeof(trace_lane) + page - 1) / page * page;
    if (lane->size > header) {
        pages_forget((char *)lane + header, lane->size - header);
    }
}

static void
set_by_clock(trace_record *record, ticks_moment first, ticks_moment last)
{
    for (size_t i = 0; i < record->count; i++) {
        trace_event *event = &record->events[i];
        event->begin = ticks_to_clock(event->begin, first, last);
        event->end = ticks_to_clock(event->end, first, last);
    }
}

static bool
copy_lanes_locked(trace_result *result)
{
    bool is_complete = true;
    for (trace_lane *lane = traces.lanes; lane != NULL; lane = lane->next) {
        if (atomic_load(&lane->session) == traces.latest) {
            trace_record *record = copy_lane_locked(lane, lane->name);
            is_complete &= record != NULL;
            if (record != NULL) {
                record->next = result->records;
                result->records = record;
            }
            empty_lane(lane);
        }
    }
    return is_complete;
}

bool
trace_take(trace_result *result)
{
    pthread_mutex_lock(&traces.mutex);
    *result = (trace_result){.records = traces.ended};
    traces.ended = NULL;
    traces.last_ended = &traces.ended;
    traces.ended_events = 0;
    bool is_complete = copy_lanes_locked(result);
    result->begin = traces.begin.clock;
    result->end = traces.end.clock;
    for (trace_record *each = result->records; each != NULL; each = each->next) {
        set_by_clock(each, traces.begin, traces.end);
    }
    result->dropped = atomic_load(&traces.lost);
    result->names = traces.names;
    traces.names = NULL;
    traces.end.clock = 0; // the next trace may begin
    pthread_mutex_unlock(&traces.mutex);
    return is_complete;
}

void
trace_free(trace_result *result)
{
    while (result->records != NULL) {
        trace_record *next = result->records->next;
        free(result->records);
        result->records = next;
    }
    free_names(result->names);
    result->names = NULL;
}

// ---- fork ----

void
trace_fork_prepare(void)
{
    pthread_mutex_lock(&traces.mutex);
}

void
trace_fork_parent(void)
{
    pthread_mutex_unlock(&traces.mutex);
}

void
trace_fork_child(trace_lane *own)
{
    pthread_mutex_init(&traces.mutex, NULL);
    atomic_store(&trace_session, 0);
    traces.end.clock = 0;
    while (traces.ended != NULL) {
        drop_ended_locked();
    }
    while (traces.lanes != NULL) {
        trace_lane *next = traces.lanes->next;
        if (traces.lanes != own) {
            unmap_lane(traces.lanes);
        }
        traces.lanes = next;
    }
    traces.lanes = own;
    if (own != NULL) {
        own->next = NULL;
        own->tid = system_thread_number();
    }
}
