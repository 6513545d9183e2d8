#include "bridge/transfer/restriction.h"

#include "bridge/python/cpython.h"
#include "bridge/transfer/weak_table.h"

// ---- views ----

PyObject *
restriction_make(core_state *state, PyObject *object, PyObject *names, PyObject *origin,
                 view_kind kind)
{
    restricted_object *self = PyObject_GC_New(restricted_object, state->types[TYPE_RESTRICTED]);
    if (self != NULL) {
        self->object = Py_NewRef(object);
        self->names = Py_XNewRef(names);
        self->origin = Py_XNewRef(origin);
        self->module = Py_NewRef(state->module);
        self->kind = kind;
        self->takes_exceptions = false;
        PyObject_GC_Track(self);
    }
    return (PyObject *)self;
}

PyObject *
restriction_object(const restricted_object *view)
{
    if (view->object == NULL) {
        PyErr_SetString(PyExc_ReferenceError, "the restricted object is gone");
    }
    return view->object;
}

PyObject *
restriction_rule(const restricted_object *view, PyObject *name)
{
    if (view->names == NULL && view->kind == VIEW_GUEST) {
        return Py_None;
    }
    PyObject *rule = view->names == NULL ? NULL : PyDict_GetItemWithError(view->names, name);
    if (rule == NULL && !PyErr_Occurred()) {
        PyErr_Format(PyExc_AttributeError,
                     "this proxy is restricted: '%U' is not allowed [docs: how-to/restrict]", name);
    }
    return rule;
}

PyObject *
restriction_view_of(restricted_object *view, PyObject *object)
{
    while (view != NULL && view->object != object) {
        view = (restricted_object *)view->origin;
    }
    return (PyObject *)view;
}

static PyObject *
make_with_names(core_state *state, PyObject *object, const char *const *names, size_t count,
                PyObject *rule, PyObject *origin)
{
    PyObject *rules = PyDict_New();
    for (size_t i = 0; rules != NULL && i < count; i++) {
        if (PyDict_SetItemString(rules, names[i], rule) < 0) {
            Py_CLEAR(rules);
        }
    }
    PyObject *view =
        rules == NULL ? NULL : restriction_make(state, object, rules, origin, VIEW_DERIVED);
    Py_XDECREF(rules);
    return view;
}

// It goes as it is: narrowed already, or the reader's own.
static bool
is_for_reader(core_state *state, const interp *reader, PyObject *value)
{
    const exported *target = state->references->target(value);
    return state_is_type(state, TYPE_RESTRICTED, value) ||
           (target != NULL && target->owner == reader);
}

// What can be called can only be called: a bound method would lead to the object.
PyObject *
restriction_attribute(core_state *state, restriction *self, PyObject *name, PyObject *value_steal)
{
    static const char *const call[] = {"__call__"};
    restricted_object *view = self->view;
    if (value_steal == NULL || view->names == NULL || !PyCallable_Check(value_steal) ||
        restriction_view_of(view, value_steal) != NULL ||
        is_for_reader(state, self->reader, value_steal)) {
        return value_steal;
    }
    PyObject *callable = make_with_names(state, value_steal, call, 1, self->rule, (PyObject *)view);
    if (callable != NULL) {
        ((restricted_object *)callable)->takes_exceptions =
            PyUnicode_EqualToUTF8(name, "throw") || PyUnicode_EqualToUTF8(name, "athrow");
        self->rule = Py_None; // it is for what comes of a call
    }
    Py_DECREF(value_steal);
    return callable;
}

// ---- one for each object ----

// The holder's own views stay as narrow as they are.
static PyObject *
make_guest(core_state *state, PyObject *object)
{
    if (!state_is_type(state, TYPE_RESTRICTED, object)) {
        return restriction_make(state, object, NULL, NULL, VIEW_GUEST);
    }
    restricted_object *own = (restricted_object *)object;
    PyObject *inner = restriction_object(own);
    PyObject *names = own->names == NULL ? PyDict_New() : Py_NewRef(own->names);
    PyObject *guest = inner == NULL || names == NULL
                          ? NULL
                          : restriction_make(state, inner, names, object, VIEW_GUEST);
    Py_XDECREF(names);
    return guest;
}

static PyObject *
make_token(core_state *state, PyObject *object)
{
    PyObject *names = PyDict_New();
    PyObject *token =
        names == NULL ? NULL : restriction_make(state, object, names, NULL, VIEW_TOKEN);
    Py_XDECREF(names);
    return token;
}

static PyObject *
one_for_each(core_state *state, pointer_map *known, PyObject *object,
             PyObject *(*make)(core_state *, PyObject *))
{
    PyObject *view = weak_table_get(known, object);
    if (view != NULL) {
        return view;
    }
    view = make(state, object);
    if (view != NULL && !pointer_map_set(known, object, view)) {
        Py_DECREF(view);
        return PyErr_NoMemory();
    }
    return view;
}

void
restriction_forget(restricted_object *view)
{
    core_state *state = PyModule_GetState(view->module);
    pointer_map *known = view->kind == VIEW_TOKEN   ? &state->tokens
                         : view->kind == VIEW_GUEST ? &state->guests
                                                    : NULL;
    PyObject *key = view->origin != NULL ? view->origin : view->object;
    if (known != NULL && key != NULL && pointer_map_get(known, key) == (void *)view) {
        pointer_map_remove(known, key);
    }
}

// ---- what passes ----

restriction
restriction_of_arguments(const exported *target)
{
    return (restriction){
        .rule = Py_None, .reader = target->owner, .gives_guests = !(target->flags & EXPORT_GUEST)};
}

restriction
restriction_of_answer(const exported *target, const interp *reader)
{
    bool is_view = target->flags & EXPORT_RESTRICTED;
    restricted_object *view = is_view ? (restricted_object *)target->object : NULL;
    return (restriction){.view = view,
                         .rule = Py_None,
                         .reader = reader,
                         .gives_guests =
                             view != NULL && view->kind == VIEW_GUEST && view->names == NULL};
}

static bool
is_iterator(const PyTypeObject *type)
{
    const PyAsyncMethods *async = type->tp_as_async;
    return type->tp_iternext != NULL ||
           (async != NULL && (async->am_await != NULL || async->am_anext != NULL));
}

// Of C code: no class of the user's is static or has the flag, but for those of Proxies, whose
// names are what another interpreter says.
bool
restriction_only_advances(core_state *state, PyObject *object)
{
    static const char *const modules[] = {"itertools.", "_collections.", "atoll.dict_iterator"};
    const PyTypeObject *type = Py_TYPE(object);
    bool is_known = !(type->tp_flags & Py_TPFLAGS_HEAPTYPE) && strchr(type->tp_name, '.') == NULL;
    for (size_t i = 0; !is_known && i < Py_ARRAY_LENGTH(modules); i++) {
        is_known = (type->tp_flags & Py_TPFLAGS_IMMUTABLETYPE) &&
                   strncmp(type->tp_name, modules[i], strlen(modules[i])) == 0;
    }
    return is_known && is_iterator(type) && !state_is_reference(state, object);
}

static const char *const advancing[] = {
    "__iter__", "__next__", "__length_hint__", "__await__", "__aiter__", "__anext__",
    "send",     "throw",    "close",           "asend",     "athrow",    "aclose",
};

static PyObject *
narrow_own(core_state *state, const restriction *self, PyObject *object)
{
    PyObject *origin = (PyObject *)self->view;
    if (restriction_only_advances(state, object)) {
        return make_with_names(state, object, advancing, Py_ARRAY_LENGTH(advancing), self->rule,
                               origin);
    }
    if (PyDict_CheckExact(self->rule)) {
        return restriction_make(state, object, self->rule, origin, VIEW_DERIVED);
    }
    return one_for_each(state, &state->tokens, object, make_token);
}

PyObject *
restriction_narrow(core_state *state, const restriction *self, PyObject *object)
{
    if (self->gives_guests) {
        return one_for_each(state, &state->guests, object, make_guest);
    }
    PyObject *view = restriction_view_of(self->view, object);
    if (view != NULL) {
        return Py_NewRef(view);
    }
    bool is_view = state_is_type(state, TYPE_RESTRICTED, object) &&
                   ((restricted_object *)object)->kind != VIEW_GUEST;
    return is_view ? Py_NewRef(object) : narrow_own(state, self, object);
}

PyObject *
restriction_come_home(restricted_object *view_steal)
{
    if (view_steal->kind == VIEW_MADE) {
        return (PyObject *)view_steal;
    }
    bool is_of_view = view_steal->kind == VIEW_GUEST && view_steal->origin != NULL;
    PyObject *object = is_of_view ? view_steal->origin : restriction_object(view_steal);
    Py_XINCREF(object);
    Py_DECREF(view_steal);
    return object;
}
