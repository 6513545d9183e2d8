#include "bridge/traceback/snapshot.h"

#include <unistd.h>

#include "ground/system/system_thread.h"

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
            all->transit_count < SNAPSHOT_TRANSITS) {
            all->transits[all->transit_count++] = (seen_transit){visitor->thread, each, how};
        }
    }
    pthread_mutex_unlock(&each->mutex);
}

static void
see_interpreters(snapshot *all)
{
    frames_interpreter found[SNAPSHOT_INTERPRETERS];
    int count = frames_list_interpreters(found, SNAPSHOT_INTERPRETERS);
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
    if (all->thread_count == SNAPSHOT_THREADS) {
        all->thread_left_out++;
        return;
    }
    seen_thread *seen = &all->threads[all->thread_count++];
    seen->ident = each->ident;
    seen->record = each;
    seen->is_main = each->is_main;
    memcpy(seen->name, each->name, sizeof seen->name);
    seen->current = atomic_load(&each->current);
    seen->blocked = atomic_load(&each->blocked);
    seen->begun = atomic_load(&each->visits.begun);
    seen->depth = crossing_log_copy(&each->visits, seen->levels);
}

seen_thread *
snapshot_find_thread(snapshot *all, unsigned long ident)
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
    if (state->ident == 0 || all->state_count == SNAPSHOT_STATES) {
        return;
    }
    all->states[all->state_count++] = (seen_state){*state, index};
    seen_thread *owner = snapshot_find_thread(all, state->ident);
    bool is_main = state->native_ident == (unsigned long)getpid();
    if (owner == NULL && (state->has_frames || is_main) && all->thread_count < SNAPSHOT_THREADS) {
        owner = &all->threads[all->thread_count++];
        owner->ident = state->ident;
        owner->is_main = is_main;
        owner->current = -1;
    }
    if (owner != NULL) {
        owner->native_ident = state->native_ident;
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
give_names(snapshot *all, const thread_name *names, int count)
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

snapshot *
snapshot_take(const thread_name *names, int count)
{
    snapshot *all = calloc(1, sizeof *all);
    frames_state *found = malloc(SNAPSHOT_STATES * sizeof *found);
    if (all != NULL && found != NULL) {
        see_interpreters(all);
        thread_each(see_thread, all);
        for (int i = 0; i < all->interp_count; i++) {
            int states = frames_list_states(all->interps[i].python.address, found, SNAPSHOT_STATES);
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

// ---- finding ----

const seen_interp *
snapshot_find_record(const snapshot *all, const void *record)
{
    for (int i = 0; record != NULL && i < all->interp_count; i++) {
        if (all->interps[i].record == record) {
            return &all->interps[i];
        }
    }
    return NULL;
}

const seen_interp *
snapshot_find_id(const snapshot *all, int64_t id)
{
    for (int i = 0; i < all->interp_count; i++) {
        if (all->interps[i].python.id == id) {
            return &all->interps[i];
        }
    }
    return NULL;
}

const char *
snapshot_name_of(const seen_interp *seen)
{
    return seen == NULL ? "(closed)" : seen->name;
}

// The thread's state in this interpreter. An ended thread with the same ident may have left one:
// prefer a state with frames.
const frames_state *
snapshot_find_state(const snapshot *all, unsigned long ident, const seen_interp *where)
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

const frames_state *
snapshot_find_holder(const snapshot *all, const seen_interp *where)
{
    for (int i = 0; where != NULL && i < all->state_count; i++) {
        const seen_state *each = &all->states[i];
        if (&all->interps[each->interp] == where && each->state.has_gil) {
            return &each->state;
        }
    }
    return NULL;
}

// The guest through which the thread waits to enter or return; NULL: it does not.
const seen_transit *
snapshot_find_transit(const snapshot *all, const seen_thread *thread)
{
    for (int i = 0; i < all->transit_count; i++) {
        if (thread->record != NULL && all->transits[i].whose == thread->record) {
            return &all->transits[i];
        }
    }
    return NULL;
}

// Threads of atoll that only clean up in the background have no frames; nor has the main thread
// while the process ends, but that one is looked for.
bool
snapshot_is_worth_telling(const snapshot *all, const seen_thread *thread)
{
    bool has_frames = false;
    for (int i = 0; i < all->state_count && !has_frames; i++) {
        const frames_state *state = &all->states[i].state;
        has_frames = state->ident == thread->ident && state->has_frames;
    }
    return thread->is_main || has_frames || thread->depth > 0 || thread->blocked != BLOCKED_NOT;
}
