#include "bridge/traceback/traceback.h"

#include "bridge/traceback/frames.h"
#include "bridge/traceback/snapshot.h"

// ---- telling ----

static void
add_thread_name(text *into, snapshot *all, unsigned long ident)
{
    const seen_thread *thread = snapshot_find_thread(all, ident);
    text_add(into, "0x%0*lx", (int)sizeof ident * 2, ident);
    if (thread != NULL && thread->name[0] != '\0') {
        char name[THREAD_NAME_SIZE];
        text_fit_ascii(name, sizeof name, thread->name);
        text_add(into, " [%s]", name);
    }
}

static void
add_holder(text *into, snapshot *all, const seen_interp *where)
{
    const frames_state *holder = snapshot_find_holder(all, where);
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

static void
add_transit(text *into, snapshot *all, const seen_transit *transit)
{
    const seen_interp *where = snapshot_find_record(all, transit->where);
    text_add(into, "  waits to get %s interpreter '%s'",
             transit->how == GUEST_ENTERING ? "into" : "back into", snapshot_name_of(where));
    add_holder(into, all, where);
}

static void
add_blocked(text *into, const snapshot *all, int64_t blocked)
{
    long long number = thread_blocked_number(blocked);
    const char *name = snapshot_name_of(snapshot_find_id(all, number));
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
    const frames_state *state = snapshot_find_state(all, thread->ident, where);
    text_add(into, "  in interpreter '%s'", snapshot_name_of(where));
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
    const seen_transit *transit = snapshot_find_transit(all, thread);
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
        add_stay(into, all, thread, snapshot_find_record(all, where), from, until);
    }
}

static void
add_thread(text *into, snapshot *all, const seen_thread *thread, unsigned long current)
{
    text_add(into, "%s ", thread->ident == current ? "Current thread" : "Thread");
    add_thread_name(into, all, thread->ident);
    text_add(into, " (most recent call first):\n");
    const seen_transit *transit = snapshot_find_transit(all, thread);
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

static void
add_threads(text *into, snapshot *all, unsigned long current)
{
    for (int pass = 0; pass < 2; pass++) { // the current one, or else the main one, first
        for (int i = 0; i < all->thread_count; i++) {
            const seen_thread *each = &all->threads[i];
            bool is_first = current == 0 ? each->is_main : each->ident == current;
            if (is_first == (pass == 0) && snapshot_is_worth_telling(all, each)) {
                text_add(into, into->size > 0 ? "\n" : "");
                add_thread(into, all, each, current);
            }
        }
    }
    if (all->interp_count == 0) {
        text_add(into, "  <this system does not let a process read its own memory safely>\n");
    }
    if (all->thread_count == SNAPSHOT_THREADS) {
        text_add(into, "\n...\n");
    }
}

void
traceback_add(text *into, unsigned long current, const thread_name *names, int count)
{
    snapshot *all = snapshot_take(names, count);
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
             snapshot_name_of(snapshot_find_record(all, slow->host)),
             (double)slow->elapsed / NANOSECONDS_PER_SECOND);
}

void
traceback_report(int descriptor, const slow_visit *slow, int count)
{
    text made = {0};
    snapshot *all = snapshot_take(NULL, 0);
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

void
traceback_learn_own_name(void)
{
    thread *here = thread_get();
    if (here != NULL) {
        traceback_learn_name(here);
    }
}
