#include "bridge/python/cpython.h"

#include <datetime.h>
#include <sched.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>

// The start of _Py_DebugOffsets, as 64-bit words; internal/pycore_debug_offsets.h.
enum {
    WORD_VERSION = 1,
    WORD_INTERPRETERS_HEAD = 5,
    WORD_INTERPRETER_ID = 7,
    WORD_INTERPRETER_NEXT = 8,
    WORD_THREADS_HEAD = 9,
#if PY_VERSION_HEX < 0x030E0000
    WORD_GIL_LOCKED = 17,
    WORD_FRAME = 28,
#elif PY_VERSION_HEX < 0x030F0000
    WORD_GIL_LOCKED = 18, // 3.14 inserted threads_main
    WORD_FRAME = 31,
#else
    WORD_GIL_LOCKED = 18,
    WORD_FRAME = 39,
#endif
};

extern char _PyRuntime[]; // begins with _Py_DebugOffsets

extern int _PyEval_AddPendingCall(PyInterpreterState *interpreter, int (*function)(void *),
                                  void *argument, int flags);

static bool
read_offset(int word, uint64_t *offset)
{
    const uint64_t *words = (const uint64_t *)(void *)_PyRuntime;
    bool as_expected =
        memcmp(_PyRuntime, "xdebugpy", 8) == 0 && words[WORD_VERSION] >> 16 == PY_VERSION_HEX >> 16;
    if (as_expected) {
        *offset = words[word];
    }
    return as_expected;
}

const volatile int *
cpython_gil_flag(PyInterpreterState *interpreter)
{
    static const int never = 0;
    uint64_t offset;
    if (!read_offset(WORD_GIL_LOCKED, &offset)) {
        return &never;
    }
    return (const volatile int *)((const char *)interpreter + offset);
}

// The end of struct _gil_runtime_state, from the flag on (Include/internal/pycore_gil.h).
typedef struct {
    int locked;
    unsigned long switch_number;
    pthread_cond_t cond;
} gil_tail;

// Where a condition of glibc counts its waiters, in words, by a look at a new one: all other words
// are 0. The count is 2 then: the condition goes by CLOCK_MONOTONIC, as CPython's. -1: not found.
static int
find_count_of_waiters(void)
{
    pthread_condattr_t monotonic;
    pthread_cond_t fresh;
    unsigned words[sizeof fresh / sizeof(unsigned)];
    memset(&fresh, 0, sizeof fresh);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&fresh, &monotonic);
    memcpy(words, &fresh, sizeof fresh);
    pthread_cond_destroy(&fresh);
    pthread_condattr_destroy(&monotonic);
    int found = -1, others = 0;
    for (int i = 0; i < (int)(sizeof words / sizeof *words); i++) {
        if (words[i] == 2) {
            found = i;
        }
        others += words[i] != 0;
    }
    return others == 1 ? found : -1;
}

const volatile unsigned *
cpython_gil_sleepers(PyInterpreterState *interpreter)
{
    static const unsigned none = 0;
    uint64_t offset;
    int word = find_count_of_waiters();
    if (word < 0 || !read_offset(WORD_GIL_LOCKED, &offset)) {
        return &none;
    }
    const gil_tail *tail = (const gil_tail *)(void *)((char *)interpreter + offset);
    const volatile unsigned *count = (const volatile unsigned *)(const void *)&tail->cond + word;
    return (*count & 7) == 2 ? count : &none;
}

static void *const volatile *
find_pointer(PyInterpreterState *interpreter, int word)
{
    static void *const nobody = NULL;
    uint64_t offset;
    if (!read_offset(word, &offset)) {
        return &nobody;
    }
    return (void *const volatile *)(void *)((char *)interpreter + offset);
}

void *const volatile *
cpython_gil_holder(PyInterpreterState *interpreter)
{
    return find_pointer(interpreter, WORD_GIL_LOCKED + 1);
}

void *const volatile *
cpython_newest_state(PyInterpreterState *interpreter)
{
    return find_pointer(interpreter, WORD_THREADS_HEAD);
}

bool
cpython_find_layout(cpython_layout *layout)
{
    uint64_t heads, words[4]; // size, previous, executable, instr_ptr
    bool as_expected = read_offset(WORD_INTERPRETERS_HEAD, &heads) &&
                       read_offset(WORD_INTERPRETER_ID, &layout->interpreter_id) &&
                       read_offset(WORD_INTERPRETER_NEXT, &layout->interpreter_next) &&
                       read_offset(WORD_THREADS_HEAD, &layout->interpreter_threads);
    for (int i = 0; as_expected && i < 4; i++) {
        as_expected = read_offset(WORD_FRAME + i, &words[i]);
    }
    if (!as_expected || words[0] < 8 || words[0] > CPYTHON_FRAME_SIZE_MAX ||
        words[1] > words[0] - 8 || words[2] > words[0] - 8 || words[3] > words[0] - 8) {
        return false;
    }
    layout->interpreters = (uintptr_t)_PyRuntime + heads;
    layout->frame_size = words[0];
    layout->frame_previous = words[1];
    layout->frame_executable = words[2];
    layout->frame_instruction = words[3];
    return true;
}

bool
cpython_post(PyInterpreterState *interpreter, int (*function)(void *), void *argument)
{
    return _PyEval_AddPendingCall(interpreter, function, argument, 0) == 0;
}

void
cpython_forget_interpreters(void)
{
    uint64_t offset;
    if (read_offset(WORD_INTERPRETERS_HEAD, &offset)) {
        *(PyInterpreterState **)(void *)(_PyRuntime + offset) = PyInterpreterState_Main();
    }
}

#if PY_VERSION_HEX >= 0x030E0000
void
cpython_forget_thread_states(void)
{
    uint64_t offset;
    PyThreadState *mine = PyThreadState_GetUnchecked();
    PyInterpreterState *main = PyInterpreterState_Main();
    if (mine != NULL && PyThreadState_GetInterpreter(mine) == main &&
        PyInterpreterState_Head() != main && read_offset(WORD_THREADS_HEAD, &offset)) {
        mine->prev = mine->next = NULL;
        *(PyThreadState **)(void *)((char *)main + offset) = mine;
    }
}
#endif

#if PY_VERSION_HEX < 0x030E0000
// HEAD_LOCK of pystate.c: the mutex before the first interpreter's address. Whoever has it needs no
// GIL, so this waits with one; PyMutex_Lock could take the GIL again when it has the mutex.
static PyMutex *
lock_heads(void)
{
    uint64_t offset;
    if (!read_offset(WORD_INTERPRETERS_HEAD, &offset)) {
        return NULL;
    }
    PyMutex *mutex = (PyMutex *)(void *)(_PyRuntime + offset - sizeof(void *));
    _Atomic(uint8_t) *bits = (_Atomic(uint8_t) *)&mutex->_bits;
    uint8_t before = 0;
    while (!atomic_compare_exchange_weak(bits, &before, before | 1)) { // _Py_LOCKED
        if (before & 1) {
            sched_yield();
            before = (uint8_t)(atomic_load(bits) & ~1);
        }
    }
    return mutex;
}

size_t
cpython_list_threads(PyThreadState ***states)
{
    enum { FOR_IMPORT = 5 }; // _PyThreadState_WHENCE_EXEC
    PyInterpreterState *here = PyInterpreterState_Get();
    PyMutex *mutex = lock_heads();
    size_t count = 0, room = 1;
    PyThreadState *each = mutex == NULL ? NULL : PyInterpreterState_ThreadHead(here);
    for (const PyThreadState *next = each; next != NULL; next = next->next) {
        room++;
    }
    *states = malloc(room * sizeof **states);
    for (; each != NULL && *states != NULL; each = each->next) {
        if (each->_whence != FOR_IMPORT) {
            (*states)[count++] = each;
        }
    }
    if (mutex != NULL) {
        PyMutex_Unlock(mutex);
    }
    return count;
}
#endif

extern int _PyStaticType_InitForExtension(PyInterpreterState *interpreter, PyTypeObject *type);

int
cpython_init_static_type(PyTypeObject *type)
{
    return _PyStaticType_InitForExtension(PyInterpreterState_Get(), type);
}

// ---- watched threads ----

static int
install_hook(PyObject *threading, const char *hook, const char *setter)
{
    PyObject *function = PyObject_GetAttrString(threading, hook), *done = NULL;
    if (function == NULL) {
        return -1;
    }
    PyObject *set = PySys_GetObject(setter); // borrowed
    if (function != Py_None && set != NULL) {
        done = PyObject_CallOneArg(set, function);
    }
    int result = function == Py_None || done != NULL ? 0 : -1;
    Py_DECREF(function);
    Py_XDECREF(done);
    return result;
}

void
cpython_watch_thread(void)
{
    PyObject *name = PyUnicode_FromString("threading");
    PyObject *threading = name == NULL ? NULL : PyImport_GetModule(name);
    if (threading != NULL && install_hook(threading, "_trace_hook", "settrace") == 0) {
        install_hook(threading, "_profile_hook", "setprofile");
    }
    PyErr_Clear(); // the module is only being imported: no thread is watched yet
    Py_XDECREF(threading);
    Py_XDECREF(name);
}

// ---- immortal objects ----

void
cpython_init_immortal(PyObject *raw, PyTypeObject *type)
{
    static const struct {
        PyObject object;
        Py_ssize_t size;
    } immortal = {PyObject_HEAD_INIT(NULL) 0}; // the macro ends in a comma
    memcpy(raw, &immortal.object, sizeof immortal.object);
    raw->ob_type = type;
}

PyObject *
cpython_import(PyObject *name)
{
    PyObject *top = PyImport_ImportModuleLevelObject(name, NULL, NULL, NULL, 0);
    if (top == NULL) {
        return NULL;
    }
    Py_DECREF(top);
    PyObject *module = PyImport_GetModule(name);
    if (module == NULL && !PyErr_Occurred()) {
        PyErr_Format(PyExc_ModuleNotFoundError, "no module named %R after its import", name);
    }
    return module;
}

PyObject *
cpython_import_named(const char *name)
{
    PyObject *object = PyUnicode_FromString(name);
    PyObject *module = object == NULL ? NULL : cpython_import(object);
    Py_XDECREF(object);
    return module;
}

// As an import does that has found the module: _load is importlib's own (3.13 to 3.15).
PyObject *
cpython_import_extension(PyObject *name, PyObject *file)
{
    PyObject *finding = cpython_import_named("_frozen_importlib_external");
    PyObject *spec =
        finding == NULL ? NULL
                        : PyObject_CallMethod(finding, "spec_from_file_location", "OO", name, file);
    PyObject *loading = spec == NULL ? NULL : cpython_import_named("_frozen_importlib");
    PyObject *module = loading == NULL ? NULL : PyObject_CallMethod(loading, "_load", "O", spec);
    Py_XDECREF(loading);
    Py_XDECREF(spec);
    Py_XDECREF(finding);
    return module;
}

// timezone.utc, a static object of datetime: one for all interpreters.
static PyObject *utc = NULL;

int
cpython_init_singletons(void)
{
    PyObject *module = cpython_import_named("_datetime");
    PyObject *found = module == NULL ? NULL : PyObject_GetAttrString(module, "UTC");
    if (found != NULL && PyInterpreterState_Get() == PyInterpreterState_Main()) {
        utc = found;
    }
    Py_XDECREF(module);
    Py_XDECREF(found);
    return found == NULL ? -1 : 0;
}

bool
cpython_is_singleton_slow(PyObject *object)
{
    PyTypeObject *type = Py_TYPE(object);
    if (type == &PyBytes_Type) {
        return PyBytes_GET_SIZE(object) <= 1 && _Py_IsImmortal(object);
    }
    if (type == &PyTuple_Type) {
        return PyTuple_GET_SIZE(object) == 0;
    }
    return object == Py_None || type == &PyBool_Type || object == Py_Ellipsis ||
           object == Py_NotImplemented || object == utc ||
           (PyType_Check(object) && cpython_is_static_type((PyTypeObject *)object));
}

size_t
cpython_int_size(PyObject *number)
{
    size_t digits = ((PyLongObject *)number)->long_value.lv_tag >> 3; // _PyLong_NON_SIZE_BITS
    return offsetof(PyLongObject, long_value.ob_digit) + (digits == 0 ? 1 : digits) * sizeof(digit);
}

// Types are told by their names: the table of datetime's C API belongs to one interpreter.
static size_t
datetime_size(PyObject *object)
{
    const PyTypeObject *type = Py_TYPE(object);
    if (!cpython_is_static_type(type) || strncmp(type->tp_name, "datetime.", 9) != 0) {
        return 0;
    }
    const char *name = type->tp_name + 9;
    PyObject *zone = Py_None;
    size_t size = 0;
    if (strcmp(name, "date") == 0) {
        size = sizeof(PyDateTime_Date);
    }
    else if (strcmp(name, "timedelta") == 0) {
        size = sizeof(PyDateTime_Delta);
    }
    else if (strcmp(name, "datetime") == 0) {
        zone = PyDateTime_DATE_GET_TZINFO(object);
        size = zone == Py_None ? sizeof(_PyDateTime_BaseDateTime) : sizeof(PyDateTime_DateTime);
    }
    else if (strcmp(name, "time") == 0) {
        zone = PyDateTime_TIME_GET_TZINFO(object);
        size = zone == Py_None ? sizeof(_PyDateTime_BaseTime) : sizeof(PyDateTime_Time);
    }
    return zone == Py_None || zone == utc ? size : 0;
}

size_t
cpython_datetime_size(PyObject *object)
{
    (void)PyDateTimeAPI; // declared by datetime.h
    size_t size = datetime_size(object);
    return size == 0 || PyObject_Hash(object) == -1 ? 0 : size;
}

// ---- tables of dicts ----

static size_t
entry_words(cpython_table_shape shape)
{
    return shape.has_hashes ? 3 : 2;
}

// Two thirds of a table can be used (USABLE_FRACTION); an index is signed.
cpython_table_shape
cpython_table_shape_of(Py_ssize_t count, bool has_only_strings)
{
    cpython_table_shape shape = {.log2_size = 3, .has_hashes = !has_only_strings};
    while ((((Py_ssize_t)1 << shape.log2_size) << 1) / 3 < count) {
        shape.log2_size++;
    }
    int log2_index = shape.log2_size < 8    ? 0
                     : shape.log2_size < 16 ? 1
                     : shape.log2_size < 32 ? 2
                                            : 3;
    shape.log2_index_bytes = shape.log2_size + log2_index;
    shape.size = sizeof(cpython_table) + ((size_t)1 << shape.log2_index_bytes) +
                 (size_t)count * entry_words(shape) * sizeof(PyObject *);
    return shape;
}

PyObject **
cpython_table_key(void *table, cpython_table_shape shape, Py_ssize_t index)
{
    char *entries = ((cpython_table *)table)->indices + ((size_t)1 << shape.log2_index_bytes);
    return (PyObject **)(void *)entries + (size_t)index * entry_words(shape) + shape.has_hashes;
}

typedef struct { // where keys are not only strings (PyDictKeyEntry)
    Py_hash_t hash;
    PyObject *key, *value;
} cpython_entry;

static void
set_index(cpython_table *table, size_t slot, Py_ssize_t index)
{
    switch (table->log2_index_bytes - table->log2_size) {
    case 0:
        ((int8_t *)table->indices)[slot] = (int8_t)index;
        break;
    case 1:
        ((int16_t *)(void *)table->indices)[slot] = (int16_t)index;
        break;
    case 2:
        ((int32_t *)(void *)table->indices)[slot] = (int32_t)index;
        break;
    default:
        ((int64_t *)(void *)table->indices)[slot] = (int64_t)index;
    }
}

static Py_ssize_t
get_index(const cpython_table *table, size_t slot)
{
    switch (table->log2_index_bytes - table->log2_size) {
    case 0:
        return ((const int8_t *)table->indices)[slot];
    case 1:
        return ((const int16_t *)(const void *)table->indices)[slot];
    case 2:
        return ((const int32_t *)(const void *)table->indices)[slot];
    default:
        return (Py_ssize_t)((const int64_t *)(const void *)table->indices)[slot];
    }
}

// The slots in which CPython looks for a hash, one after the other (find_empty_slot).
typedef struct {
    size_t mask, perturb, slot;
} probing;

static probing
first_probe(const cpython_table *table, Py_hash_t hash)
{
    size_t mask = ((size_t)1 << table->log2_size) - 1;
    return (probing){mask, (size_t)hash, (size_t)hash & mask};
}

static void
next_probe(probing *self)
{
    self->perturb >>= 5; // PERTURB_SHIFT
    self->slot = (self->slot * 5 + self->perturb + 1) & self->mask;
}

bool
cpython_dict_compares_no_other(PyObject *dict, Py_ssize_t index)
{
    const cpython_table *table = (const void *)((PyDictObject *)dict)->ma_keys;
    if (table->kind != 0) { // DICT_KEYS_GENERAL
        return true;
    }
    const cpython_entry *entries =
        (const void *)(table->indices + ((size_t)1 << table->log2_index_bytes));
    Py_hash_t hash = entries[index].hash;
    for (probing probe = first_probe(table, hash);; next_probe(&probe)) {
        Py_ssize_t found = get_index(table, probe.slot);
        if (found == index || found == -1) { // DKIX_EMPTY: somebody broke the dict
            return found == index;
        }
        if (found >= 0 && entries[found].hash == hash) {
            return false;
        }
    }
}

static void
insert(cpython_table *table, Py_hash_t hash, Py_ssize_t index)
{
    probing probe = first_probe(table, hash);
    while (get_index(table, probe.slot) >= 0) {
        next_probe(&probe);
    }
    set_index(table, probe.slot, index);
}

int
cpython_table_finish(void *memory, cpython_table_shape shape, Py_ssize_t count)
{
    cpython_table *table = memory;
    *table = (cpython_table){.references = 1, // never dropped; debug builds check it
                             .log2_size = (uint8_t)shape.log2_size,
                             .log2_index_bytes = (uint8_t)shape.log2_index_bytes,
                             .kind = !shape.has_hashes,
                             .entries = count};
    memset(table->indices, 0xff, (size_t)1 << shape.log2_index_bytes); // all free: -1
    for (Py_ssize_t index = 0; index < count; index++) {
        PyObject **key = cpython_table_key(table, shape, index);
        Py_hash_t hash = shape.has_hashes ? PyObject_Hash(*key) : ((PyASCIIObject *)*key)->hash;
        if (hash == -1) {
            return -1;
        }
        if (shape.has_hashes) {
            *(Py_hash_t *)(void *)(key - 1) = hash;
        }
        insert(table, hash, index);
    }
    return 0;
}

void
cpython_init_dict(PyObject *dict, void *table, Py_ssize_t count)
{
    ((PyDictObject *)dict)->ma_used = count;
    ((PyDictObject *)dict)->ma_keys = table;
    ((PyDictObject *)dict)->ma_values = NULL;
}

#if PY_VERSION_HEX >= 0x030F0000
Py_hash_t *
cpython_frozendict_hash(PyObject *frozendict)
{
    // The last field of PyFrozenDictObject, internal/pycore_dict.h.
    size_t offset = (size_t)PyFrozenDict_Type.tp_basicsize - sizeof(Py_hash_t);
    return (Py_hash_t *)(void *)((char *)frozendict + offset);
}
#endif

// ---- attributes that an object keeps in itself ----

void
cpython_find_places(PyObject *object, PyObject *const *values, Py_ssize_t count,
                    cpython_places *places)
{
    cpython_attributes *self = cpython_attributes_of(object);
    *places = (cpython_places){.count = count};
    if (self == NULL || self->size != count || count > CPYTHON_PLACES_MAX) {
        return;
    }
    const uint8_t *order = cpython_attributes_order(self);
    for (Py_ssize_t i = 0; i < count; i++) {
        if (order[i] >= self->capacity || self->values[order[i]] != values[i]) {
            return;
        }
        places->at[i] = order[i];
    }
    places->capacity = self->capacity;
    places->keys = cpython_shared_keys(Py_TYPE(object));
}

bool
cpython_get_places(PyObject *object, const cpython_places *places, PyObject **values)
{
    cpython_attributes *self = cpython_attributes_of(object);
    if (self == NULL || self->size != places->count ||
        places->keys != cpython_shared_keys(Py_TYPE(object))) {
        return false;
    }
    const uint8_t *order = cpython_attributes_order(self);
    for (Py_ssize_t i = 0; i < places->count; i++) {
        if (order[i] != places->at[i]) {
            return false;
        }
        values[i] = self->values[order[i]];
    }
    return true;
}

bool
cpython_set_places_steal(PyObject *object, const cpython_places *places, PyObject *const *values)
{
    cpython_attributes *self = cpython_attributes_of(object);
    if (self == NULL || self->size != 0 || places->keys != cpython_shared_keys(Py_TYPE(object)) ||
        self->capacity < places->capacity) {
        return false;
    }
    uint8_t *order = cpython_attributes_order(self);
    for (Py_ssize_t i = 0; i < places->count; i++) {
        order[i] = places->at[i];
        self->values[order[i]] = values[i];
    }
    self->size = (uint8_t)places->count;
    return true;
}

// ---- the collector ----

#define VISITS_FROZEN 0x030D0300 // the first version whose PyUnstable_GC_VisitObjects does

size_t
cpython_visits_frozen(void)
{
    PyObject *gc = NULL, *asked = NULL, *found = NULL;
    if (Py_Version >= VISITS_FROZEN &&
        PyDict_GetItemStringRef(PyImport_GetModuleDict(), "gc", &gc) > 0 &&
        PyModule_CheckExact(gc)) {
        asked = PyObject_GetAttrString(gc, "get_freeze_count");
    }
    if (asked != NULL && PyCFunction_CheckExact(asked)) {
        found = PyObject_CallNoArgs(asked);
    }
    Py_ssize_t count = found != NULL && PyLong_CheckExact(found) ? PyLong_AsSsize_t(found) : 0;
    PyErr_Clear();
    Py_XDECREF(found);
    Py_XDECREF(asked);
    Py_XDECREF(gc);
    return (size_t)Py_MAX(count, 0);
}
