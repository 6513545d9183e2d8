#include "bridge/trace/spans.h"

#include <string.h>

#include "ground/base/names.h"

// ---- names ----

static void
add_text(trace_event *event, const char *utf8)
{
    trace_add_text(event, utf8, strlen(utf8));
}

// A string of any interpreter: PyUnicode_AsUTF8 would keep memory of this one in it.
static void
add_string(trace_event *event, PyObject *string)
{
    Py_ssize_t length = PyUnicode_GET_LENGTH(string);
    if (PyUnicode_IS_ASCII(string)) {
        trace_add_text(event, PyUnicode_DATA(string), (size_t)length);
        return;
    }
    char utf8[4 * TRACE_TEXT_SIZE];
    size_t size = 0;
    for (Py_ssize_t i = 0; i < length && i < TRACE_TEXT_SIZE; i++) {
        Py_UCS4 c = PyUnicode_READ_CHAR(string, i);
        c = c >= 0xD800 && c < 0xE000 ? '?' : c;
        int later = c < 0x80 ? 0 : c < 0x800 ? 1 : c < 0x10000 ? 2 : 3; // bytes
        static const unsigned char first[] = {0, 0xC0, 0xE0, 0xF0};
        utf8[size++] = (char)(first[later] | (c >> (6 * later)));
        while (later-- > 0) {
            utf8[size++] = (char)(0x80 | ((c >> (6 * later)) & 0x3F));
        }
    }
    trace_add_text(event, utf8, size);
}

static void
add_name(trace_event *event, name_ref name)
{
    size_t size;
    if (name.text != NULL) {
        add_string(event, name.text);
    }
    else if (name.index >= 0) {
        const char *known = names_text(name.index, &size);
        trace_add_text(event, known, size);
    }
}

static void
add_type(trace_event *event, const PyTypeObject *type)
{
    if (LIKELY(type->tp_flags & Py_TPFLAGS_HEAPTYPE)) {
        add_string(event, ((const PyHeapTypeObject *)type)->ht_name);
        return;
    }
    const char *dot = strrchr(type->tp_name, '.');
    add_text(event, dot == NULL ? type->tp_name : dot + 1);
}

// What an attribute is asked of: a module by its name, a class by its own, all else by its class.
static void
add_owner(trace_event *event, PyObject *object)
{
    bool is_module = PyModule_CheckExact(object);
    PyObject *name = is_module ? PyModule_GetNameObject(object) : NULL;
    if (name != NULL) {
        add_string(event, name);
        Py_DECREF(name);
        return;
    }
    if (is_module) {
        PyErr_Clear();
    }
    add_type(event, PyType_Check(object) ? (PyTypeObject *)object : Py_TYPE(object));
}

void
spans_add_function(trace_event *event, PyObject *function)
{
    if (PyMethod_Check(function)) {
        function = PyMethod_GET_FUNCTION(function);
    }
    if (PyFunction_Check(function)) {
        add_string(event, ((PyFunctionObject *)function)->func_qualname);
    }
    else if (PyCFunction_Check(function)) {
        add_text(event, ((PyCFunctionObject *)function)->m_ml->ml_name);
    }
    else {
        add_type(event, PyType_Check(function) ? (PyTypeObject *)function : Py_TYPE(function));
    }
}

static void
add_subject(trace_event *event, const span_subject *subject)
{
    if (subject->kind == TRACE_ENTER) {
        add_text(event, subject->label == NULL ? "" : subject->label);
    }
    else if (subject->kind == TRACE_CALL) {
        if (subject->object != NULL) {
            spans_add_function(event, subject->object);
        }
    }
    else {
        if (subject->object != NULL) {
            add_owner(event, subject->object);
            trace_add_text(event, ".", 1);
        }
        add_name(event, subject->name);
    }
}

// ---- crossings ----

// The innermost crossing of this thread, if it is from `home` or into `host`; -1: it is not, or too
// deep.
static int
level_of(thread *self, const interp *home, const interp *host)
{
    int level = atomic_load_explicit(&self->visits.depth, memory_order_relaxed) - 1;
    if (level < 0 || level >= CROSSING_LOG_LEVELS) {
        return level < 0 ? -1 : level;
    }
    crossing_log_level *innermost = &self->visits.levels[level];
    bool is_it = home != NULL
                     ? atomic_load_explicit(&innermost->home, memory_order_relaxed) == home
                     : atomic_load_explicit(&innermost->host, memory_order_relaxed) == host;
    return is_it ? level : -1;
}

static int32_t
home_at(thread *self, int level)
{
    const interp *home =
        level < CROSSING_LOG_LEVELS
            ? atomic_load_explicit(&self->visits.levels[level].home, memory_order_relaxed)
            : NULL; // it is alive: this thread is suspended there
    return home == NULL ? TRACE_NOWHERE : (int32_t)home->id;
}

void
spans_begin(thread *self, interp *host, const span_subject *subject)
{
    trace_lane *lane = spans_lane_of(self);
    int level = lane == NULL ? -1 : level_of(self, NULL, host);
    if (level < 0) {
        return;
    }
    trace_event event;
    trace_event_init(&event, subject->kind, (int32_t)host->id, home_at(self, level));
    event.begin = lane->contended != 0 ? lane->contended : ticks_now();
    event.end = 0;
    lane->contended = 0;
    add_subject(&event, subject);
    trace_begin_span(lane, level, &event);
}

void
spans_end(thread *self, const interp *home)
{
    trace_lane *lane = spans_lane_of(self);
    int level = lane == NULL ? -1 : level_of(self, home, NULL);
    if (level >= 0) {
        lane->contended = 0;
        trace_end_span(lane, level, ticks_now());
    }
}

// The span of a crossing includes the wait before it.
void
spans_waited(const interp *host, int64_t since)
{
    trace_lane *lane = spans_lane();
    if (lane != NULL) {
        lane->contended = since;
        trace_add(lane, &(trace_event){.begin = since,
                                       .end = ticks_now(),
                                       .kind = TRACE_GIL,
                                       .host = (int32_t)host->id,
                                       .home = TRACE_NOWHERE});
    }
}

void
spans_begin_visit(void)
{
    trace_lane *lane = spans_lane();
    if (lane != NULL) {
        lane->visiting = lane->contended != 0 ? lane->contended : ticks_now();
        lane->contended = 0;
    }
}

void
spans_end_visit(const interp *host)
{
    trace_lane *lane = spans_lane();
    if (lane == NULL || lane->visiting == 0) {
        return;
    }
    trace_event event = {.kind = TRACE_ENTER, .host = (int32_t)host->id, .home = TRACE_NOWHERE};
    add_text(&event, "visit");
    spans_add(&event, lane->visiting);
    lane->visiting = 0;
}

void
spans_add(trace_event *event, int64_t since)
{
    trace_lane *lane = since == 0 ? NULL : spans_lane();
    if (lane != NULL) {
        event->begin = since;
        event->end = ticks_now();
        trace_add(lane, event);
    }
}

void
spans_add_deed(trace_kind kind, int64_t id, const char *name, bool has_failed, int64_t since)
{
    if (since != 0) {
        trace_event event = {.kind = kind,
                             .host = (int32_t)id,
                             .home = TRACE_NOWHERE,
                             .flags = has_failed ? TRACE_HAS_FAILED : 0};
        add_text(&event, name);
        spans_add(&event, since);
    }
}

void
spans_note_exceeded(const interp *where, int64_t elapsed)
{
    spans_add(&(trace_event){.kind = TRACE_EXCEEDED,
                             .number = elapsed,
                             .host = (int32_t)where->id,
                             .home = TRACE_NOWHERE},
              trace_clock());
}
