#include "bridge/monitor/whereabouts.h"

#include <string.h>

#include "bridge/monitor/sampling.h"
#include "bridge/traceback/frames.h"
#include "ground/base/clock.h"
#include "ground/monitor/json.h"
#include "ground/system/system_thread.h"

// ---- where ----

static int
known_levels(const seen_thread *thread)
{
    return thread->depth < CROSSING_LOG_LEVELS ? thread->depth : CROSSING_LOG_LEVELS;
}

// The interpreter at a level: 0 is the thread's home. Borrowed; NULL: not known.
static const seen_interp *
find_level(const snapshot *seen, const seen_thread *thread, int level)
{
    return snapshot_find_record(seen, level == 0 ? thread->levels[0].home
                                                 : thread->levels[level - 1].host);
}

// The only interpreter in which a thread that has not crossed has frames.
static const seen_interp *
find_home(const snapshot *seen, const seen_thread *thread)
{
    const seen_interp *found = snapshot_find_id(seen, thread->current);
    for (int i = 0; found == NULL && i < seen->state_count; i++) {
        if (seen->states[i].state.ident == thread->ident) {
            found = &seen->interps[seen->states[i].interp];
        }
    }
    return found;
}

static void
add_id(text *into, const char *key, const seen_interp *where)
{
    json_number_or_null(into, key, where != NULL, where == NULL ? 0 : where->python.id);
}

// The interpreters that it has come through, outermost first. A last one that it is waiting to
// enter is not among them. Returns where it is.
static const seen_interp *
add_path(text *into, const snapshot *seen, const seen_thread *thread, const seen_transit *transit)
{
    int last = known_levels(thread);
    if (last > 0 && transit != NULL && transit->how == GUEST_ENTERING) {
        last--;
    }
    const seen_interp *where = NULL;
    json_begin(into, "path", '[');
    for (int level = 0; level <= last; level++) {
        where = thread->depth > 0 ? find_level(seen, thread, level) : find_home(seen, thread);
        add_id(into, NULL, where);
    }
    json_end(into, ']');
    return where;
}

// ---- what for ----

static const char *
blocked_name(blocked_kind kind)
{
    static const char *const names[] = {
        [BLOCKED_NOT] = "",
        [BLOCKED_GET] = "get",
        [BLOCKED_PUT] = "put",
        [BLOCKED_JOIN] = "join",
        [BLOCKED_VISITORS] = "visitors",
        [BLOCKED_OWN_THREADS] = "own_threads",
        [BLOCKED_CLOSER] = "closer",
        [BLOCKED_RESULT] = "result",
        [BLOCKED_TASK] = "task",
    };
    return names[kind];
}

static void
add_transit(text *into, const snapshot *seen, const seen_transit *transit)
{
    const seen_interp *where = snapshot_find_record(seen, transit->where);
    const frames_state *holder = snapshot_find_holder(seen, where);
    const char *how = transit->how == GUEST_ENTERING ? "enter" : "return";
    json_string(into, "for", how, strlen(how));
    add_id(into, "interpreter", where);
    json_number_or_null(into, "held_by", holder != NULL,
                        holder == NULL ? 0 : (int64_t)holder->ident);
}

static void
add_blocked(text *into, int64_t blocked)
{
    blocked_kind kind = thread_blocked_kind(blocked);
    int64_t number = thread_blocked_number(blocked);
    const char *how = blocked_name(kind);
    json_string(into, "for", how, strlen(how));
    if (kind == BLOCKED_GET || kind == BLOCKED_PUT || kind == BLOCKED_JOIN) {
        json_number(into, "queue", number);
    }
    else if (kind == BLOCKED_VISITORS || kind == BLOCKED_OWN_THREADS || kind == BLOCKED_CLOSER) {
        json_number(into, "interpreter", number);
    }
}

static void
add_waits(text *into, const snapshot *seen, const seen_thread *thread, const seen_transit *transit)
{
    if (transit == NULL && thread->blocked == BLOCKED_NOT) {
        json_null(into, "waits");
        return;
    }
    json_begin(into, "waits", '{');
    if (transit != NULL) {
        add_transit(into, seen, transit);
    }
    else {
        add_blocked(into, thread->blocked);
    }
    json_end(into, '}');
}

// ---- the rest ----

static void
add_frame(text *into, const frames_state *state)
{
    text frame = {0};
    if (state != NULL && frames_describe(&frame, state->address)) {
        json_string(into, "frame", frame.chars, frame.size);
    }
    else {
        json_null(into, "frame");
    }
    text_free(&frame);
}

static void
add_cpu(text *into, unsigned long native_ident)
{
    int64_t used = system_thread_cpu(native_ident);
    if (used >= 0) {
        json_seconds(into, "cpu", used);
    }
    else {
        json_null(into, "cpu");
    }
}

// For how long it has been doing this, as far as that was seen. Watchdogs have visits note when
// they begin.
static void
add_seconds(text *into, const seen_thread *thread, bool has_samples)
{
    int64_t since = 0;
    int levels = known_levels(thread);
    if (levels > 0 && thread->blocked == BLOCKED_NOT &&
        thread->levels[levels - 1].since != CROSSING_LOG_UNTIMED) {
        since = thread->levels[levels - 1].since;
    }
    if (since == 0 && has_samples) {
        since = sampling_since(thread->ident, thread->current, thread->blocked, thread->begun,
                               thread->depth);
    }
    if (since > 0) {
        json_seconds(into, "seconds", clock_now() - since);
    }
    else {
        json_null(into, "seconds");
    }
}

void
whereabouts_add(text *into, snapshot *seen, const seen_thread *thread, bool has_samples)
{
    const seen_transit *transit = snapshot_find_transit(seen, thread);
    json_begin(into, NULL, '{');
    json_number(into, "ident", (int64_t)thread->ident);
    json_number_or_null(into, "native_id", thread->native_ident != 0,
                        (int64_t)thread->native_ident);
    json_string(into, "name", thread->name, strlen(thread->name));
    const seen_interp *where = add_path(into, seen, thread, transit);
    const frames_state *state = snapshot_find_state(seen, thread->ident, where);
    add_id(into, "interpreter", where);
    json_number(into, "depth", thread->depth);
    json_bool(into, "holds", state != NULL && state->has_gil);
    add_waits(into, seen, thread, transit);
    add_seconds(into, thread, has_samples);
    add_frame(into, state);
    add_cpu(into, thread->native_ident);
    json_end(into, '}');
}
