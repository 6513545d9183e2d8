#include "bridge/classes/shape.h"

#include "bridge/classes/twin.h"

#define SHAPES_MAX 512 // beyond so many, all are found out again

// ---- making ----

void
shape_unref(shape *self)
{
    if (--self->references > 0) {
        return;
    }
    Py_DECREF(self->known_as);
    Py_DECREF(self->path);
    Py_DECREF(self->definition);
    Py_DECREF(self->names);
    Py_XDECREF(self->key);
    PyMem_Free(self);
}

// Where in an instance a slot is; -1: it is none.
static Py_ssize_t
slot_offset(PyTypeObject *type, PyObject *name)
{
    PyObject *found = cpython_find_in_type(type, name);
    if (found == NULL || Py_TYPE(found) != &PyMemberDescr_Type) {
        return -1;
    }
    const PyMemberDef *member = ((PyMemberDescrObject *)found)->d_member;
    return member->type == Py_T_OBJECT_EX ? member->offset : -1;
}

static bool
find_slots(shape *self, PyObject *slots)
{
    for (Py_ssize_t i = 0; i < self->slot_count; i++) {
        self->slots[i] = slot_offset(self->type, PyTuple_GET_ITEM(slots, i));
        if (self->slots[i] < 0) {
            return false;
        }
    }
    return true;
}

// As atoll._transfer.shapes describes it. NULL without an exception: it is not as described.
static shape *
make(PyTypeObject *type, PyObject *described)
{
    int kind;
    PyObject *known_as, *path, *definition, *names, *slots;
    Py_ssize_t size;
    if (!PyArg_ParseTuple(described, "iUOOO!O!", &kind, &known_as, &path, &definition,
                          &PyTuple_Type, &names, &PyTuple_Type, &slots)) {
        return NULL;
    }
    const char *utf8 = PyUnicode_AsUTF8AndSize(known_as, &size);
    Py_ssize_t slot_count = PyTuple_GET_SIZE(slots);
    shape *self = utf8 == NULL
                      ? NULL
                      : PyMem_Malloc(sizeof *self + (size_t)slot_count * sizeof self->slots[0]);
    if (self == NULL) {
        return utf8 == NULL ? NULL : (shape *)PyErr_NoMemory();
    }
    *self = (shape){.references = 1,
                    .type = type,
                    .kind = (shape_kind)kind,
                    .number = names_index(utf8, (size_t)size, false),
                    .known_as = Py_NewRef(known_as),
                    .path = Py_NewRef(path),
                    .definition = Py_NewRef(definition),
                    .names = Py_NewRef(names),
                    .slot_count = slot_count};
    if (!find_slots(self, slots)) {
        shape_unref(self);
        return NULL;
    }
    return self;
}

// ---- the rule of a type, asked once ----

static void
forget_rules(core_state *state)
{
    size_t position = 0;
    pointer_pair pair;
    memset(state->rule_cache, 0, sizeof state->rule_cache);
    pointer_map shapes = state->shapes;
    state->shapes = (pointer_map){0};
    while (pointer_map_next(&shapes, &position, &pair)) {
        shape_unref(pair.value);
    }
    pointer_map_free(&shapes);
}

static int
keep(core_state *state, PyTypeObject *type, shape *made_steal)
{
    shape *old = pointer_map_get(&state->shapes, type);
    if (!pointer_map_set(&state->shapes, type, made_steal)) {
        shape_unref(made_steal);
        PyErr_NoMemory();
        return -1;
    }
    if (old != NULL) {
        shape_unref(old);
    }
    return 0;
}

// What is described may be gone again as soon as Python runs: the caller takes it from the cache.
static int
ask(core_state *state, PyTypeObject *type, rule_cache_entry *entry, unsigned epoch)
{
    PyObject *hook = state_hook(state, HOOK_RULE);
    PyObject *answer = hook == NULL ? NULL : PyObject_CallOneArg(hook, (PyObject *)type);
    if (answer == NULL) {
        return -1;
    }
    shape *made = NULL;
    if (PyTuple_CheckExact(answer)) {
        made = make(type, answer);
        if (made == NULL && PyErr_Occurred()) {
            Py_DECREF(answer);
            return -1;
        }
    }
    bool is_dumped = answer == Py_True;
    Py_DECREF(answer);
    if (state->shapes.count >= SHAPES_MAX) {
        forget_rules(state);
    }
    if (made != NULL && keep(state, type, made) < 0) {
        return -1;
    }
    (void)PyUnstable_Type_AssignVersionTag(type); // else nobody might: 0 says nothing
    *entry = (rule_cache_entry){type, type->tp_version_tag, epoch, is_dumped, made};
    return 0;
}

// Of those that all interpreters share only struct sequences of `sys` have one.
static bool
has_rule(const PyTypeObject *type)
{
    return !cpython_is_shared_type(type) || type->tp_base == &PyTuple_Type;
}

// What every interpreter has too (_transfer.by_name).
static bool
goes_by_name(const PyTypeObject *type)
{
    return type == &PyBaseObject_Type || type == &PyCFunction_Type ||
           type == &PyWrapperDescr_Type || type == &Py_GenericAliasType ||
           cpython_is_union_type(type) || cpython_is_sentinel_type(type);
}

int
shape_rule_of(core_state *state, PyTypeObject *type, value_rule *rule)
{
    if (UNLIKELY(!has_rule(type))) {
        *rule = (value_rule){.is_dumped = goes_by_name(type)};
        return 0;
    }
    rule_cache_entry *entry = shape_rule_entry(state, type);
    if (UNLIKELY(!shape_rule_is_current(entry, type)) &&
        ask(state, type, entry, names_value_epoch()) < 0) {
        return -1;
    }
    *rule = (value_rule){entry->is_dumped, entry->shape};
    return 0;
}

// ---- the class of a shape ----

static void
note_entry(shape *self, PyObject *name)
{
    Py_ssize_t next = 0;
    PyObject *key, *value;
    if (cpython_string_table(self->namespace) == NULL) {
        return; // each time it is looked up
    }
    while (PyDict_Next(self->namespace, &next, &key, &value)) {
        if (PyUnicode_Compare(key, name) == 0) {
            self->position = next - 1;
            Py_XSETREF(self->key, Py_NewRef(key));
            return;
        }
    }
}

// What its module has by the first of its names, borrowed; NULL without an exception: nothing. An
// entry that is where it was is not looked up.
static PyObject *
find_entry(shape *self)
{
    PyObject *known = self->key == NULL
                          ? NULL
                          : cpython_dict_value_at(self->namespace, self->position, self->key);
    if (LIKELY(known != NULL)) {
        return known;
    }
    PyObject *name = PyTuple_GET_ITEM(self->path, 1);
    PyObject *value = PyDict_GetItemWithError(self->namespace, name);
    if (value != NULL) {
        note_entry(self, name);
    }
    return value;
}

// Is its module the one that it was, so that its namespace is there?
static inline bool
has_module(const core_state *state, const shape *self)
{
    return state->modules_watcher >= 0 && self->epoch == twin_epoch(state->interp);
}

static void
note_module(core_state *state, shape *self, PyObject *module)
{
    twin_watch(state);
    self->epoch = twin_epoch(state->interp);
    self->namespace = PyModule_GetDict(module);
}

// No code of anybody's runs: who has a module of another kind is taken at its word.
bool
shape_is_current(core_state *state, shape *self)
{
    if (self->path == Py_None) {
        return true;
    }
    if (UNLIKELY(!has_module(state, self))) {
        PyObject *modules = PyImport_GetModuleDict(); // borrowed
        PyObject *module = PyDict_GetItemWithError(modules, PyTuple_GET_ITEM(self->path, 0));
        if (module == NULL || !PyModule_Check(module)) {
            return module != NULL;
        }
        note_module(state, self, module);
    }
    PyObject *found = find_entry(self);
    for (Py_ssize_t i = 2; found != NULL && i < PyTuple_GET_SIZE(self->path); i++) {
        found = PyType_Check(found)
                    ? cpython_find_in_type((PyTypeObject *)found, PyTuple_GET_ITEM(self->path, i))
                    : NULL;
    }
    return found == (PyObject *)self->type;
}

static const void *
key_of(int32_t number)
{
    return (const void *)((intptr_t)number + 1);
}

// Of classes that crossed by value only the latest are kept alive.
static void
forget_oldest(core_state *state, int32_t number)
{
    int32_t *oldest =
        &state->made_classes[state->made_position++ % Py_ARRAY_LENGTH(state->made_classes)];
    PyObject *class = *oldest == 0 ? NULL : pointer_map_get(&state->shaped, key_of(*oldest - 1));
    if (class != NULL) {
        interp_note_shape(state->interp, *oldest - 1, false);
        pointer_map_remove(&state->shaped, key_of(*oldest - 1));
    }
    *oldest = number + 1;
    Py_XDECREF(class);
}

static int
note_class(core_state *state, const shape *found)
{
    if (found->number == NAME_NONE) {
        return 0;
    }
    PyObject *old = pointer_map_get(&state->shaped, key_of(found->number));
    if (old == (PyObject *)found->type) {
        interp_note_shape(state->interp, found->number, true);
        return 0;
    }
    if (!pointer_map_set(&state->shaped, key_of(found->number), Py_NewRef(found->type))) {
        Py_DECREF(found->type);
        PyErr_NoMemory();
        return -1;
    }
    interp_note_shape(state->interp, found->number, true);
    if (old == NULL && found->path == Py_None) {
        forget_oldest(state, found->number);
    }
    Py_XDECREF(old);
    return 0;
}

static shape *
shape_of_class(core_state *state, PyObject *class, PyObject *known_as)
{
    value_rule rule;
    if (shape_rule_of(state, (PyTypeObject *)class, &rule) < 0 || rule.shape == NULL) {
        return NULL;
    }
    int is_it = PyUnicode_Compare(rule.shape->known_as, known_as) == 0;
    return !is_it || note_class(state, rule.shape) < 0 ? NULL : shape_ref(rule.shape);
}

shape *
shape_find(core_state *state, PyObject *known_as, PyObject *definition)
{
    PyObject *class = state_call_hook(state, HOOK_FIND_CLASS, known_as, definition);
    if (class == NULL && PyErr_ExceptionMatches(PyExc_Exception)) {
        PyErr_Clear(); // what it is made of does not work here
        return NULL;
    }
    shape *found =
        class == NULL || class == Py_None ? NULL : shape_of_class(state, class, known_as);
    Py_XDECREF(class);
    return found;
}

// The name leads to it no more: to another one, that may have the same shape.
static COLD shape *
find_again_steal(core_state *state, int32_t number, shape *old)
{
    size_t size;
    const char *text = names_text(number, &size);
    PyObject *known_as = PyUnicode_DecodeUTF8(text, (Py_ssize_t)size, NULL);
    shape *found = known_as == NULL ? NULL : shape_find(state, known_as, Py_None);
    Py_XDECREF(known_as);
    if (found == NULL && !PyErr_Occurred()) {
        interp_note_shape(state->interp, number, false); // those that come from now on are told
        return old;
    }
    if (old != NULL) {
        shape_unref(old);
    }
    return found;
}

shape *
shape_by_number(core_state *state, int32_t number)
{
    PyTypeObject *class = pointer_map_get(&state->shaped, key_of(number));
    value_rule rule = {.shape = class == NULL ? NULL : shape_known(state, class)};
    if (class != NULL && rule.shape == NULL && shape_rule_of(state, class, &rule) < 0) {
        return NULL;
    }
    bool is_it = rule.shape != NULL && rule.shape->number == number;
    shape *known = is_it ? shape_ref(rule.shape) : NULL;
    return LIKELY(is_it && shape_is_current(state, known)) ? known
                                                           : find_again_steal(state, number, known);
}

// ---- instances ----

void
shape_find_places(shape *self, PyObject *object, PyObject *const *values)
{
    cpython_find_places(object, values + self->slot_count, PyTuple_GET_SIZE(self->names),
                        &self->places);
}

Py_ssize_t
shape_field_count(PyTypeObject *type)
{
    PyObject *name = PyUnicode_InternFromString("n_fields");
    PyObject *count = name == NULL ? NULL : cpython_find_in_type(type, name);
    Py_XDECREF(name);
    return count == NULL ? -1 : PyLong_AsSsize_t(count);
}

PyObject *
shape_dict(PyObject *object)
{
    return Py_TYPE(object)->tp_dictoffset == 0 ? NULL : PyObject_GenericGetDict(object, NULL);
}

// ---- life ----

void
shape_forget_all(core_state *state)
{
    size_t position = 0;
    pointer_pair pair;
    forget_rules(state);
    pointer_map shaped = state->shaped;
    state->shaped = (pointer_map){0};
    while (pointer_map_next(&shaped, &position, &pair)) {
        Py_DECREF((PyObject *)pair.value);
    }
    pointer_map_free(&shaped);
}

int
shape_traverse_all(core_state *state, visitproc visit, void *arg)
{
    size_t position = 0;
    pointer_pair pair;
    while (pointer_map_next(&state->shapes, &position, &pair)) {
        Py_VISIT(((shape *)pair.value)->definition);
    }
    position = 0;
    while (pointer_map_next(&state->shaped, &position, &pair)) {
        Py_VISIT((PyObject *)pair.value);
    }
    return 0;
}
