#include "bridge/traceback/traceback.h"

#include "bridge/traceback/frames.h"
#include "ground/system/system_thread.h"

#define INTERPRETERS 256
#define STATES       1024
#define TRANSITS     256

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
    const thread *record; // only compared; NULL: atoll does not know the thread
    bool is_main;
    char name[THREAD_NAME_SIZE];
    int64_t blocked;
    int depth;
    crossing_log_seen levels[CROSSING_LOG_LEVELS];
} seen_thread;

typedef struct {
    int interp_count, state_count, transit_count, thread_count;
    seen_interp interps[INTERPRETERS];
    seen_state states[STATES];
    seen_transit transits[TRANSITS];
    seen_thread threads[TRACEBACK_THREADS];
} snapshot;

// ---- looking ----

static void
see_record(interp *each, void *argument)
{
    snapshot *all = argument;
    pthread_mutex_lock(&each->mutex);
    for (int i = 0; i < all->interp_count; i++) {
        seen_interp *seen = &all->interps[i];
        if (seen->python.id == each->id) {
            seen->record = each;
            seen->phase = interp_get_phase(each);
            text_fit_ascii(seen->name, sizeof seen->name, each->name);
        }
    }
    for (guest *visitor = each->guests; visitor != NULL; visitor = visitor->next) {
        guest_presence how = atomic_load(&visitor->presence);
        if (!visitor->is_dead && (how == GUEST_ENTERING || how == GUEST_RETURNING) &&
            all->transit_count < TRANSITS) {
            all->transits[all->transit_count++] = (seen_transit){visitor->thread, each, how};
        }
    }
    pthread_mutex_unlock(&each->mutex);
}

static void
see_interpreters(snapshot *all)
{
    frames_interpreter found[INTERPRETERS];
    int count = frames_list_interpreters(found, INTERPRETERS);
    for (int i = count - 1; i >= 0; i--) { // CPython lists main last
        seen_interp *seen = &all->interps[all->interp_count++];
        seen->python = found[i];
        snprintf(seen->name, sizeof seen->name, "#%lld", (long long)found[i].id);
    }
    registry_each(see_record, all);
}

static void
see_thread(thread *each, void *argument)
{
    snapshot *all = argument;
    if (all->thread_count < TRACEBACK_THREADS) {
        seen_thread *seen = &all->threads[all->thread_count++];
        seen->ident = each->ident;
        seen->record = each;
        seen->is_main = each->is_main;
        memcpy(seen->name, each->name, sizeof seen->name);
        seen->blocked = atomic_load(&each->blocked);
        seen->depth = crossing_log_copy(&each->visits, seen->levels);
    }
}

static seen_thread *
find_thread(snapshot *all, unsigned long ident)
{
    for (int i = 0; i < all->thread_count; i++) {
        if (all->threads[i].ident == ident) {
            return &all->threads[i];
        }
    }
    return NULL;
}

// The thread's name in the system, which may be any bytes; CPython sets it from 3.14 on.
static void
read_system_name(unsigned long native_ident, char name[THREAD_NAME_SIZE])
{
    char bytes[THREAD_NAME_SIZE];
    system_thread_name(native_ident, bytes, sizeof bytes);
    text_fit_ascii(name, THREAD_NAME_SIZE, bytes);
}

static void
see_state(snapshot *all, const frames_state *state, int index)
{
    if (state->ident == 0 || all->state_count == STATES) {
        return;
    }
    all->states[all->state_count++] = (seen_state){*state, index};
    seen_thread *owner = find_thread(all, state->ident);
    bool is_main = state->native_ident == (unsigned long)getpid();
    if (owner == NULL && (state->has_frames || is_main) && all->thread_count < TRACEBACK_THREADS) {
        owner = &all->threads[all->thread_count++];
        owner->ident = state->ident;
        owner->is_main = is_main;
    }
    if (owner != NULL && owner->name[0] == '\0' && !owner->is_main) {
        char process[THREAD_NAME_SIZE];
        read_system_name((unsigned long)getpid(), process);
        read_system_name(state->native_ident, owner->name);
        if (strcmp(process, owner->name) == 0) {
            owner->name[0] = '\0'; // it has no name of its own
        }
    }
}

static void
give_names(snapshot *all, const traceback_name *names, int count)
{
    for (int i = 0; i < all->thread_count; i++) {
        seen_thread *each = &all->threads[i];
        if (each->is_main) {
            snprintf(each->name, sizeof each->name, "MainThread");
        }
        for (int k = 0; k < count; k++) {
            if (names[k].ident == each->ident) {
                memcpy(each->name, names[k].name, sizeof each->name);
            }
        }
    }
}

static snapshot *
look(const traceback_name *names, int count)
{
    snapshot *all = calloc(1, sizeof *all);
    frames_state *found = malloc(STATES * sizeof *found);
    if (all != NULL && found != NULL) {
        see_interpreters(all);
        thread_each(see_thread, all);
        for (int i = 0; i < all->interp_count; i++) {
            int states = frames_list_states(all->interps[i].python.address, found, STATES);
            for (int k = 0; k < states; k++) {
                see_state(all, &found[k], i);
            }
        }
        give_names(all, names, count);
    }
    else {
        free(all);
        all = NULL;
    }
    free(found);
    return all;
}

// ---- telling ----

static const seen_interp *
find_record(const snapshot *all, const void *record)
{
    for (int i = 0; record != NULL && i < all->interp_count; i++) {
        if (all->interps[i].record == record) {
            return &all->interps[i];
        }
    }
    return NULL;
}

static const seen_interp *
find_id(const snapshot *all, int64_t id)
{
    for (int i = 0; i < all->interp_count; i++) {
        if (all->interps[i].python.id == id) {
            return &all->interps[i];
        }
    }
    return NULL;
}

static const char *
name_of(const seen_interp *seen)
{
    return seen == NULL ? "(closed)" : seen->name;
}

// The thread's state in this interpreter. An ended thread with the same ident may have left one:
// prefer a state with frames.
static const frames_state *
find_state(const snapshot *all, unsigned long ident, const seen_interp *where)
{
    const frames_state *found = NULL;
    for (int i = 0; where != NULL && i < all->state_count; i++) {
        const seen_state *each = &all->states[i];
        if (&all->interps[each->interp] == where && each->state.ident == ident &&
            (found == NULL || each->state.has_frames)) {
            found = &each->state;
        }
    }
    return found;
}

static const frames_state *
find_holder(const snapshot *all, const seen_interp *where)
{
    for (int i = 0; where != NULL && i < all->state_count; i++) {
        const seen_state *each = &all->states[i];
        if (&all->interps[each->interp] == where && each->state.has_gil) {
            return &each->state;
        }
    }
    return NULL;
}

static void
add_thread_name(text *into, snapshot *all, unsigned long ident)
{
    const seen_thread *thread = find_thread(all, ident);
    text_add(into, "0x%0*lx", (int)sizeof ident * 2, ident);
    if (thread != NULL && thread->name[0] != '\0') {
        text_add(into, " [%s]", thread->name);
    }
}

static void
add_holder(text *into, snapshot *all, const seen_interp *where)
{
    const frames_state *holder = find_holder(all, where);
    if (holder == NULL) {
        text_add(into, ", which is free\n");
        return;
    }
    text_add(into, ", held by thread ");
    add_thread_name(into, all, holder->ident);
    size_t before = into->size;
    text_add(into, " running ");
    if (!frames_describe(into, holder->address)) {
        into->size = before;
    }
    text_add(into, "\n");
}

// The guest through which the thread waits to enter or return; NULL: it does not.
static const seen_transit *
find_transit(const snapshot *all, const seen_thread *thread)
{
    for (int i = 0; i < all->transit_count; i++) {
        if (thread->record != NULL && all->transits[i].whose == thread->record) {
            return &all->transits[i];
        }
    }
    return NULL;
}

static void
add_transit(text *into, snapshot *all, const seen_transit *transit)
{
    const seen_interp *where = find_record(all, transit->where);
    text_add(into, "  waits to get %s interpreter '%s'",
             transit->how == GUEST_ENTERING ? "into" : "back into", name_of(where));
    add_holder(into, all, where);
}

static void
add_blocked(text *into, const snapshot *all, int64_t blocked)
{
    long long number = thread_blocked_number(blocked);
    const char *name = name_of(find_id(all, number));
    switch (thread_blocked_kind(blocked)) {
    case BLOCKED_NOT:
        break;
    case BLOCKED_GET:
        text_add(into, "  waits for an item of the queue with id %lld\n", number);
        break;
    case BLOCKED_PUT:
        text_add(into, "  waits for room in the queue with id %lld\n", number);
        break;
    case BLOCKED_JOIN:
        text_add(into, "  waits for all tasks of the queue with id %lld to be done\n", number);
        break;
    case BLOCKED_VISITORS:
        text_add(into, "  closes interpreter '%s', waits for its visitors to leave\n", name);
        break;
    case BLOCKED_OWN_THREADS:
        text_add(into, "  closes interpreter '%s', waits for its own threads to end\n", name);
        break;
    case BLOCKED_CLOSER:
        text_add(into, "  waits for interpreter '%s' to be closed by another thread\n", name);
        break;
    case BLOCKED_RESULT:
        text_add(into, "  waits for the result of an executor's call\n");
        break;
    case BLOCKED_TASK:
        text_add(into, "  is a worker of an executor, waits for a call\n");
        break;
    }
}

// Frames of the thread in one interpreter. `until`: the frame at which it left that interpreter
// before.
static void
add_stay(text *into, const snapshot *all, const seen_thread *thread, const seen_interp *where,
         const void *from, const void *until)
{
    const frames_state *state = find_state(all, thread->ident, where);
    text_add(into, "  in interpreter '%s'", name_of(where));
    if (where != NULL && phase_is_closing(where->phase)) {
        text_add(into, ", which is closing");
    }
    if (from == NULL && state != NULL && state->has_gil) {
        text_add(into, ", which it holds");
    }
    text_add(into, ":\n");
    if (state != NULL) {
        frames_add(into, state->address, from, until);
    }
    else {
        text_add(into, "    <no Python frame>\n");
    }
}

// Levels are numbered from the outside: level k begins in the interpreter that level k - 1 entered.
// If a callback visits an interpreter again, the frames of both stays are in one chain, which is
// cut where the thread left the first time.
static void
add_chain(text *into, const snapshot *all, const seen_thread *thread)
{
    int known = thread->depth < CROSSING_LOG_LEVELS ? thread->depth : CROSSING_LOG_LEVELS;
    if (thread->depth > known) {
        text_add(into, "  in %d more visits, which are not kept apart\n", thread->depth - known);
    }
    const seen_transit *transit = find_transit(all, thread);
    bool is_at_the_door = transit != NULL && transit->how == GUEST_ENTERING;
    for (int k = is_at_the_door ? known - 1 : known; k >= 0; k--) {
        const void *where = k == 0 ? thread->levels[0].home : thread->levels[k - 1].host;
        const void *from = k == known ? NULL : thread->levels[k].frame;
        const void *until = NULL;
        for (int outer = k - 1; outer >= 0 && until == NULL; outer--) {
            until = thread->levels[outer].home == where ? thread->levels[outer].frame : NULL;
        }
        if (k < known && from == NULL) { // it came from C code
            continue;
        }
        add_stay(into, all, thread, find_record(all, where), from, until);
    }
}

static void
add_thread(text *into, snapshot *all, const seen_thread *thread, unsigned long current)
{
    text_add(into, "%s ", thread->ident == current ? "Current thread" : "Thread");
    add_thread_name(into, all, thread->ident);
    text_add(into, " (most recent call first):\n");
    const seen_transit *transit = find_transit(all, thread);
    if (transit != NULL) {
        add_transit(into, all, transit);
    }
    add_blocked(into, all, thread->blocked);
    if (thread->depth > 0) {
        add_chain(into, all, thread);
        return;
    }
    bool has_frames = false;
    for (int i = 0; i < all->state_count; i++) {
        const seen_state *each = &all->states[i];
        if (each->state.ident == thread->ident && each->state.has_frames) {
            add_stay(into, all, thread, &all->interps[each->interp], NULL, NULL);
            has_frames = true;
        }
    }
    if (!has_frames && thread->blocked == BLOCKED_NOT) {
        text_add(into, "  <no Python frame>\n");
    }
}

// Threads of atoll that only clean up in the background have no frames; nor has the main thread
// while the process ends, but that one is looked for.
static bool
is_worth_telling(const snapshot *all, const seen_thread *thread)
{
    bool has_frames = false;
    for (int i = 0; i < all->state_count && !has_frames; i++) {
        const frames_state *state = &all->states[i].state;
        has_frames = state->ident == thread->ident && state->has_frames;
    }
    return thread->is_main || has_frames || thread->depth > 0 || thread->blocked != BLOCKED_NOT;
}

static void
add_threads(text *into, snapshot *all, unsigned long current)
{
    for (int pass = 0; pass < 2; pass++) { // the current one, or else the main one, first
        for (int i = 0; i < all->thread_count; i++) {
            const seen_thread *each = &all->threads[i];
            bool is_first = current == 0 ? each->is_main : each->ident == current;
            if (is_first == (pass == 0) && is_worth_telling(all, each)) {
                text_add(into, into->size > 0 ? "\n" : "");
                add_thread(into, all, each, current);
            }
        }
    }
    if (all->interp_count == 0) {
        text_add(into, "  <this system does not let a process read its own memory safely>\n");
    }
    if (all->thread_count == TRACEBACK_THREADS) {
        text_add(into, "\n...\n");
    }
}

void
traceback_add(text *into, unsigned long current, const traceback_name *names, int count)
{
    snapshot *all = look(names, count);
    if (all != NULL) {
        add_threads(into, all, current);
        free(all);
    }
}

// ---- reports ----

static void
add_slow(text *into, snapshot *all, const slow_visit *slow)
{
    text_add(into, "Thread ");
    add_thread_name(into, all, slow->ident);
    text_add(into, " has been visiting interpreter '%s' for %.1f s\n",
             name_of(find_record(all, slow->host)), (double)slow->elapsed / NANOSECONDS_PER_SECOND);
}

void
traceback_report(int descriptor, const slow_visit *slow, int count)
{
    text made = {0};
    snapshot *all = look(NULL, 0);
    if (all != NULL) {
        for (int i = 0; i < count; i++) {
            add_slow(&made, all, &slow[i]);
        }
        add_threads(&made, all, 0);
        free(all);
    }
    if (made.size > 0) {
        text_add(&made, "\n"); // another report may follow
    }
    text_write(&made, descriptor);
    text_free(&made);
}

// ---- names ----

static PyObject *
get_item(PyObject *dict_steal, const char *key)
{
    PyObject *item = NULL;
    if (dict_steal != NULL && PyDict_Check(dict_steal)) {
        (void)PyDict_GetItemStringRef(dict_steal, key, &item);
    }
    Py_XDECREF(dict_steal);
    return item;
}

// threading._active[ident]._name, if all of that exists; nothing is imported and no code runs.
static PyObject *
find_python_name(unsigned long ident)
{
    PyObject *threading = get_item(Py_XNewRef(PySys_GetObject("modules")), "threading");
    PyObject *active = threading != NULL && PyModule_Check(threading)
                           ? get_item(Py_NewRef(PyModule_GetDict(threading)), "_active")
                           : NULL;
    PyObject *key = PyLong_FromUnsignedLong(ident), *thread = NULL;
    if (active != NULL && PyDict_Check(active) && key != NULL) {
        (void)PyDict_GetItemRef(active, key, &thread);
    }
    PyObject *fields = thread == NULL ? NULL : PyObject_GenericGetDict(thread, NULL);
    Py_XDECREF(threading);
    Py_XDECREF(active);
    Py_XDECREF(key);
    Py_XDECREF(thread);
    return get_item(fields, "_name");
}

void
traceback_learn_name(thread *here)
{
    if (here->name[0] != '\0') {
        return;
    }
    PyObject *raised = PyErr_GetRaisedException();
    PyObject *name = find_python_name(here->ident);
    const char *utf8 = name == NULL || !PyUnicode_Check(name) ? NULL : PyUnicode_AsUTF8(name);
    if (utf8 != NULL) {
        thread_set_name(here, utf8);
    }
    Py_XDECREF(name);
    PyErr_SetRaisedException(raised); // clears errors of this function
}
