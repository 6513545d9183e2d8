#include "bridge/traceback/frames.h"

#include "bridge/python/cpython.h"
#include "ground/system/peek.h"

#define FRAMES_LIMIT  100 // of one listing, as in faulthandler
#define READINGS      5
#define NAME_LIMIT    500 // characters of a name, as in faulthandler
#define TABLE_LIMIT   (64 * 1024)
#define ENTRIES_LIMIT 100000 // for lists that change meanwhile, and might not end

// ---- interpreters and thread states ----

int
frames_list_interpreters(frames_interpreter *list, int capacity)
{
    cpython_layout layout;
    uintptr_t each;
    int count = 0;
    if (!cpython_find_layout(&layout) || !peek_word(&each, layout.interpreters)) {
        return 0;
    }
    while (each != 0 && count < capacity &&
           peek(&list[count].id, each + layout.interpreter_id, sizeof list->id)) {
        list[count++].address = each;
        if (!peek_word(&each, each + layout.interpreter_next)) {
            break;
        }
    }
    return count;
}

int
frames_list_states(uintptr_t interpreter, frames_state *list, int capacity)
{
    cpython_layout layout;
    uintptr_t each;
    PyThreadState state;
    int count = 0;
    if (!cpython_find_layout(&layout) ||
        !peek_word(&each, interpreter + layout.interpreter_threads)) {
        return 0;
    }
    while (each != 0 && count < capacity && peek(&state, each, sizeof state) &&
           (uintptr_t)state.interp == interpreter) {
        list[count++] = (frames_state){.address = each,
                                       .ident = state.thread_id,
                                       .native_ident = state.native_thread_id,
                                       .has_gil = cpython_is_attached(&state),
                                       .has_frames = cpython_has_frames(&state)};
        each = (uintptr_t)state.next;
    }
    return count;
}

// ---- which frames there are ----

typedef struct {
    uintptr_t code, instruction;
} place;

typedef struct {
    int count;
    bool has_more;
    place places[FRAMES_LIMIT];
} listing;

// C functions that call Python have frames without code.
static bool
is_code(uintptr_t object)
{
    PyObject header;
    return peek(&header, object, sizeof header) && header.ob_type == &PyCode_Type;
}

static void
read_frames(const cpython_layout *layout, uintptr_t state, const void *from, const void *until,
            listing *into)
{
    uintptr_t frame = (uintptr_t)from;
    *into = (listing){0};
    if (frame == 0 && !peek_word(&frame, state + offsetof(PyThreadState, current_frame))) {
        return;
    }
    for (int i = 0; frame != 0 && frame != (uintptr_t)until && i < ENTRIES_LIMIT; i++) {
        char copy[CPYTHON_FRAME_SIZE_MAX];
        uintptr_t executable, instruction;
        if (!peek(copy, frame, layout->frame_size)) {
            break;
        }
        memcpy(&executable, copy + layout->frame_executable, sizeof executable);
        memcpy(&instruction, copy + layout->frame_instruction, sizeof instruction);
        memcpy(&frame, copy + layout->frame_previous, sizeof frame);
        executable = cpython_untag(executable);
        if (!is_code(executable)) {
            continue;
        }
        if (into->count == FRAMES_LIMIT) {
            into->has_more = true;
            break;
        }
        into->places[into->count++] = (place){executable, instruction};
    }
}

// False: the thread is running, and no two readings agree.
static bool
read_frames_in_peace(uintptr_t state, const void *from, const void *until, listing *into)
{
    cpython_layout layout;
    listing again;
    bool is_same = false;
    *into = (listing){0};
    if (cpython_find_layout(&layout)) {
        read_frames(&layout, state, from, until, into);
        for (int i = 0; i < READINGS && !is_same; i++) {
            read_frames(&layout, state, from, until, &again);
            is_same =
                again.count == into->count &&
                memcmp(again.places, into->places, (size_t)again.count * sizeof *again.places) == 0;
            *into = again;
        }
    }
    return is_same;
}

// ---- what a frame is called ----

static Py_UCS4
character_at(const void *chars, int kind, Py_ssize_t index)
{
    return PyUnicode_READ(kind, chars, index);
}

static void
add_character(text *into, Py_UCS4 character)
{
    if (character >= ' ' && character <= '~') {
        text_add(into, "%c", (char)character);
    }
    else if (character <= 0xff) {
        text_add(into, "\\x%02x", (unsigned)character);
    }
    else if (character <= 0xffff) {
        text_add(into, "\\u%04x", (unsigned)character);
    }
    else {
        text_add(into, "\\U%08x", (unsigned)character);
    }
}

// The memory may belong to another object by now: check everything.
static bool
is_string(const PyASCIIObject *header)
{
    int kind = header->state.kind;
    return header->ob_base.ob_type == &PyUnicode_Type && header->state.compact &&
           header->length >= 0 &&
           (kind == PyUnicode_1BYTE_KIND || kind == PyUnicode_2BYTE_KIND ||
            kind == PyUnicode_4BYTE_KIND);
}

// In ASCII, as faulthandler does. With `only_file`, only what follows the last slash.
static void
add_string(text *into, PyObject *string, bool only_file)
{
    PyASCIIObject header; // what ASCII strings have; others have more
    Py_UCS4 chars[NAME_LIMIT];
    uintptr_t address = (uintptr_t)string;
    if (!peek(&header, address, sizeof header) || !is_string(&header)) {
        text_add(into, "???");
        return;
    }
    Py_ssize_t length = header.length, kind = header.state.kind;
    Py_ssize_t shown = length < NAME_LIMIT ? length : NAME_LIMIT, first = 0;
    address += header.state.ascii ? sizeof(PyASCIIObject) : sizeof(PyCompactUnicodeObject);
    if (!peek(chars, address, (size_t)(shown * kind))) {
        text_add(into, "???");
        return;
    }
    for (Py_ssize_t i = 0; only_file && i < shown; i++) {
        first = character_at(chars, (int)kind, i) == '/' ? i + 1 : first;
    }
    for (Py_ssize_t i = first; i < shown; i++) {
        add_character(into, character_at(chars, (int)kind, i));
    }
    if (shown < length) {
        text_add(into, "...");
    }
}

// ---- line numbers: the table of Objects/locations.md, the same in 3.13 to 3.15 ----

static int
read_signed(const unsigned char **at, const unsigned char *end)
{
    unsigned value = 0;
    for (int shift = 0; *at < end && shift < 32; shift += 6) {
        unsigned char byte = *(*at)++;
        value |= (unsigned)(byte & 63) << shift;
        if (!(byte & 64)) {
            break;
        }
    }
    return value & 1 ? -(int)(value >> 1) : (int)(value >> 1);
}

// -1: none.
static int
find_line(const unsigned char *at, const unsigned char *end, int line, Py_ssize_t instruction)
{
    Py_ssize_t reached = 0;
    while (at < end) {
        int first = *at++, form = first >> 3 & 15;
        reached += (first & 7) + 1;
        if (form == 14 || form == 13) {
            line += read_signed(&at, end);
        }
        else if (form >= 10 && form <= 12) {
            line += form - 10;
        }
        if (instruction < reached) {
            return form == 15 ? -1 : line;
        }
        while (at < end && !(*at & 128)) {
            at++;
        }
    }
    return -1;
}

static int
line_of(const PyCodeObject *code, const place *at)
{
    unsigned char *table = NULL;
    PyBytesObject header;
    uintptr_t address = (uintptr_t)code->co_linetable;
    uintptr_t start = at->code + offsetof(PyCodeObject, co_code_adaptive);
    int line = -1;
    if (at->instruction >= start && peek(&header, address, sizeof header) &&
        header.ob_base.ob_base.ob_type == &PyBytes_Type && header.ob_base.ob_size >= 0 &&
        header.ob_base.ob_size < TABLE_LIMIT &&
        (table = malloc((size_t)header.ob_base.ob_size + 1)) != NULL &&
        peek(table, address + offsetof(PyBytesObject, ob_sval), (size_t)header.ob_base.ob_size)) {
        Py_ssize_t instruction = (Py_ssize_t)((at->instruction - start) / sizeof(uint16_t));
        line = find_line(table, table + header.ob_base.ob_size, code->co_firstlineno, instruction);
    }
    free(table);
    return line;
}

static bool
read_code(PyCodeObject *code, const place *at)
{
    return peek(code, at->code, offsetof(PyCodeObject, co_code_adaptive));
}

static void
add_line_number(text *into, const PyCodeObject *code, const place *at)
{
    int line = line_of(code, at);
    if (line >= 0) {
        text_add(into, "%d", line);
    }
    else {
        text_add(into, "???");
    }
}

// ---- the whole ----

void
frames_add(text *into, uintptr_t state, const void *from, const void *until)
{
    listing found;
    bool is_exact = read_frames_in_peace(state, from, until, &found);
    for (int i = 0; i < found.count; i++) {
        PyCodeObject code;
        if (!read_code(&code, &found.places[i])) {
            continue;
        }
        text_add(into, "    File \"");
        add_string(into, code.co_filename, false);
        text_add(into, "\", line ");
        add_line_number(into, &code, &found.places[i]);
        text_add(into, " in ");
        add_string(into, code.co_qualname, false);
        text_add(into, "\n");
    }
    if (found.count == 0) {
        text_add(into, "    <no Python frame>\n");
    }
    if (found.has_more) {
        text_add(into, "    ...\n");
    }
    if (!is_exact) {
        text_add(into, "    (it is running: its innermost frames change)\n");
    }
}

bool
frames_describe(text *into, uintptr_t state)
{
    listing found;
    PyCodeObject code;
    (void)read_frames_in_peace(state, NULL, NULL, &found);
    if (found.count == 0 || !read_code(&code, &found.places[0])) {
        return false;
    }
    add_string(into, code.co_qualname, false);
    text_add(into, "() at ");
    add_string(into, code.co_filename, true);
    text_add(into, ":");
    add_line_number(into, &code, &found.places[0]);
    return true;
}
