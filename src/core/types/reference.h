// The local objects that stand for foreign ones: Proxy, remote class, remote method.
//
// Purpose. A Proxy is an instance of the remote class made for its object's type. The class itself
// crosses as that remote class; or, if its instances have fields in C or slots, as its stand-in, a
// remote class that has no instances (types/classes/stand_in). So isinstance, issubclass, match
// statements and abstract base classes work as CPython means them.
//
// Lifetime. Each holds one count of its export; state->proxies finds the one live object of each.
//
// Threads. Under the GIL of the interpreter in which they live.
#ifndef ATOLL_TYPES_REFERENCE_H
#define ATOLL_TYPES_REFERENCE_H

#include <Python.h>
#include <stdbool.h>

#include "bridge/transfer/export.h"
#include "bridge/crossing/ahead.h"
#include "bridge/crossing/perform.h"
#include "bridge/transfer/specials.h"
#include "bridge/python/state.h"

#define METHOD_SLOTS 64

typedef struct remote_method remote_method;

typedef struct {
    PyObject_HEAD
    vectorcallfunc vectorcall;
    exported *target;  // counted
    core_state *state; // kept alive by the type
    PyObject *weak_references;
    remote_method *latest;  // owned, or NULL: what the latest p.name was
    ahead_batch *batch;     // owned, or NULL: items of an iterator or values of a dict
    uint64_t known_methods; // by slot of remote_class.methods: seen to be methods of this object
    unsigned epoch;         // of its class when they were
} proxy_object;

// What the metatype adds to each remote class.
typedef struct {
    core_state *state;    // NULL in a class of the user's own making
    PyObject *module;     // owned, keeps state: the type's own reference goes when it is cleared
    exported *target;     // counted, the class itself; NULL: shared or restricted
    const void *type_key; // in state->classes; NULL: not there
    PyTypeObject *shared_type; // borrowed, immortal: the type it stands for; NULL: target is it
    special_set specials;      // of target, that are installed
    PyObject *lineage;         // owned tuple: the identities of the class and its bases (twin.h)
    PyObject *twins;           // owned: as many classes, or None; NULL: not looked for
    unsigned lineage_epoch;    // the owner's when that was asked
    unsigned twins_epoch;      // ours when they were found
    bool is_metaclass, has_stand_in, is_stand_in;
    bool has_twins_as_bases; // in state->subclasses
    bool is_restricted;
    char *shown_name;       // owned: its tp_name
    PyObject *own_members;  // borrowed from state, or NULL: what it has here (classes/own.c)
    bool is_container;      // a builtin container, or a subclass with its operators
    uint64_t fixed_methods; // by slot: methods of every instance
    unsigned epoch;         // target->changes when the methods were found
    name_cache_entry methods[METHOD_SLOTS];
} remote_class;

#define REMOTE_CLASS_OFFSET ((sizeof(PyHeapTypeObject) + 15) & ~(size_t)15)

static inline remote_class *
remote_class_data(PyTypeObject *class)
{
    return (remote_class *)(void *)((char *)class + REMOTE_CLASS_OFFSET);
}

int proxy_traverse(PyObject *self, visitproc visit, void *arg);
int proxy_clear(PyObject *self);
void proxy_dealloc(PyObject *self);
int proxy_getbuffer(PyObject *self, Py_buffer *view, int flags);
void proxy_releasebuffer(PyObject *self, Py_buffer *view);
PyObject *proxy_next(PyObject *self);
PyObject *proxy_subscript(PyObject *self, PyObject *key);

// No type inherits them from its base if it says that it has to do with the collector.
#define PROXY_LIFE_SLOTS                                                                           \
    {Py_tp_dealloc, proxy_dealloc}, {Py_tp_traverse, proxy_traverse},                              \
    {                                                                                              \
        Py_tp_clear, proxy_clear                                                                   \
    }

int remote_class_traverse(PyObject *self, visitproc visit, void *arg);
int remote_class_clear(PyObject *self);
void remote_class_dealloc(PyObject *self);
PyObject *remote_method_vectorcall(PyObject *self, PyObject *const *arguments, size_t nargsf,
                                   PyObject *keyword_names);

static inline bool
is_proxy_instance(PyObject *object)
{
    return Py_TYPE(object)->tp_dealloc == proxy_dealloc;
}

static inline bool
is_remote_class(PyObject *object)
{
    return Py_TYPE(object)->tp_dealloc == remote_class_dealloc;
}

// The export that a Proxy or remote class stands for, borrowed; NULL: neither.
static inline exported *
reference_target(PyObject *object)
{
    return is_proxy_instance(object) ? ((proxy_object *)object)->target
           : is_remote_class(object) ? remote_class_data((PyTypeObject *)object)->target
                                     : NULL;
}

extern const reference_methods local_references;

extern struct PyModuleDef core_module;

// Types; each adds itself to the module. 0 or -1.
int proxy_add_types(PyObject *module, core_state *state);
int remote_class_add_type(PyObject *module, core_state *state);
int remote_method_add_type(PyObject *module, core_state *state);
int special_method_add_type(PyObject *module, core_state *state);
int interpreter_add_types(PyObject *module, core_state *state);
int mark_add_types(PyObject *module, core_state *state);
int deadline_add_types(PyObject *module, core_state *state);
int traceback_add_type(PyObject *module, core_state *state);
int queue_add_types(PyObject *module, core_state *state);
int buffer_add_type(PyObject *module, core_state *state);
int atomic_int_add_type(PyObject *module, core_state *state);
int task_add_type(PyObject *module, core_state *state);
int worker_pool_add_type(PyObject *module, core_state *state);

// remote class
PyTypeObject *remote_class_of(core_state *state, exported *target); // for instances; new reference
PyTypeObject *remote_class_of_gone(core_state *state);              // new reference
PyObject *remote_class_import(core_state *state, exported *target_steal);
void remote_class_refresh(core_state *state);         // all; keeps the raised exception
PyObject *remote_class_type_of(PyObject *reference);  // new reference
PyObject *remote_class_class_of(PyObject *reference); // its __class__: a twin, or that; so too
int remote_class_set_special(PyTypeObject *class, PyObject *name, PyObject *value);
void remote_class_keep(core_state *state, PyTypeObject *class);  // for some time
bool remote_class_enter(core_state *state, PyTypeObject *class); // as what stands for its class

// what isinstance() and issubclass() ask it
PyObject *remote_class_instancecheck(PyObject *self, PyObject *object);
PyObject *remote_class_subclasscheck(PyObject *self, PyObject *other);

// what a class statement with one as a base calls
PyObject *
remote_class_add_statement_type(PyObject *module); // the type of RemoteClass; new reference
PyObject *remote_class_prepare(PyObject *class, PyObject *arguments, PyObject *keywords);

// twins of a remote class (bridge/classes/twin)
PyObject *remote_class_itself(PyTypeObject *class); // what stands for it; new reference
// The one of that very class; new reference, or NULL. -1: exception. May cross.
int remote_class_twin(PyTypeObject *class, PyObject **twin);
// Look for them again if modules or classes have come or gone, here or there. -1: exception; an
// owner that has closed is none. May cross.
MUST_CHECK int remote_class_refresh_twins(PyTypeObject *class);
MUST_CHECK int remote_class_find_bases(PyTypeObject *class); // among the twins
void remote_class_module_changed(core_state *state, PyObject *name, PyObject *module);
void remote_class_find_twins(core_state *state); // of all: a class has come or gone by value

// Give a class that is being made what it has of its own: 0 or -1.
int remote_class_equip(core_state *state, PyTypeObject *class, bool is_array);
// From 3.14 on annotationlib asks `type` itself for them, which looks into the class's own dict.
MUST_CHECK int remote_class_add_annotations(PyTypeObject *class);
PyObject *remote_class_new_instance(PyTypeObject *class, PyObject *arguments, PyObject *keywords);
int remote_class_refuse_init(PyObject *proxy, PyObject *arguments, PyObject *keywords);
const char *remote_class_name(PyTypeObject *class); // module and name of the original

// remote method: proxy.name, not yet called
bool remote_method_is_named(const remote_method *self, PyObject *interned);
PyObject *remote_method_get(proxy_object *proxy, PyObject *name, int32_t index);
// Its Proxy has lost its last reference. True: somebody has the method, which keeps it.
bool remote_method_keep_proxy(remote_method *self);
PyObject *remote_method_resolve(PyObject *self); // what that attribute is by now
PyObject *remote_method_owner(PyObject *self);   // its Proxy, borrowed
// As its tp_traverse, without a Proxy that it borrows.
int remote_method_traverse_owned(PyObject *self, visitproc visit, void *arg);

// special method: a descriptor of remote classes
PyObject *special_method_get(core_state *state, PyObject *name); // borrowed

// interpreter
PyObject *interpreter_handle(core_state *state, interp *of);
// Takes over the reference, to one that nobody uses; closes it if there is no memory for a handle.
PyObject *interpreter_hand_out(core_state *state, interp *of);
interp *interpreter_of(core_state *state, PyObject *handle); // borrowed; NULL: TypeError
// As that; neither the main one nor this one: ValueError.
interp *interpreter_closable(core_state *state, PyObject *handle);
extern PyMethodDef interpreter_functions[];
extern PyMethodDef thread_functions[];
extern PyMethodDef process_end_functions[];
extern PyMethodDef fork_functions[];
extern PyMethodDef environment_functions[];
extern PyMethodDef mark_functions[];
extern PyMethodDef extension_functions[];
extern PyMethodDef deadline_functions[];
extern PyMethodDef traceback_functions[];
extern PyMethodDef queue_functions[];
extern PyMethodDef buffer_functions[];

// the standby thread
extern PyMethodDef standby_functions[];
extern PyMethodDef worker_pool_functions[];
extern PyMethodDef share_functions[];
extern PyMethodDef collector_functions[];
extern PyMethodDef trace_functions[];
extern PyMethodDef metrics_functions[];
extern PyMethodDef monitor_functions[];
int share_init(PyObject *module);

// atoll.h (types/capi)
int capi_add_capsule(PyObject *module);
void capi_free_slots(core_state *state); // the interpreter ends
// Let no thread that Python does not know into main any more. Returns when none is inside; false:
// the time is over. Call detached.
bool capi_shut_main(int64_t deadline);
void capi_fork_child(void);

static inline PyObject *
reference_operate(core_state *state, exported *target, operation_kind kind, PyObject *name,
                  PyObject *const *arguments, Py_ssize_t count)
{
    operation op = {.kind = kind,
                    .owner = target->owner,
                    .target = target,
                    .arguments = arguments,
                    .count = count};
    if (name != NULL) {
        op.name = name_refer(state, name);
    }
    return operation_perform(state, &op, NULL);
}

// What evaluates annotations that are texts gets a dict of its own as the namespace of a function,
// a class or a module. True: here it is, or an exception; false: the owner is to be asked.
static inline bool
reference_namespace(core_state *state, PyObject *reference, PyObject *name, PyObject **found)
{
    if (LIKELY(name != state->str_dict && name != state->str_globals)) {
        return false;
    }
    PyObject *result = state_call_hook(state, HOOK_NAMESPACE, reference, NULL);
    *found = result;
    return result != Py_None;
}

// As tp_setattro.
static inline int
reference_set(core_state *state, exported *target, PyObject *name, PyObject *value)
{
    PyObject *done =
        reference_operate(state, target, value == NULL ? OPERATION_DELETE : OPERATION_SET, name,
                          &value, value == NULL ? 0 : 1);
    Py_XDECREF(done);
    return done == NULL ? -1 : 0;
}

static inline PyObject *
reference_call(core_state *state, exported *target, PyObject *const *arguments, Py_ssize_t count,
               PyObject *keyword_names)
{
    operation op = {.kind = OPERATION_CALL,
                    .owner = target->owner,
                    .target = target,
                    .arguments = arguments,
                    .count = count,
                    .keyword_names = keyword_names};
    return operation_perform(state, &op, NULL);
}

#endif
