// Making remote classes: of a description that the owner gives, once for each class.
#include "bridge/python/cpython.h"
#include "bridge/iteration/iterators.h"
#include "bridge/crossing/description.h"
#include "bridge/transfer/weak_table.h"
#include "ground/base/shake.h"
#include "types/reference.h"

// What atoll._transfer.describe.describe returns: (name, special methods, absent ones, flags,
// ABCs, identities of the class and its bases).
enum {
    DESCRIBED_CALLABLE = 1,
    DESCRIBED_BUFFER = 2,
    DESCRIBED_SEQUENCE = 4,
    DESCRIBED_MAPPING = 8,
    DESCRIBED_METACLASS = 16,
    DESCRIBED_CONTAINER = 32,
    DESCRIBED_ARRAY = 64,
    DESCRIBED_FIELDS = 128,
    DESCRIBED_WITHOUT_ITEMS = 256,
};

typedef struct {
    const char *name;
    PyObject *specials, *absent, *abcs, *lineage; // borrowed from the tuple
    int flags;
} class_description;

// ---- making ----

static PyType_Slot instance_slots[] = {
    PROXY_LIFE_SLOTS,
    {Py_tp_new, remote_class_new_instance},
    {Py_tp_init, remote_class_refuse_init},
    {0, NULL},
};

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
        .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC,
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
install_specials(core_state *state, PyTypeObject *class, const class_description *described)
{
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(described->specials); i++) {
        PyObject *name = PyTuple_GET_ITEM(described->specials, i);
        if (remote_class_set_special(class, name, special_method_get(state, name)) < 0) {
            return -1;
        }
    }
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(described->absent); i++) {
        if (remote_class_set_special(class, PyTuple_GET_ITEM(described->absent, i), Py_None) < 0) {
            return -1;
        }
    }
    // CPython takes __getitem__ for items by position as well, and iterates.
    if (described->flags & DESCRIBED_WITHOUT_ITEMS) {
        class->tp_as_sequence->sq_item = NULL;
    }
    return 0;
}

static PyTypeObject *
build(core_state *state, PyObject *description, PyTypeObject *metatype, int may_be)
{
    class_description described;
    if (!PyArg_ParseTuple(description, "sO!O!iO!O!", &described.name, &PyTuple_Type,
                          &described.specials, &PyTuple_Type, &described.absent, &described.flags,
                          &PyTuple_Type, &described.abcs, &PyTuple_Type, &described.lineage)) {
        return NULL;
    }
    described.flags &= may_be;
    PyTypeObject *class = make_type(state, &described, metatype);
    if (class != NULL) {
        remote_class_data(class)->state = state;
        remote_class_data(class)->module = Py_NewRef(state->module);
        remote_class_data(class)->is_container = described.flags & DESCRIBED_CONTAINER;
        bool is_metaclass = described.flags & DESCRIBED_METACLASS;
        remote_class_data(class)->is_metaclass = is_metaclass;
        remote_class_data(class)->has_stand_in =
            !is_metaclass && (described.flags & DESCRIBED_FIELDS);
        remote_class_data(class)->lineage = Py_NewRef(described.lineage);
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

bool
remote_class_enter(core_state *state, PyTypeObject *class)
{
    const remote_class *data = remote_class_data(class);
    return pointer_map_set(&state->proxies, data->target, class) &&
           (!data->has_twins_as_bases || pointer_map_set(&state->subclasses, data->target, class));
}

void
remote_class_keep(core_state *state, PyTypeObject *class)
{
    PyObject **recent =
        &state->recent_classes[state->recent_position++ % Py_ARRAY_LENGTH(state->recent_classes)];
    Py_XSETREF(*recent, Py_NewRef(class));
}

// From here on it stands for its class; unless another thread has been faster while it was built:
// then that one's does, and is returned.
static PyTypeObject *
settle_steal(core_state *state, PyTypeObject *class, const void *key, exported *target)
{
    if (class == NULL) {
        return NULL;
    }
    shake();
    PyTypeObject *known = find_class(state, key, target == NULL ? NULL : target->owner);
    if (known != NULL) {
        Py_DECREF(class);
        return known;
    }
    remote_class *data = remote_class_data(class);
    data->type_key = key;
    data->target = target == NULL ? NULL : export_ref(target).target;
    bool is_itself = target != NULL && !data->has_stand_in;
    if (!pointer_map_set(&state->classes, key, class) ||
        (is_itself && !remote_class_enter(state, class))) {
        Py_DECREF(class); // which takes it out again
        return (PyTypeObject *)PyErr_NoMemory();
    }
    remote_class_keep(state, class);
    return class;
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
    if (iterator_kind_of(shared) != ITERATOR_OTHER) {
        class->tp_iternext = proxy_next;
    }
    if (shared == &PyDict_Type) {
        class->tp_as_mapping->mp_subscript = proxy_subscript;
    }
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

// What is known only of classes that are no restricted view's.
static PyTypeObject *
with_twins_steal(PyTypeObject *class, const description *described)
{
    remote_class *data = remote_class_data(class);
    data->specials = described->specials;
    data->lineage_epoch = described->twin_epoch;
    data->has_twins_as_bases = !data->is_metaclass && !data->has_stand_in;
    if (remote_class_add_annotations(class) < 0 ||
        (data->has_twins_as_bases && remote_class_find_bases(class) < 0)) {
        Py_CLEAR(class);
    }
    return class;
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
            class = settle_steal(state, with_twins_steal(class, &described), described.type_key,
                                 described.class);
        }
    }
    Py_XDECREF(metatype);
    description_clear(&described);
    return class;
}

// A class that stands for no remote type, so that no owner need be asked; made once.
static PyTypeObject *
for_nobodys_type(core_state *state, const void *key, hook_id describe)
{
    PyTypeObject *known = find_class(state, key, NULL);
    if (known != NULL) {
        return known;
    }
    PyObject *description = state_call_hook(state, describe, NULL, NULL);
    return as_described_steal(state, description, &PyBaseObject_Type, key);
}

// All tokens look alike.
static PyTypeObject *
for_token(core_state *state)
{
    static const char key; // an address that no type has
    PyTypeObject *class = for_nobodys_type(state, &key, HOOK_DESCRIBE_TOKEN);
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
    return for_nobodys_type(state, &key, HOOK_DESCRIBE_GONE);
}

PyObject *
remote_class_import(core_state *state, exported *target_steal)
{
    PyTypeObject *class = find_class(state, target_steal->address, target_steal->owner);
    if (class == NULL || remote_class_data(class)->target != target_steal) {
        Py_XSETREF(class, for_foreign_type(state, target_steal));
    }
    export_unref((foreign_ref){target_steal});
    PyObject *itself = class == NULL ? NULL : remote_class_itself(class);
    Py_XDECREF(class);
    return itself;
}
