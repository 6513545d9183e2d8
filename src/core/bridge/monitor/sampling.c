#include "bridge/monitor/sampling.h"

#include <pthread.h>
#include <string.h>
#include <time.h>

#include "ground/base/clock.h"
#include "ground/interpreter/interp.h"

#define LONGEST_STEP NANOSECONDS_PER_SECOND // between looks that belong together

typedef struct {
    int64_t id;
    sampling_interpreter spent;
    uint64_t look; // the latest that has found it
} known_interpreter;

typedef struct {
    unsigned long ident;
    int64_t cpu;
    int64_t current, blocked;
    uint64_t begun;
    int depth;
    int64_t since;
    uint64_t look;
} known_thread;

static struct {
    int64_t latest, observed;
    int64_t now, step; // of the look that is being made; step 0: it only begins
    uint64_t look;
    int interpreter_count, thread_count;
    known_interpreter interpreters[SAMPLING_INTERPRETERS];
    known_thread threads[SAMPLING_THREADS];
} sampling;

// ---- interpreters ----

static known_interpreter *
find_interpreter(int64_t id)
{
    for (int i = 0; i < sampling.interpreter_count; i++) {
        if (sampling.interpreters[i].id == id) {
            return &sampling.interpreters[i];
        }
    }
    return NULL;
}

static known_interpreter *
note_interpreter(int64_t id)
{
    known_interpreter *found = find_interpreter(id);
    if (found == NULL && sampling.interpreter_count < SAMPLING_INTERPRETERS) {
        found = &sampling.interpreters[sampling.interpreter_count++];
        *found = (known_interpreter){.id = id};
    }
    return found;
}

static void
look_at_interpreter(interp *each, void *unused)
{
    known_interpreter *known = note_interpreter(each->id);
    if (known == NULL) {
        return;
    }
    known->look = sampling.look;
    pthread_mutex_lock(&each->mutex); // while it is living, it does not end
    if (phase_is_living(interp_get_phase(each)) && interp_is_running(each)) {
        known->spent.busy += sampling.step;
    }
    pthread_mutex_unlock(&each->mutex);
}

// ---- threads ----

static known_thread *
find_thread(unsigned long ident)
{
    for (int i = 0; i < sampling.thread_count; i++) {
        if (sampling.threads[i].ident == ident) {
            return &sampling.threads[i];
        }
    }
    return NULL;
}

static known_thread *
note_thread(unsigned long ident)
{
    known_thread *found = find_thread(ident);
    if (found == NULL && sampling.thread_count < SAMPLING_THREADS) {
        found = &sampling.threads[sampling.thread_count++];
        *found = (known_thread){.ident = ident, .since = -1};
    }
    return found;
}

// The thread's record is in the list, so the thread has not ended.
static int64_t
cpu_time_of(unsigned long ident)
{
    clockid_t clock;
    struct timespec used;
    if (pthread_getcpuclockid((pthread_t)ident, &clock) != 0 || clock_gettime(clock, &used) != 0) {
        return 0;
    }
    return (int64_t)used.tv_sec * NANOSECONDS_PER_SECOND + used.tv_nsec;
}

static bool
is_same(const known_thread *known, int64_t current, int64_t blocked, uint64_t begun, int depth)
{
    return known->since >= 0 && known->current == current && known->blocked == blocked &&
           known->begun == begun && known->depth == depth;
}

static void
note_doing(known_thread *known, thread *each)
{
    int64_t current = atomic_load_explicit(&each->current, memory_order_relaxed);
    int64_t blocked = atomic_load_explicit(&each->blocked, memory_order_relaxed);
    uint64_t begun = atomic_load_explicit(&each->visits.begun, memory_order_relaxed);
    int depth = atomic_load_explicit(&each->visits.depth, memory_order_relaxed);
    if (!is_same(known, current, blocked, begun, depth)) {
        known->current = current;
        known->blocked = blocked;
        known->begun = begun;
        known->depth = depth;
        known->since = sampling.now;
    }
}

static void
look_at_thread(thread *each, void *unused)
{
    known_thread *known = note_thread(each->ident);
    if (known == NULL) {
        return;
    }
    bool is_new = known->since < 0;
    int64_t cpu = cpu_time_of(each->ident), used = cpu - known->cpu;
    known->look = sampling.look;
    known->cpu = cpu;
    note_doing(known, each);
    known_interpreter *where = note_interpreter(known->current);
    if (where != NULL && !is_new && used > 0 && sampling.step > 0) {
        where->spent.cpu += used;
    }
}

// ---- a look ----

static void
forget_gone(void)
{
    for (int i = 0; i < sampling.thread_count; i++) {
        if (sampling.threads[i].look != sampling.look) {
            sampling.threads[i--] = sampling.threads[--sampling.thread_count];
        }
    }
    for (int i = 0; i < sampling.interpreter_count; i++) {
        if (sampling.interpreters[i].look != sampling.look) {
            sampling.interpreters[i--] = sampling.interpreters[--sampling.interpreter_count];
        }
    }
}

void
sampling_look(void)
{
    sampling.now = clock_now();
    int64_t step = sampling.now - sampling.latest;
    sampling.step = step <= LONGEST_STEP ? step : 0;
    sampling.latest = sampling.now;
    sampling.observed += sampling.step;
    sampling.look++;
    registry_each(look_at_interpreter, NULL);
    thread_each(look_at_thread, NULL);
    forget_gone();
}

int64_t
sampling_observed(void)
{
    return sampling.observed;
}

sampling_interpreter
sampling_of_interpreter(int64_t id)
{
    const known_interpreter *known = find_interpreter(id);
    return known == NULL ? (sampling_interpreter){0} : known->spent;
}

int64_t
sampling_since(unsigned long ident, int64_t current, int64_t blocked, uint64_t begun, int depth)
{
    const known_thread *known = find_thread(ident);
    return known != NULL && is_same(known, current, blocked, begun, depth) ? known->since : 0;
}
