// The local type that stands for a class of another interpreter, and whose instances are the
// Proxies to that class's objects. Its metatype sends every question on to the class itself.
#include "bridge/python/cpython.h"
#include "bridge/crossing/description.h"
#include "bridge/transfer/weak_table.h"
#include "ground/base/shake.h"
#include "types/reference.h"

// What atoll._transfer.describe.describe returns: (name, special methods, absent ones, flags,
// ABCs).
enum {
    DESCRIBED_CALLABLE = 1,
    DESCRIBED_BUFFER = 2,
    DESCRIBED_SEQUENCE = 4,
    DESCRIBED_MAPPING = 8,
    DESCRIBED_METACLASS = 16,
    DESCRIBED_CONTAINER = 32,
    DESCRIBED_ARRAY = 64,
};

typedef struct {
    const char *name;
    PyObject *specials, *absent, *abcs; // borrowed from the tuple
    int flags;
} class_description;

// ---- making ----

static int remote_class_traverse(PyObject *self, visitproc visit, void *arg);
static int remote_class_clear(PyObject *self);

static PyType_Slot instance_slots[] = {PROXY_LIFE_SLOTS, {0, NULL}};

static PyType_Slot metaclass_slots[] = {
    {Py_tp_dealloc, remote_class_dealloc},
    {Py_tp_traverse, remote_class_traverse},
    {Py_tp_clear, remote_class_clear},
    {0, NULL},
};

static PyTypeObject *
make_type(core_state *state, const class_description *described, PyTypeObject *metatype)
{
    bool is_metaclass = described->flags & DESCRIBED_METACLASS;
    PyType_Spec spec = {
        .name = described->name,
        .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC |
                 (is_metaclass ? 0 : Py_TPFLAGS_DISALLOW_INSTANTIATION), // a metaclass needs tp_new
        .slots = is_metaclass ? metaclass_slots : instance_slots,
    };
    if (described->flags & DESCRIBED_SEQUENCE) {
        spec.flags |= Py_TPFLAGS_SEQUENCE;
    }
    if (described->flags & DESCRIBED_MAPPING) {
        spec.flags |= Py_TPFLAGS_MAPPING;
    }
    int variant = described->flags & (DESCRIBED_CALLABLE | DESCRIBED_BUFFER);
    type_id base = is_metaclass ? TYPE_REMOTE_CLASS : (type_id)(TYPE_PROXY + variant);
    PyObject *bases =
        state_call_hook(state, HOOK_ABC_MARKERS, (PyObject *)state->types[base], described->abcs);
    PyObject *type =
        bases == NULL ? NULL : PyType_FromMetaclass(metatype, state->module, &spec, bases);
    Py_XDECREF(bases);
    if (type != NULL && !is_metaclass) {
        // Markers of ABCs bring these along; str and bytes, which are sequences, have none.
        const unsigned long matched = Py_TPFLAGS_SEQUENCE | Py_TPFLAGS_MAPPING;
        ((PyTypeObject *)type)->tp_flags &= ~matched | spec.flags;
    }
    return (PyTypeObject *)type;
}

static int
set_special(PyTypeObject *class, PyObject *name, PyObject *value)
{
    return value == NULL ? -1 : PyType_Type.tp_setattro((PyObject *)class, name, value);
}

static int
install_specials(core_state *state, PyTypeObject *class, const class_description *described)
{
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(described->specials); i++) {
        PyObject *name = PyTuple_GET_ITEM(described->specials, i);
        if (set_special(class, name, special_method_get(state, name)) < 0) {
            return -1;
        }
    }
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(described->absent); i++) {
        if (set_special(class, PyTuple_GET_ITEM(described->absent, i), Py_None) < 0) {
            return -1;
        }
    }
    return 0;
}

static PyTypeObject *
build(core_state *state, PyObject *description, PyTypeObject *metatype, int may_be)
{
    class_description described;
    if (!PyArg_ParseTuple(description, "sO!O!iO!", &described.name, &PyTuple_Type,
                          &described.specials, &PyTuple_Type, &described.absent, &described.flags,
                          &PyTuple_Type, &described.abcs)) {
        return NULL;
    }
    described.flags &= may_be;
    PyTypeObject *class = make_type(state, &described, metatype);
    if (class != NULL) {
        remote_class_data(class)->state = state;
        remote_class_data(class)->module = Py_NewRef(state->module);
        remote_class_data(class)->is_container = described.flags & DESCRIBED_CONTAINER;
        if (remote_class_equip(state, class, described.flags & DESCRIBED_ARRAY) < 0 ||
            install_specials(state, class, &described) < 0) {
            Py_CLEAR(class);
        }
        else {
            cpython_seal_type(class);
        }
    }
    return class;
}

// The class made for a type; new reference, or NULL. An address may be used again after its
// interpreter closed.
static PyTypeObject *
find_class(core_state *state, const void *key, const interp *owner)
{
    PyObject *known = weak_table_get(&state->classes, key);
    if (known != NULL) {
        remote_class *data = remote_class_data((PyTypeObject *)known);
        if (data->shared_type == NULL && data->target->owner != owner) {
            Py_CLEAR(known);
        }
    }
    return (PyTypeObject *)known;
}

static bool
enter(core_state *state, PyTypeObject *class, const void *key, exported *target)
{
    if (target != NULL && !pointer_map_set(&state->proxies, target, class)) {
        return false;
    }
    if (!pointer_map_set(&state->classes, key, class)) {
        pointer_map_remove(&state->proxies, target);
        return false;
    }
    return true;
}

// From here on it stands for its class; unless another thread has been faster while it was built:
// then that one's does, and is returned.
static PyTypeObject *
settle_steal(core_state *state, PyTypeObject *class, const void *key, exported *target)
{
    shake();
    PyTypeObject *known = find_class(state, key, target == NULL ? NULL : target->owner);
    if (known != NULL) {
        Py_DECREF(class);
        return known;
    }
    if (!enter(state, class, key, target)) {
        Py_DECREF(class);
        return (PyTypeObject *)PyErr_NoMemory();
    }
    remote_class *data = remote_class_data(class);
    data->type_key = key;
    data->target = target == NULL ? NULL : export_ref(target).target;
    PyObject **recent =
        &state->recent_classes[state->recent_position++ % Py_ARRAY_LENGTH(state->recent_classes)];
    Py_XSETREF(*recent, Py_NewRef(class));
    return class;
}

// ---- special methods that came or went later ----

static int
remove_special(PyTypeObject *class, PyObject *name)
{
    PyObject *own = PyType_GetDict(class);
    int is_there = PyDict_Contains(own, name);
    Py_DECREF(own);
    return is_there <= 0 ? is_there : PyType_Type.tp_setattro((PyObject *)class, name, NULL);
}

static int
change_special(core_state *state, PyTypeObject *class, PyObject *name, const special_set *now,
               Py_ssize_t index)
{
    if (special_set_has(now->present, index)) {
        return set_special(class, name, special_method_get(state, name));
    }
    return special_set_has(now->disabled, index) ? set_special(class, name, Py_None)
                                                 : remove_special(class, name);
}

// What is in the slots alone: a class with these has them from its base.
static void
change_slots(PyTypeObject *class, PyObject *name, bool has_it)
{
    if (PyUnicode_EqualToUTF8(name, "__buffer__")) {
        class->tp_as_buffer->bf_getbuffer = has_it ? proxy_getbuffer : NULL;
        class->tp_as_buffer->bf_releasebuffer = proxy_releasebuffer; // some may be in use
    }
    else if (PyUnicode_EqualToUTF8(name, "__call__") && !has_it) {
        class->tp_call = NULL;
        class->tp_flags &= ~(unsigned long)Py_TPFLAGS_HAVE_VECTORCALL;
    }
}

static int
change_specials(core_state *state, PyTypeObject *class, const special_set *now)
{
    special_set *old = &remote_class_data(class)->specials;
    PyObject *names = specials_names(state);
    int result = names == NULL ? -1 : 0;
    bool has_instances = class->tp_dealloc == proxy_dealloc;
    for (Py_ssize_t i = 0; result == 0 && i < PyTuple_GET_SIZE(names); i++) {
        bool has_it = special_set_has(now->present, i);
        if (has_it == special_set_has(old->present, i) &&
            special_set_has(now->disabled, i) == special_set_has(old->disabled, i)) {
            continue;
        }
        PyObject *name = PyTuple_GET_ITEM(names, i);
        result = change_special(state, class, name, now, i);
        if (result == 0 && has_instances) {
            change_slots(class, name, has_it || special_set_has(now->disabled, i));
        }
    }
    if (result == 0) {
        *old = *now;
    }
    PyType_Modified(class);
    return result;
}

static bool
is_stale(const remote_class *data)
{
    unsigned version = data->target == NULL ? 0 : atomic_load(&data->target->specials_version);
    return version != 0 && version != data->specials.version;
}

// Those whose classes have other special methods by now. NULL: no memory.
static PyObject *
list_stale(core_state *state)
{
    PyObject *stale = PyList_New(0);
    size_t position = 0;
    pointer_pair pair;
    while (stale != NULL && pointer_map_next(&state->classes, &position, &pair)) {
        PyObject *class = weak_table_get(&state->classes, pair.key);
        if (class != NULL && is_stale(remote_class_data((PyTypeObject *)class)) &&
            PyList_Append(stale, class) < 0) {
            Py_CLEAR(stale);
        }
        Py_XDECREF(class);
    }
    return stale;
}

void
remote_class_refresh(core_state *state)
{
    PyObject *raised = PyErr_GetRaisedException();
    // acquire: pairs with publish of bridge/transfer/specials
    state->specials_epoch = atomic_load_explicit(&specials_epoch, memory_order_acquire);
    PyObject *stale = list_stale(state);
    for (Py_ssize_t i = 0; stale != NULL && i < PyList_GET_SIZE(stale); i++) {
        PyTypeObject *class = (PyTypeObject *)PyList_GET_ITEM(stale, i);
        special_set now;
        if (specials_read(remote_class_data(class)->target, &now)) {
            cpython_unseal_type(class);
            (void)change_specials(state, class, &now);
            cpython_seal_type(class);
        }
    }
    Py_XDECREF(stale);
    PyErr_Clear(); // no memory: it stays as it was until the next change
    PyErr_SetRaisedException(raised);
}

// For a type that is described here. NULL with an exception where the description is.
static PyTypeObject *
as_described_steal(core_state *state, PyObject *description, PyTypeObject *shared, const void *key)
{
    PyTypeObject *class =
        description == NULL ? NULL : build(state, description, state->types[TYPE_REMOTE_CLASS], ~0);
    Py_XDECREF(description);
    if (class == NULL) {
        return NULL;
    }
    remote_class_data(class)->shared_type = shared;
    return settle_steal(state, class, key, NULL);
}

static PyTypeObject *
for_shared_type(core_state *state, PyTypeObject *shared)
{
    PyObject *description = state_call_hook(state, HOOK_DESCRIBE, (PyObject *)shared, NULL);
    return as_described_steal(state, description, shared, shared);
}

static PyTypeObject *
metatype_for(core_state *state, const description *described)
{
    if (described->metaclass == NULL) {
        return (PyTypeObject *)Py_NewRef(state->types[TYPE_REMOTE_CLASS]);
    }
    PyObject *metatype = state->references->import(state, export_ref(described->metaclass).target);
    if (metatype != NULL && !PyType_Check(metatype)) { // its owner has closed meanwhile
        Py_DECREF(metatype);
        state_raise_closed(state, described->metaclass->owner);
        return NULL;
    }
    return (PyTypeObject *)metatype;
}

// Ask the owner what it is. Crosses, so that another thread may make the same class meanwhile.
static PyTypeObject *
for_foreign_type(core_state *state, exported *target)
{
    description described;
    if (description_bring(state, target, &described) < 0) {
        return NULL;
    }
    PyTypeObject *class = NULL, *metatype = NULL;
    if (described.type_key != NULL) {
        class = find_class(state, described.type_key, target->owner);
    }
    if (class == NULL) {
        metatype = metatype_for(state, &described);
        // What a view stands for is no class to who holds it, whatever is said of it.
        int may_be = described.type_key == NULL ? ~DESCRIBED_METACLASS : ~0;
        class = metatype == NULL ? NULL : build(state, described.tuple, metatype, may_be);
        if (class != NULL && described.type_key == NULL) {
            remote_class_data(class)->is_restricted = true;
        }
        else if (class != NULL) {
            remote_class_data(class)->specials = described.specials;
            class = settle_steal(state, class, described.type_key, described.class);
        }
    }
    Py_XDECREF(metatype);
    description_clear(&described);
    return class;
}

// All tokens look alike, so their owners need not be asked.
static PyTypeObject *
for_token(core_state *state)
{
    static const char key; // an address that no type has
    PyTypeObject *class = find_class(state, &key, NULL);
    if (class != NULL) {
        return class;
    }
    PyObject *description = state_call_hook(state, HOOK_DESCRIBE_TOKEN, NULL, NULL);
    class = as_described_steal(state, description, &PyBaseObject_Type, &key);
    if (class != NULL) {
        remote_class_data(class)->is_restricted = true;
    }
    return class;
}

PyTypeObject *
remote_class_of(core_state *state, exported *target)
{
    if (target->flags & EXPORT_TOKEN) {
        return for_token(state);
    }
    if (!(target->flags & EXPORT_RESTRICTED) || (target->flags & EXPORT_SHARED_TYPE)) {
        specials_refresh(state);
        PyTypeObject *known = find_class(state, target->type, target->owner);
        if (LIKELY(known != NULL)) {
            return known;
        }
        if (target->flags & EXPORT_SHARED_TYPE) {
            return for_shared_type(state, (PyTypeObject *)target->type);
        }
    }
    return for_foreign_type(state, target);
}

PyTypeObject *
remote_class_of_gone(core_state *state)
{
    static const char key; // an address that no type has
    PyTypeObject *known = find_class(state, &key, NULL);
    if (known != NULL) {
        return known;
    }
    PyObject *description = state_call_hook(state, HOOK_DESCRIBE_GONE, NULL, NULL);
    return as_described_steal(state, description, &PyBaseObject_Type, &key);
}

PyObject *
remote_class_import(core_state *state, exported *target_steal)
{
    PyTypeObject *class = for_foreign_type(state, target_steal);
    export_unref((foreign_ref){target_steal});
    return (PyObject *)class;
}

PyObject *
remote_class_type_of(PyObject *reference)
{
    PyTypeObject *type = Py_TYPE(reference);
    if (is_remote_class(reference)) {
        core_state *state = remote_class_data((PyTypeObject *)reference)->state;
        return Py_NewRef(type == state->types[TYPE_REMOTE_CLASS] ? &PyType_Type : type);
    }
    remote_class *data = remote_class_data(type);
    if (data->is_restricted) {
        PyErr_SetString(PyExc_AttributeError, "this proxy is restricted: its class is not allowed");
        return NULL;
    }
    return Py_NewRef(data->shared_type != NULL ? data->shared_type : type);
}

// ---- life ----

static void
forget(PyTypeObject *class)
{
    remote_class *data = remote_class_data(class);
    if (data->type_key != NULL) {
        weak_table_remove(&data->state->classes, data->type_key, (PyObject *)class);
    }
    data->type_key = NULL;
    if (data->target != NULL) {
        weak_table_remove(&data->state->proxies, data->target, (PyObject *)class);
    }
}

static int
remote_class_traverse(PyObject *self, visitproc visit, void *arg)
{
    Py_VISIT(Py_TYPE(self));
    Py_VISIT(remote_class_data((PyTypeObject *)self)->module);
    return PyType_Type.tp_traverse(self, visit, arg);
}

static int
remote_class_clear(PyObject *self)
{
    forget((PyTypeObject *)self); // what is half gone must not be found again
    return PyType_Type.tp_clear(self);
}

void
remote_class_dealloc(PyObject *self)
{
    PyTypeObject *metatype = Py_TYPE(self);
    remote_class *data = remote_class_data((PyTypeObject *)self);
    forget((PyTypeObject *)self);
    exported *target = data->target;
    PyObject *module = data->module;
    char *shown_name = data->shown_name;
    for (int slot = 0; slot < METHOD_SLOTS; slot++) {
        Py_CLEAR(data->methods[slot].name);
    }
    PyType_Type.tp_dealloc(self);
    PyMem_RawFree(shown_name);
    if (target != NULL) {
        export_unref((foreign_ref){target});
    }
    Py_XDECREF(module);
    Py_DECREF(metatype);
}

// ---- operations ----

static PyObject *
remote_class_getattro(PyObject *self, PyObject *name)
{
    remote_class *data = remote_class_data((PyTypeObject *)self);
    if (data->target == NULL) {
        return PyType_Type.tp_getattro(self, name);
    }
    if (name == data->state->str_class) {
        return remote_class_type_of(self);
    }
    if (state_check_name(name) < 0) {
        return NULL;
    }
    if (UNLIKELY(data->own_members != NULL) && PyDict_Contains(data->own_members, name) > 0) {
        return PyType_Type.tp_getattro(self, name);
    }
    return reference_operate(data->state, data->target, OPERATION_GET, name, NULL, 0);
}

static int
remote_class_setattro(PyObject *self, PyObject *name, PyObject *value)
{
    remote_class *data = remote_class_data((PyTypeObject *)self);
    if (data->target == NULL) {
        PyErr_SetString(PyExc_TypeError, "cannot set attributes of the class of a Proxy");
        return -1;
    }
    if (state_check_name(name) < 0) {
        return -1;
    }
    PyObject *done = reference_operate(data->state, data->target,
                                       value == NULL ? OPERATION_DELETE : OPERATION_SET, name,
                                       &value, value == NULL ? 0 : 1);
    Py_XDECREF(done);
    return done == NULL ? -1 : 0;
}

static PyObject *
call_with_array(remote_class *data, PyObject *const *arguments, Py_ssize_t count, PyObject *names)
{
    operation op = {.kind = OPERATION_CALL,
                    .owner = data->target->owner,
                    .target = data->target,
                    .arguments = arguments,
                    .count = count,
                    .keyword_names = names};
    return operation_perform(data->state, &op, NULL);
}

static PyObject *
call_with_keywords(remote_class *data, PyObject *arguments, PyObject *keywords)
{
    Py_ssize_t count = PyTuple_GET_SIZE(arguments), total = count + PyDict_GET_SIZE(keywords);
    PyObject **all = PyMem_New(PyObject *, total);
    PyObject *names = PyTuple_New(total - count), *name, *value;
    if (all == NULL || names == NULL) {
        PyMem_Free(all);
        Py_XDECREF(names);
        return PyErr_NoMemory();
    }
    memcpy(all, ((PyTupleObject *)arguments)->ob_item, (size_t)count * sizeof *all);
    Py_ssize_t position = 0;
    for (Py_ssize_t i = 0; PyDict_Next(keywords, &position, &name, &value); i++) {
        PyTuple_SET_ITEM(names, i, Py_NewRef(name));
        all[count + i] = value;
    }
    PyObject *result = call_with_array(data, all, count, names);
    Py_DECREF(names);
    PyMem_Free(all);
    return result;
}

static PyObject *
remote_class_call(PyObject *self, PyObject *arguments, PyObject *keywords)
{
    remote_class *data = remote_class_data((PyTypeObject *)self);
    if (data->target == NULL) {
        PyErr_Format(PyExc_TypeError, "a Proxy cannot be made by hand: call '%s' itself",
                     remote_class_name((PyTypeObject *)self));
        return NULL;
    }
    if (keywords != NULL && PyDict_GET_SIZE(keywords) > 0) {
        return call_with_keywords(data, arguments, keywords);
    }
    return call_with_array(data, ((PyTupleObject *)arguments)->ob_item, PyTuple_GET_SIZE(arguments),
                           NULL);
}

static PyObject *
remote_class_repr(PyObject *self)
{
    remote_class *data = remote_class_data((PyTypeObject *)self);
    if (data->target == NULL) {
        return PyUnicode_FromFormat("<proxy class of '%s'>",
                                    remote_class_name((PyTypeObject *)self));
    }
    PyObject *repr = PyUnicode_InternFromString("__repr__");
    PyObject *text = repr == NULL ? NULL
                                  : reference_operate(data->state, data->target, OPERATION_SPECIAL,
                                                      repr, NULL, 0);
    Py_XDECREF(repr);
    return text;
}

static Py_hash_t
remote_class_hash(PyObject *self)
{
    remote_class *data = remote_class_data((PyTypeObject *)self);
    return Py_HashPointer(data->target == NULL ? self : data->target->address);
}

PyDoc_STRVAR(doc, "The type of remote classes: the local types that stand for classes of other "
                  "interpreters.");

static PyType_Slot slots[] = {
    {Py_tp_doc, (void *)doc},
    {Py_tp_dealloc, remote_class_dealloc},
    {Py_tp_traverse, remote_class_traverse},
    {Py_tp_clear, remote_class_clear},
    {Py_tp_getattro, remote_class_getattro},
    {Py_tp_setattro, remote_class_setattro},
    {Py_tp_call, remote_class_call},
    {Py_tp_repr, remote_class_repr},
    {Py_tp_hash, remote_class_hash},
    {0, NULL},
};

static PyType_Spec spec = {"atoll._core.RemoteClass", REMOTE_CLASS_OFFSET + sizeof(remote_class), 0,
                           Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_BASETYPE |
                               Py_TPFLAGS_TYPE_SUBCLASS,
                           slots};

// What `type` itself answers for a class, is asked of the remote one.
static const char *const asked_of_class[] = {"__instancecheck__", "__subclasscheck__", "__or__",
                                             "__ror__", "__dir__"};

int
remote_class_add_type(PyObject *module, core_state *state)
{
    PyObject *type = PyType_FromModuleAndSpec(module, &spec, (PyObject *)&PyType_Type);
    if (type == NULL) {
        return -1;
    }
    state->types[TYPE_REMOTE_CLASS] = (PyTypeObject *)type;
    if (PyModule_AddObjectRef(module, "RemoteClass", type) < 0) {
        return -1;
    }
    for (size_t i = 0; i < Py_ARRAY_LENGTH(asked_of_class); i++) {
        PyObject *name = PyUnicode_InternFromString(asked_of_class[i]);
        PyObject *special = name == NULL ? NULL : special_method_get(state, name);
        int result = special == NULL ? -1 : PyObject_SetAttr(type, name, special);
        Py_XDECREF(name);
        if (result < 0) {
            return -1;
        }
    }
    cpython_seal_type((PyTypeObject *)type);
    return 0;
}
