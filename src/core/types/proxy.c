// Proxy: a reference to an object of another interpreter.
#include <stddef.h>

#include "bridge/crossing/lease.h"
#include "bridge/iteration/bookmark.h"
#include "bridge/transfer/restriction.h"
#include "bridge/transfer/weak_table.h"
#include "types/reference.h"

// ---- making ----

static PyObject *
home_object(core_state *state, exported *target_steal)
{
    PyObject *object = Py_XNewRef(target_steal->object);
    bookmark_settle(target_steal);
    if (object == NULL) {
        state_raise_closed(state, target_steal->owner);
    }
    else if (UNLIKELY(target_steal->flags & EXPORT_RESTRICTED)) {
        object = restriction_come_home((restricted_object *)object);
    }
    export_unref_at_home(state, target_steal); // the object is ours by now: nothing is finalized
    return object;
}

static PyObject *proxy_vectorcall(PyObject *self, PyObject *const *arguments, size_t nargsf,
                                  PyObject *keyword_names);

// What came out of a queue may be of an interpreter that has closed, and then nobody can say what
// it was. Whatever is done to its Proxy raises InterpreterClosedError.
static bool
is_gone(const exported *target)
{
    bool is_gone = PyErr_ExceptionMatches(PyExc_ReferenceError) &&
                   interp_get_phase(target->owner) != INTERP_OPEN;
    if (is_gone) {
        PyErr_Clear();
    }
    return is_gone;
}

// Steals the class too, which may be NULL with an exception.
static PyObject *
new_proxy(core_state *state, exported *target_steal, PyTypeObject *class)
{
    if (class == NULL && is_gone(target_steal)) {
        class = remote_class_of_gone(state);
    }
    if (class == NULL) {
        export_unref((foreign_ref){target_steal});
        return NULL;
    }
    // Finding the class may have crossed, and another thread may have been faster.
    PyObject *known = weak_table_get(&state->proxies, target_steal);
    proxy_object *self = known != NULL ? NULL : PyObject_GC_New(proxy_object, class);
    bool is_kept = self != NULL && pointer_map_set(&state->proxies, target_steal, self);
    Py_DECREF(class);
    if (!is_kept) {
        export_unref((foreign_ref){target_steal});
        if (self != NULL) {
            PyObject_GC_Del(self);
            Py_DECREF(class);
        }
        return known != NULL ? known : PyErr_NoMemory();
    }
    self->vectorcall = proxy_vectorcall;
    self->target = target_steal;
    self->state = state;
    self->weak_references = NULL;
    self->latest = NULL;
    self->batch = NULL;
    self->known_methods = 0;
    self->epoch = 0;
    PyObject_GC_Track(self);
    return (PyObject *)self;
}

static PyObject *
import_class(core_state *state, exported *target_steal)
{
    exported *kept = export_ref(target_steal).target;
    PyObject *class = remote_class_import(state, target_steal);
    if (class == NULL) {
        return new_proxy(state, kept, NULL);
    }
    export_unref((foreign_ref){kept});
    return class;
}

static PyObject *
import(core_state *state, exported *target_steal)
{
    if (target_steal->owner == state->interp) {
        return home_object(state, target_steal);
    }
    PyObject *known = weak_table_get(&state->proxies, target_steal);
    if (known != NULL) {
        export_unref((foreign_ref){target_steal});
        if (UNLIKELY(is_remote_class(known)) &&
            remote_class_refresh_twins((PyTypeObject *)known) < 0) {
            Py_CLEAR(known);
        }
        return known;
    }
    return target_steal->flags & EXPORT_CLASS
               ? import_class(state, target_steal)
               : new_proxy(state, target_steal, remote_class_of(state, target_steal));
}

const reference_methods local_references = {
    import,
    reference_target,
    remote_method_owner,
    remote_method_resolve,
    remote_class_refresh,
    remote_class_module_changed,
    remote_method_traverse_owned,
};

// ---- life ----

int
proxy_traverse(PyObject *self, visitproc visit, void *arg)
{
    Py_VISIT(Py_TYPE(self));
    Py_VISIT((PyObject *)((proxy_object *)self)->latest);
    return 0;
}

// There is nothing to clear, but its class is cleared at that time as well.
int
proxy_clear(PyObject *op)
{
    proxy_object *self = (proxy_object *)op;
    weak_table_remove(&self->state->proxies, self->target, op);
    return 0;
}

void
proxy_dealloc(PyObject *op)
{
    proxy_object *self = (proxy_object *)op;
    PyTypeObject *class = Py_TYPE(op);
    foreign_ref reference = {self->target};
    if (self->latest != NULL && remote_method_keep_proxy(self->latest)) {
        return;
    }
    PyObject_GC_UnTrack(op);
    // First out of the table: a callback of a weak reference may ask for the object again.
    weak_table_remove(&self->state->proxies, self->target, op);
    Py_XDECREF(self->latest);
    if (self->weak_references != NULL) {
        PyObject_ClearWeakRefs(op);
    }
    ahead_free(self->batch); // its bookmark is the export's
    PyObject_GC_Del(op);
    export_unref(reference);
    Py_DECREF(class);
}

// ---- attributes ----

// The slot of an interned name among the class's methods: where it is, or a free one, or -1.
static inline int
method_slot(const remote_class *class, const PyObject *name)
{
    unsigned slot = (unsigned)((uintptr_t)name >> 4) % METHOD_SLOTS;
    for (int probe = 0; probe < 8; probe++, slot = (slot + 1) % METHOD_SLOTS) {
        if (LIKELY(class->methods[slot].name == name) || class->methods[slot].name == NULL) {
            return (int)slot;
        }
    }
    return -1;
}

// The class over there was changed: what was a method may be none now.
static COLD void
forget_methods(remote_class *class, unsigned epoch)
{
    for (int slot = 0; slot < METHOD_SLOTS; slot++) {
        Py_CLEAR(class->methods[slot].name);
    }
    class->fixed_methods = 0;
    class->epoch = epoch;
}

static inline bool
is_known_method(const proxy_object *self, const remote_class *class, int slot)
{
    uint64_t known = class->fixed_methods | (self->epoch == class->epoch ? self->known_methods : 0);
    return (known >> slot) & 1;
}

static void
remember_method(proxy_object *self, remote_class *class, PyObject *name, int32_t index,
                attribute_kind kind)
{
    int slot = method_slot(class, name);
    if (slot < 0) {
        return;
    }
    name_cache_entry *entry = &class->methods[slot];
    if (entry->name == NULL) {
        *entry = (name_cache_entry){Py_NewRef(name), index};
    }
    if (kind == ATTRIBUTE_CLASS_METHOD) {
        class->fixed_methods |= UINT64_C(1) << slot;
    }
    if (self->epoch != class->epoch) {
        self->epoch = class->epoch;
        self->known_methods = 0;
    }
    self->known_methods |= UINT64_C(1) << slot;
}

static NOINLINE PyObject *
get_attribute(proxy_object *self, PyObject *name)
{
    core_state *state = self->state;
    remote_class *class = remote_class_data(Py_TYPE(self));
    if (name == state->str_class) {
        return remote_class_class_of((PyObject *)self);
    }
    if (name == state->str_reduce_ex || name == state->str_reduce) {
        return PyObject_GenericGetAttr((PyObject *)self, name);
    }
    if (state_check_name(name) < 0) {
        return NULL;
    }
    PyObject *value;
    if (!class->is_restricted && reference_namespace(state, (PyObject *)self, name, &value)) {
        return value;
    }
    operation op = {.kind = OPERATION_GET,
                    .owner = self->target->owner,
                    .target = self->target,
                    .name = name_refer(state, name),
                    .flags = class->is_restricted ? 0 : OPERATION_FUSE};
    attribute_kind kind = ATTRIBUTE_VALUE;
    value = operation_perform(state, &op, &kind);
    if (value == NULL || kind == ATTRIBUTE_VALUE) {
        return value;
    }
    if (op.name.index != NAME_NONE && kind != ATTRIBUTE_NEW_METHOD) {
        remember_method(self, class, name, op.name.index, kind);
    }
    return remote_method_get(self, name, op.name.index);
}

static PyObject *
proxy_getattro(PyObject *op, PyObject *name)
{
    proxy_object *self = (proxy_object *)op;
    remote_class *class = remote_class_data(Py_TYPE(op));
    if (class->target != NULL) {
        unsigned changes = atomic_load_explicit(&class->target->changes, memory_order_acquire);
        if (UNLIKELY(changes != class->epoch)) {
            forget_methods(class, changes);
        }
    }
    int slot = method_slot(class, name);
    if (LIKELY(slot >= 0 && class->methods[slot].name == name &&
               is_known_method(self, class, slot) &&
               interp_get_phase(self->target->owner) != INTERP_CLOSED)) {
        return remote_method_get(self, name, class->methods[slot].index);
    }
    return get_attribute(self, name);
}

static int
proxy_setattro(PyObject *op, PyObject *name, PyObject *value)
{
    proxy_object *self = (proxy_object *)op;
    if (state_check_name(name) < 0) {
        return -1;
    }
    self->known_methods = 0; // one of them may be set over
    return reference_set(self->state, self->target, name, value);
}

static PyObject *
proxy_vectorcall(PyObject *op, PyObject *const *arguments, size_t nargsf, PyObject *keyword_names)
{
    proxy_object *self = (proxy_object *)op;
    return reference_call(self->state, self->target, arguments, PyVectorcall_NARGS(nargsf),
                          keyword_names);
}

// In classes of iterators whose type is known (bridge/crossing/ahead).
PyObject *
proxy_next(PyObject *op)
{
    proxy_object *self = (proxy_object *)op;
    if (UNLIKELY(self->target->flags & EXPORT_RESTRICTED)) {
        return reference_operate(self->state, self->target, OPERATION_SPECIAL,
                                 self->state->str_next, NULL, 0);
    }
    return ahead_next(self->state, self->target, &self->batch);
}

// In the class of dict. Who asks for keys() may be about to ask for each value.
PyObject *
proxy_subscript(PyObject *op, PyObject *key)
{
    proxy_object *self = (proxy_object *)op;
    core_state *state = self->state;
    bool is_next = self->batch != NULL ||
                   (self->latest != NULL && remote_method_is_named(self->latest, state->str_keys));
    if (!is_next || UNLIKELY(self->target->flags & EXPORT_RESTRICTED)) {
        return reference_operate(state, self->target, OPERATION_SPECIAL, state->str_getitem, &key,
                                 1);
    }
    return ahead_value(state, self->target, key, &self->batch);
}

// As object.__hash__ of the original, wherever it is asked. A type with a hash of its own gets a
// special method instead.
static Py_hash_t
proxy_hash(PyObject *op)
{
    return Py_HashPointer(((proxy_object *)op)->target->address);
}

// ---- buffers: the owner's memory, not a copy ----

int
proxy_getbuffer(PyObject *op, Py_buffer *view, int flags)
{
    proxy_object *self = (proxy_object *)op;
    if (cpython_refuse_null_view(view) < 0) {
        return -1;
    }
    lease *lent = lease_take(self->state, self->target, flags);
    if (lent == NULL) {
        view->obj = NULL;
        return -1;
    }
    *view = lent->view;
    view->obj = Py_NewRef(op);
    view->internal = lent;
    return 0;
}

void
proxy_releasebuffer(PyObject *op, Py_buffer *view)
{
    lease_release(view->internal);
}

// ---- pickling: by value ----

static PyObject *
proxy_reduce(PyObject *self, PyObject *unused)
{
    PyObject *hook = state_hook(((proxy_object *)self)->state, HOOK_REDUCE);
    return hook == NULL ? NULL : PyObject_CallOneArg(hook, self);
}

static PyMethodDef proxy_methods[] = {
    {"__reduce_ex__", proxy_reduce, METH_O, "Pickle the original by value."},
    {"__reduce__", proxy_reduce, METH_NOARGS, "Pickle the original by value."},
    {NULL},
};

// ---- types ----

PyDoc_STRVAR(proxy_doc, "A reference to an object of another interpreter.\n\n"
                        "Made when an object that can change crosses; never by hand.\n\n"
                        "Example:\n"
                        "    >>> items = interpreter.eval('[1, 2]')\n"
                        "    >>> isinstance(items, atoll.Proxy), len(items)\n"
                        "    (True, 2)");

static PyMemberDef plain_members[] = {
    {"__weaklistoffset__", Py_T_PYSSIZET, offsetof(proxy_object, weak_references), Py_READONLY},
    {NULL},
};

static PyMemberDef callable_members[] = {
    {"__weaklistoffset__", Py_T_PYSSIZET, offsetof(proxy_object, weak_references), Py_READONLY},
    {"__vectorcalloffset__", Py_T_PYSSIZET, offsetof(proxy_object, vectorcall), Py_READONLY},
    {NULL},
};

static PyType_Slot plain_slots[] = {
    PROXY_LIFE_SLOTS,
    {Py_tp_doc, (void *)proxy_doc},
    {Py_tp_getattro, proxy_getattro},
    {Py_tp_setattro, proxy_setattro},
    {Py_tp_hash, proxy_hash},
    {Py_tp_methods, proxy_methods},
    {Py_tp_members, plain_members},
    {0, NULL},
};
static PyType_Slot callable_slots[] = {
    PROXY_LIFE_SLOTS,
    {Py_tp_call, PyVectorcall_Call},
    {Py_tp_members, callable_members},
    {0, NULL},
};
static PyType_Slot buffer_slots[] = {
    PROXY_LIFE_SLOTS,
    {Py_bf_getbuffer, proxy_getbuffer},
    {Py_bf_releasebuffer, proxy_releasebuffer},
    {0, NULL},
};
static PyType_Slot callable_buffer_slots[] = {
    PROXY_LIFE_SLOTS,
    {Py_tp_call, PyVectorcall_Call},
    {Py_tp_members, callable_members},
    {Py_bf_getbuffer, proxy_getbuffer},
    {Py_bf_releasebuffer, proxy_releasebuffer},
    {0, NULL},
};

#define PROXY_FLAGS                                                                                \
    (Py_TPFLAGS_DEFAULT | Py_TPFLAGS_IMMUTABLETYPE | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_BASETYPE |    \
     Py_TPFLAGS_DISALLOW_INSTANTIATION)

static PyType_Spec specs[] = {
    {"atoll.Proxy", sizeof(proxy_object), 0, PROXY_FLAGS, plain_slots},
    {"atoll._core.CallableProxy", sizeof(proxy_object), 0, PROXY_FLAGS | Py_TPFLAGS_HAVE_VECTORCALL,
     callable_slots},
    {"atoll._core.BufferProxy", sizeof(proxy_object), 0, PROXY_FLAGS, buffer_slots},
    {"atoll._core.CallableBufferProxy", sizeof(proxy_object), 0,
     PROXY_FLAGS | Py_TPFLAGS_HAVE_VECTORCALL, callable_buffer_slots},
};

int
proxy_add_types(PyObject *module, core_state *state)
{
    for (int variant = 0; variant < 4; variant++) {
        PyObject *base = variant == 0 ? NULL : (PyObject *)state->types[TYPE_PROXY];
        PyObject *type = PyType_FromModuleAndSpec(module, &specs[variant], base);
        if (type == NULL) {
            return -1;
        }
        state->types[TYPE_PROXY + variant] = (PyTypeObject *)type;
    }
    return PyModule_AddObjectRef(module, "Proxy", (PyObject *)state->types[TYPE_PROXY]);
}
