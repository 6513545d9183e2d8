// Everything that is private, unstable or different between CPython versions, and nothing else.
//
// Read in 3.13.0, 3.13.18, 3.14.10 and 3.15.2. On 3.15 PEP 788 offers PyThreadState_Ensure, but
// that makes a thread state per visit (200 us on the main thread), so thread states are still
// cached here.
#ifndef ATOLL_BRIDGE_CPYTHON_H
#define ATOLL_BRIDGE_CPYTHON_H

#include <Python.h>
#include <pthread.h>
#include <stdbool.h>

#include "ground/base/attributes.h"

#if PY_VERSION_HEX < 0x030D0000
#    error "atoll needs CPython 3.13 or newer"
#endif

// CPython's flag that says whether a thread holds this interpreter's GIL, found by the table for
// debuggers (_Py_DebugOffsets, 3.13). Never NULL: if the table is not as expected, it is a constant
// 0. Only a hint.
const volatile int *cpython_gil_flag(PyInterpreterState *interpreter);

// Likewise, the thread state that holds this GIL, or if none does, that held it last
// (_gil_runtime_state.last_holder: take_gil and drop_gil of Python/ceval_gil.c set it). Never NULL
// either: then it is a constant NULL.
void *const volatile *cpython_gil_holder(PyInterpreterState *interpreter);

// Likewise, the count of threads that sleep until this GIL is free, 8 for each, above three other
// bits: glibc's, in the condition that follows the flag. A constant 0 where it is not found.
const volatile unsigned *cpython_gil_sleepers(PyInterpreterState *interpreter);

// Likewise, the newest of its thread states (PyInterpreterState.threads.head). A constant NULL,
// too.
void *const volatile *cpython_newest_state(PyInterpreterState *interpreter);

// Where CPython keeps interpreters, their thread states and frames, from the same table, for
// reading them from outside (bridge/traceback/frames). False: the table is not as expected.
#define CPYTHON_FRAME_SIZE_MAX 256

typedef struct {
    uintptr_t interpreters; // the address of the first one's address
    uint64_t interpreter_id, interpreter_next, interpreter_threads;
    uint64_t frame_size, frame_previous, frame_executable, frame_instruction;
} cpython_layout;

bool cpython_find_layout(cpython_layout *layout);

// Does it hold its interpreter's GIL? (_Py_THREAD_ATTACHED.)
static inline bool
cpython_is_attached(const PyThreadState *copy)
{
    return copy->state == 1;
}

// The key within (Include/cpython/pythread.h), which is there if PyThread_tss_is_created says so.
static inline const pthread_key_t *
cpython_key(const Py_tss_t *self)
{
    return &self->_key;
}

// NULL: none.
static inline void
cpython_set_key(Py_tss_t *self, const pthread_key_t *key)
{
    if (key != NULL) {
        self->_key = *key;
    }
    self->_is_initialized = key != NULL;
}

// Does anything run with it? From 3.15 on there is always a base frame, which is not a real one.
static inline bool
cpython_has_frames(const PyThreadState *copy)
{
#if PY_VERSION_HEX >= 0x030F0000
    return copy->current_frame != NULL && copy->current_frame != copy->base_frame;
#else
    return copy->current_frame != NULL;
#endif
}

// A frame's executable, usually a code object. From 3.14 on the low bits are tags (_PyStackRef).
static inline uintptr_t
cpython_untag(uintptr_t reference)
{
    return reference & ~(uintptr_t)7;
}

// Have the thread that runs there call `function(argument)` between two bytecodes
// (_PyEval_AddPendingCall, exported in 3.13 to 3.15). False: the queue is full.
bool cpython_post(PyInterpreterState *interpreter, int (*function)(void *), void *argument);

// Make the process forget every interpreter but the main one, without touching them. For a forked
// child, where CPython would otherwise crash while it deletes them (all versions), and for an exit
// with a visitor stuck inside one.
void cpython_forget_interpreters(void);

// Trace and profile this thread, which is new in its interpreter, by the functions that `threading`
// has for the threads that it starts (threading._trace_hook and _profile_hook, 3.13 to 3.15; tools
// would see a call of threading.gettrace).
void cpython_watch_thread(void);

// Make the main interpreter forget the thread states of all threads but this one, without touching
// them; in a forked child that has lost other interpreters, before they are forgotten. From 3.14 on
// PyOS_AfterFork_Child, which clears and frees them, otherwise leaves a damaged C heap where their
// threads were inside another interpreter (observed in 3.14.10 and 3.15.2; 3.13 is not affected).
#if PY_VERSION_HEX >= 0x030E0000
void cpython_forget_thread_states(void);
#else
static inline void
cpython_forget_thread_states(void)
{
}
#endif

#if PY_VERSION_HEX < 0x030E0000
// The thread states of this interpreter, in an array for free(), without those that CPython makes
// for imports of other interpreters: it deletes these without this interpreter's GIL. The others
// stay until the GIL is released. NULL, and 0: out of memory.
size_t cpython_list_threads(PyThreadState ***states);
#endif

// An obsolete way to lock a buffer, which the builtin types refuse as well.
static inline int
cpython_refuse_null_view(const Py_buffer *view)
{
    if (view == NULL) {
        PyErr_SetString(PyExc_BufferError, "a buffer needs a view: NULL is obsolete");
        return -1;
    }
    return 0;
}

// Static builtin types are the same object in every interpreter. Those of datetime are static too,
// but ready only where the module was imported.
static inline bool
cpython_is_shared_type(const PyTypeObject *type)
{
    return (type->tp_flags & _Py_TPFLAGS_STATIC_BUILTIN) != 0 &&
           strncmp(type->tp_name, "datetime.", 9) != 0;
}

// Of `int | str`. CPython 3.14 calls it typing.Union.
static inline bool
cpython_is_union_type(const PyTypeObject *type)
{
    return strcmp(type->tp_name, "types.UnionType") == 0 ||
           strcmp(type->tp_name, "typing.Union") == 0;
}

// Of objects that are there to be compared with `is`, of CPython 3.15 (PEP 661).
static inline bool
cpython_is_sentinel_type(const PyTypeObject *type)
{
    return strcmp(type->tp_name, "sentinel") == 0;
}

// Includes those of datetime, which are ready wherever this core is loaded.
static inline bool
cpython_is_static_type(const PyTypeObject *type)
{
    return (type->tp_flags & _Py_TPFLAGS_STATIC_BUILTIN) != 0;
}

// Make a heap type immutable: nothing can change it, and no object's __class__ can be set to or
// from it (3.13 to 3.15). For a type that a spec cannot make immutable: one that gets attributes
// first, or has mutable bases.
static inline void
cpython_seal_type(PyTypeObject *type)
{
    type->tp_flags |= Py_TPFLAGS_IMMUTABLETYPE;
}

// Until the type is sealed again it may change. Run no Python meanwhile, so that nothing else
// changes it.
static inline void
cpython_unseal_type(PyTypeObject *type)
{
    type->tp_flags &= ~(unsigned long)Py_TPFLAGS_IMMUTABLETYPE;
}

// Give a heap type that has no instances the bases that isinstance() and issubclass() see: what
// PyType_IsSubtype and `_abc` look at (PyTypeObject.tp_mro, 3.13 to 3.15). Nothing is inherited.
static inline void
cpython_set_mro_steal(PyTypeObject *type, PyObject *mro)
{
    Py_XSETREF(type->tp_mro, mro);
    PyType_Modified(type);
}

// Look up a name in a class and its bases, without asking its metaclass (_PyType_Lookup, exported
// in 3.13 to 3.15). Borrowed; NULL without an exception: not found.
static inline PyObject *
cpython_find_in_type(PyTypeObject *type, PyObject *name)
{
    return _PyType_Lookup(type, name);
}

// Make a static type ready in this interpreter, as CPython does with those of datetime
// (_PyStaticType_InitForExtension, exported in 3.13 to 3.15; there is room for ten types). Every
// interpreter must call it once for each type, the main one first. -1: exception.
MUST_CHECK int cpython_init_static_type(PyTypeObject *type);

// ---- what CPython's own collector is doing ----

// Has it found the object to be garbage, and not yet cleared it? The object must be one with a GC
// head. The bit is _PyGC_PREV_MASK_COLLECTING of PyGC_Head._gc_prev (internal/pycore_gc.h, 3.13 to
// 3.15). While a collection runs Python, only the objects in its list of garbage have it;
// PyObject_GC_UnTrack takes an object out of the list and clears the bit.
static inline bool
cpython_is_condemned(const PyObject *object)
{
    return (((const uintptr_t *)object)[-1] & 2) != 0;
}

// In a tp_traverse: is the collector subtracting references, not following them? Only then is the
// argument the object itself (subtract_refs in Python/gc.c, 3.13 to 3.15).
static inline bool
cpython_is_subtracting(const PyObject *object, const void *traverse_argument)
{
    return traverse_argument == object;
}

// ---- for the collector of cycles among interpreters ----

static inline bool
cpython_is_immortal(PyObject *object)
{
    return _Py_IsImmortal(object); // inline, unlike PyUnstable_IsImmortal of 3.14
}

// Does its tp_traverse report references that it does not own? From 3.14 on, the stack of a frame
// borrows from the frame's variables (LOAD_FAST_BORROW); CPython's own collector leaves those out
// (_PyGC_VisitStackRef), and nobody else can tell.
static inline bool
cpython_may_borrow(PyObject *object)
{
#if PY_VERSION_HEX >= 0x030E0000
    const PyTypeObject *type = Py_TYPE(object);
    return type == &PyGen_Type || type == &PyCoro_Type || type == &PyAsyncGen_Type ||
           type == &PyFrame_Type;
#else
    return false;
#endif
}

// Collect this interpreter's own garbage, even if the user has disabled the collector.
static inline void
cpython_collect(void)
{
    int was_enabled = PyGC_Enable();
    (void)PyGC_Collect();
    if (!was_enabled) {
        (void)PyGC_Disable();
    }
}

// How many objects that gc.freeze() has set aside PyUnstable_GC_VisitObjects visits; they come
// last. 0 while nobody has imported `gc`. Runs no Python.
size_t cpython_visits_frozen(void);

// The first of the weak references to an object; NULL: there is none.
static inline PyObject *
cpython_first_weak_reference(PyObject *object)
{
    return PyType_SUPPORTS_WEAKREFS(Py_TYPE(object)) ? *PyObject_GET_WEAKREFS_LISTPTR(object)
                                                     : NULL;
}

// Clear a weak reference as the collector does: its callback is kept, and not called
// (_PyWeakref_ClearRef, exported in 3.13 to 3.15).
static inline void
cpython_clear_weak_reference(PyObject *reference)
{
    _PyWeakref_ClearRef((PyWeakReference *)reference);
}

static inline PyObject *
cpython_weak_reference_callback(PyObject *reference)
{
    return ((PyWeakReference *)reference)->wr_callback;
}

// ---- immortal objects in memory that belongs to no interpreter ----

// What the collector keeps before an object; all zero: not tracked.
#define CPYTHON_GC_HEAD_SIZE (2 * sizeof(uintptr_t))

#if PY_VERSION_HEX >= 0x030E0000
#    define CPYTHON_TUPLES_KEEP_HASH 1
#else
#    define CPYTHON_TUPLES_KEEP_HASH 0
#endif

// A new tuple of a subclass, to be filled. From 3.14 on it keeps its hash, -1 for none yet.
static inline PyObject *
cpython_new_tuple_of(PyTypeObject *type, Py_ssize_t size)
{
    PyObject *tuple = type->tp_alloc(type, size);
#if CPYTHON_TUPLES_KEEP_HASH
    if (tuple != NULL) {
        ((PyTupleObject *)tuple)->ob_hash = -1;
    }
#endif
    return tuple;
}

// ---- attributes that an object keeps in itself ----

// As long as an object's attributes are few it keeps them in itself, even if it has a dict as well
// (struct _dictvalues and _PyObject_InlineValues, internal/pycore_dict.h and pycore_object.h, 3.13
// to 3.15): by the places of their names in the keys that all instances of its class share, and
// behind them the places in the order in which they were set. A name keeps its place.
#define CPYTHON_PLACES_MAX 16

typedef struct {
    const void *keys; // NULL: the places are not known
    Py_ssize_t count;
    uint8_t capacity;
    uint8_t at[CPYTHON_PLACES_MAX];
} cpython_places;

typedef struct {
    uint8_t capacity, size, is_embedded, is_valid;
    PyObject *values[];
} cpython_attributes;

static inline const void *
cpython_shared_keys(PyTypeObject *type)
{
    return ((PyHeapTypeObject *)type)->ht_cached_keys;
}

// NULL: it does not keep them so.
static inline cpython_attributes *
cpython_attributes_of(PyObject *object)
{
    PyTypeObject *type = Py_TYPE(object);
    cpython_attributes *self = (void *)((char *)object + type->tp_basicsize);
    return (type->tp_flags & Py_TPFLAGS_INLINE_VALUES) && self->is_valid ? self : NULL;
}

static inline uint8_t *
cpython_attributes_order(cpython_attributes *self)
{
    return (uint8_t *)&self->values[self->capacity];
}

// Find the places of an object's attributes, if it has just these values, set in this order.
void cpython_find_places(PyObject *object, PyObject *const *values, Py_ssize_t count,
                         cpython_places *places);
// The values, borrowed, if it has just the attributes of these places, set in this order.
bool cpython_get_places(PyObject *object, const cpython_places *places, PyObject **values);
// Set them in a new object that has none. False: it does not keep them so, and nothing is stolen.
bool cpython_set_places_steal(PyObject *object, const cpython_places *places,
                              PyObject *const *values);

// Give raw memory the header of an object whose count is never written.
void cpython_init_immortal(PyObject *raw, PyTypeObject *type);

bool cpython_is_singleton_slow(PyObject *object);

// Import a module. PyImport_Import would look for `__import__` in the running frame's builtins,
// which a user's frame may not have.
PyObject *cpython_import(PyObject *name);
PyObject *cpython_import_named(const char *name);
// Import an extension module from its file, without searching.
PyObject *cpython_import_extension(PyObject *name, PyObject *file);

// Load datetime, whose static types are not builtin. Every interpreter must, the main one first.
MUST_CHECK int cpython_init_singletons(void);

size_t cpython_int_size(PyObject *number); // of the object in bytes

// A new int from another interpreter's, or from a copy of the bytes of one; its count is neither
// read nor written. Its digits go as they are (_PyLong_Copy, cpython/longintrepr.h, 3.13 to 3.15).
static inline PyObject *
cpython_copy_int(const void *number)
{
    return _PyLong_Copy((PyLongObject *)number);
}

#if PY_VERSION_HEX >= 0x030F0000
#    define CPYTHON_SMALL_INT_MAX 1024 // _PY_NSMALLPOSINTS - 1
#else
#    define CPYTHON_SMALL_INT_MAX 256
#endif
#define CPYTHON_SMALL_INT_MIN (-5)

// Mark a string as interned and as static, so that interning never writes to it.
static inline void
cpython_init_string_state(PyObject *string)
{
    ((PyASCIIObject *)string)->state.interned = 3; // SSTATE_INTERNED_IMMORTAL_STATIC
    ((PyASCIIObject *)string)->state.statically_allocated = 1;
}

static inline bool
cpython_is_static_string(PyObject *string)
{
    return ((PyASCIIObject *)string)->state.statically_allocated;
}

// Is it an object that CPython has once in the process: a small int, an empty tuple...?
static inline bool
cpython_is_singleton(PyObject *object)
{
    PyTypeObject *type = Py_TYPE(object);
    if (type == &PyUnicode_Type) {
        return cpython_is_static_string(object);
    }
    if (type == &PyLong_Type && PyUnstable_Long_IsCompact((PyLongObject *)object)) {
        Py_ssize_t value = PyUnstable_Long_CompactValue((PyLongObject *)object);
        return value >= CPYTHON_SMALL_INT_MIN && value <= CPYTHON_SMALL_INT_MAX;
    }
    return type != &PyFloat_Type && cpython_is_singleton_slow(object);
}

// The size in bytes of a date, time, datetime or timedelta, exactly, naive or in UTC. Computes its
// hash, which it keeps. 0: it is none of these, or an exception is set.
size_t cpython_datetime_size(PyObject *object);

// The table of a dict: its header, its indices and its used entries (struct _dictkeysobject,
// internal/pycore_dict.h; of a build with a GIL the same in 3.13 to 3.15).
typedef struct {
    Py_ssize_t references;
    uint8_t log2_size;
    uint8_t log2_index_bytes;
    uint8_t kind; // 0: general, 1: strings (DICT_KEYS_GENERAL, DICT_KEYS_UNICODE)
    uint32_t version;
    Py_ssize_t usable;
    Py_ssize_t entries;
    char indices[];
} cpython_table;

// The table of a dict all of whose keys are exact strings, and that shares it with no other; else
// NULL.
static inline const cpython_table *
cpython_string_table(PyObject *dict)
{
    const cpython_table *table = (const void *)((PyDictObject *)dict)->ma_keys;
    return table->kind == 1 && ((PyDictObject *)dict)->ma_values == NULL ? table : NULL;
}

// The value of this very key, if it is at this index (PyDict_Next's position) of such a table;
// borrowed. NULL says nothing.
static inline PyObject *
cpython_dict_value_at(PyObject *dict, Py_ssize_t index, const PyObject *key)
{
    const cpython_table *table = cpython_string_table(dict);
    if (table == NULL || index >= table->entries) {
        return NULL;
    }
    const char *entries = table->indices + ((size_t)1 << table->log2_index_bytes);
    PyObject *const *entry = (PyObject *const *)(const void *)entries + 2 * index;
    return entry[0] == key ? entry[1] : NULL;
}

// Does a lookup of the key of the entry at this index compare it with no other key, unless all keys
// are exact strings (dictkeys_generic_lookup in dictobject.c)?
bool cpython_dict_compares_no_other(PyObject *dict, Py_ssize_t index);

// If all keys are exact strings, an entry is a key and a value; otherwise
// the hash precedes them.
typedef struct {
    size_t size; // in bytes
    int log2_size, log2_index_bytes;
    bool has_hashes;
} cpython_table_shape;

cpython_table_shape cpython_table_shape_of(Py_ssize_t count, bool has_only_strings);
PyObject **cpython_table_key(void *table, cpython_table_shape shape, Py_ssize_t index);

// From the address of a key, that of its value.
static inline PyObject **
cpython_table_value(PyObject **key)
{
    return key + 1;
}

// After keys and values were written: write the header, the hashes and the indices. -1: exception.
MUST_CHECK int cpython_table_finish(void *table, cpython_table_shape shape, Py_ssize_t count);
void cpython_init_dict(PyObject *dict, void *table, Py_ssize_t count);

// The entry at an index of a dict from which none was ever removed; borrowed. False: there is none.
// (PyDict_Next's position is that index.)
static inline bool
cpython_dict_entry(PyObject *dict, Py_ssize_t index, PyObject **key, PyObject **value)
{
    return index >= 0 && PyDict_Next(dict, &index, key, value);
}

#if PY_VERSION_HEX >= 0x030F0000
Py_hash_t *cpython_frozendict_hash(PyObject *frozendict);
#endif

// A field of every exception that CPython keeps, visits and clears, and does not use: notes are in
// __dict__ (PyBaseExceptionObject.notes, 3.11; so in 3.13 to 3.15). Owned by the exception.
static inline PyObject **
cpython_exception_spare(PyObject *exception)
{
    return &((PyBaseExceptionObject *)exception)->notes;
}

// Bring an object back to life in its tp_dealloc.
static inline void
cpython_revive(PyObject *object)
{
    _Py_NewReference(object);
}

#endif
