// core_state: the state of one interpreter's _core module, and so of atoll in that interpreter.
//
// Lifetime. That of the module. Threads. Under the interpreter's GIL.
#ifndef ATOLL_BRIDGE_STATE_H
#define ATOLL_BRIDGE_STATE_H

#include <Python.h>
#include <stdbool.h>

#include "ground/base/attributes.h"
#include "ground/interpreter/interp.h"
#include "ground/base/names.h"
#include "ground/base/pointer_map.h"

typedef enum {
    TYPE_PROXY, // and its three variants: callable 1, buffer 2
    TYPE_PROXY_CALLABLE,
    TYPE_PROXY_BUFFER,
    TYPE_PROXY_CALLABLE_BUFFER,
    TYPE_REMOTE_CLASS,
    TYPE_REMOTE_METHOD,
    TYPE_SPECIAL_METHOD,
    TYPE_INTERPRETER,
    TYPE_QUEUE,
    TYPE_QUEUE_WAIT,
    TYPE_BUFFER,
    TYPE_ATOMIC_INT,
    TYPE_EVENTFD_WAKER,
    TYPE_MARK,
    TYPE_TAG,
    TYPE_RESTRICTED,
    TYPE_STATISTICS,
    TYPE_DEADLINE,
    TYPE_WATCHDOG,
    TYPE_TASK,
    TYPE_WORKER_POOL,
    TYPE_COUNT
} type_id;

// Functions and classes of the Python package that the core calls, found when first needed.
typedef enum {
    HOOK_INTERPRETER_CLOSED,
    HOOK_BIND_LOADED,
    HOOK_CAPTURE,
    HOOK_PREPARE,
    HOOK_REBUILD,
    HOOK_DUMP,
    HOOK_LOAD,
    HOOK_RULE,
    HOOK_FIND_CLASS,
    HOOK_MEMBER,
    HOOK_DESCRIBE,
    HOOK_DESCRIBE_GUEST,
    HOOK_DESCRIBE_GONE,
    HOOK_DESCRIBE_TOKEN,
    HOOK_CHANGEABLE,
    HOOK_ABC_MARKERS,
    HOOK_END_THREADS,
    HOOK_ARRAY_METHODS,
    HOOK_CLASS_BY_ID,
    HOOK_ASK_LINEAGE,
    HOOK_PREPARE_SUBCLASS,
    HOOK_MAKE_SUBCLASS,
    HOOK_NEW_INSTANCE,
    HOOK_CLASS_ANNOTATIONS,
    HOOK_ANNOTATE,
    HOOK_FROM_MAIN,
    HOOK_NAMESPACE,
    HOOK_STANDBY,
    HOOK_INTERPRETER,
    HOOK_QUEUE,
    HOOK_LIFO_QUEUE,
    HOOK_PRIORITY_QUEUE,
    HOOK_BUFFER,
    HOOK_ATOMIC_INT,
    HOOK_EMPTY,
    HOOK_FULL,
    HOOK_SHUT_DOWN,
    HOOK_REDUCE,
    HOOK_OPERATE,
    HOOK_APPLY,
    HOOK_USE_WITHOUT,
    HOOK_DEADLINE_ERROR,
    HOOK_DEADLINE_EXCEEDED,
    HOOK_DEADLINE_PASSED,
    HOOK_TASK_DUMP,
    HOOK_TASK_LOAD,
    HOOK_TASK_FUNCTION,
    HOOK_TASK_CAPTURE,
    HOOK_TASK_BROKEN,
    HOOK_RUN_COROUTINE,
    HOOK_CANCELLED_ERROR,
    HOOK_REGISTER_EXIT,
    HOOK_SHARE_ERROR,
    HOOK_COUNT
} hook_id;

#define NAME_CACHE_SIZE 256
#define RULE_CACHE_SIZE 256
#define MADE_CLASSES    64
#define RECENT_CLASSES  128

typedef struct {
    PyObject *name; // owned
    int32_t index;
} name_cache_entry;

typedef struct {
    const PyTypeObject *type;
    unsigned version; // tp_version_tag, tells a new type at the same address apart
    unsigned epoch;   // names_value_epoch() when the entry was made
    bool is_dumped;
    struct shape *shape; // borrowed from state->shapes, or NULL
} rule_cache_entry;

enum { WATCHER_NONE = -1, WATCHER_REFUSED = -2 };

struct exported;
typedef struct core_state core_state;

// What `types` tells `bridge` about its types.
typedef struct {
    // The Proxy for a foreign object, or the object itself when it is at home. Steals one count.
    PyObject *(*import)(core_state *state, struct exported *target);
    // The export that a Proxy or a remote class holds, borrowed; NULL: it is neither.
    struct exported *(*target)(PyObject *object);
    PyObject *(*method_owner)(PyObject *method); // the Proxy of a remote method, borrowed
    // The current value of that attribute of its owner, which may be anything; new reference.
    // Crosses.
    PyObject *(*resolve_method)(PyObject *method);
    void (*refresh)(core_state *state); // special methods of remote classes
    // That name of sys.modules is about to become that module; NULL: to go. Runs no Python.
    void (*module_changed)(core_state *state, PyObject *name, PyObject *module);
    // Visits only what a remote method owns; its tp_traverse also visits a Proxy that it borrows.
    traverseproc traverse_method;
} reference_methods;

struct core_state {
    interp *interp;   // counted
    PyObject *module; // borrowed
    PyObject *hold;   // owned: the module, so that `del sys.modules[...]` does not unload it
    PyTypeObject *types[TYPE_COUNT];
    PyObject *hooks[HOOK_COUNT];
    const reference_methods *references;
    pointer_map exports;                // object -> export
    size_t internal_exports;            // how many of them are internal
    pointer_map proxies;                // export -> Proxy or remote class: a weak table
    pointer_map classes;                // key of a remote type -> remote class: a weak table
    pointer_map subclasses;             // export -> remote class with twins as bases: a weak table
    pointer_map handles;                // record -> handle: a weak table
    pointer_map tokens;                 // object -> its VIEW_TOKEN: a weak table
    pointer_map guests;                 // object -> its VIEW_GUEST: a weak table
    pointer_map identities;             // number -> exception: a weak table
    pointer_map specials;               // name index -> special method, owned
    pointer_map shapes;                 // type -> its shape, owned
    pointer_map slots;                  // key of an extension's variable -> its content, owned
    pointer_map shaped;                 // number of a shape + 1 -> class of it here, owned
    int32_t made_classes[MADE_CLASSES]; // number + 1 of those of `shaped` that came by value
    unsigned made_position;
    PyObject *recent_classes[RECENT_CLASSES]; // owned: a cache, for classes of short-lived proxies
    unsigned recent_position;
    PyObject **names; // owned, by name index
    int32_t names_capacity;
    uint64_t generation;       // of the latest export
    size_t survivors;          // exports after the latest collection
    size_t growth_limit;       // with more exports than this the collector may be needed
    PyObject *callbacks;       // owned: the list atoll.gc.callbacks, or NULL
    struct detained *detained; // owned: what a collection holds between its stops, or NULL
    bool is_traced;            // the collector is counting: traverse functions report no caches
    int watcher;         // id of the watcher of exported classes, WATCHER_NONE or WATCHER_REFUSED
    int modules_watcher; // id of the watcher of sys.modules, or one of these
    struct exported *changed_classes; // of this interpreter, changed since the last visitor left
    unsigned specials_epoch;          // up to which the remote classes here are up to date
    name_cache_entry name_cache[NAME_CACHE_SIZE];
    rule_cache_entry rule_cache[RULE_CACHE_SIZE];
    PyObject *str_class, *str_reduce_ex, *str_reduce, *str_name, *str_value, *str_member_map;
    PyObject *str_dict, *str_globals, *str_next, *str_keys, *str_getitem;
    bool is_cleared;
};

static inline size_t
state_count_exports(const core_state *state)
{
    return state->exports.count - state->internal_exports;
}

typedef struct {
    size_t exports, proxies; // without internal exports
} state_counts;

// The counts of the core_state at that address, whose GIL this thread does not have. False: it is
// not there any more, or the system does not tell. They are true if the interpreter is living
// afterwards.
bool state_peek_counts(uintptr_t state, state_counts *into);

PyObject *state_hook(core_state *state, hook_id hook); // borrowed
// hook(first, second); a NULL ends the arguments. It cannot be interrupted.
PyObject *state_call_hook(core_state *state, hook_id hook, PyObject *first, PyObject *second);
void state_let_go(core_state *state); // the interpreter ends: release the module
void state_raise_closed(core_state *state, const interp *owner);
// The interpreter ends: soon nothing can be imported here, and finalizers may still use Proxies.
void state_prepare_end(core_state *state);

static inline bool
state_is_type(const core_state *state, type_id id, const PyObject *object)
{
    return Py_TYPE(object) == state->types[id];
}

// Does it refer to an object of another interpreter?
static inline bool
state_is_reference(const core_state *state, PyObject *object)
{
    return state->references->target(object) != NULL ||
           state_is_type(state, TYPE_REMOTE_METHOD, object);
}

// Check the name of an attribute: `type(p).__setattr__` can be called with anything.
static inline int
state_check_name(PyObject *name)
{
    if (LIKELY(PyUnicode_Check(name))) {
        return 0;
    }
    PyErr_Format(PyExc_TypeError, "attribute name must be string, not '%.200s'",
                 Py_TYPE(name)->tp_name);
    return -1;
}

// Names. A name_ref is made at home and read in the host, while home keeps the string alive.
typedef struct {
    int32_t index;
    PyObject *text; // foreign in the host; used when index is NAME_NONE
} name_ref;

name_ref name_refer_slow(core_state *state, PyObject *name);

static inline name_ref
name_refer(core_state *state, PyObject *name)
{
    name_cache_entry *entry = &state->name_cache[((uintptr_t)name >> 4) % NAME_CACHE_SIZE];
    return LIKELY(entry->name == name) ? (name_ref){entry->index, name}
                                       : name_refer_slow(state, name);
}

PyObject *name_here_slow(core_state *state, name_ref name);

// The host's own string; new reference.
static inline PyObject *
name_here(core_state *state, name_ref name)
{
    if (LIKELY(name.index >= 0 && name.index < state->names_capacity)) {
        PyObject *known = state->names[name.index];
        if (LIKELY(known != NULL)) {
            return Py_NewRef(known);
        }
    }
    return name_here_slow(state, name);
}

#endif
