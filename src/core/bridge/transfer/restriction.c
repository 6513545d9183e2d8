#include "bridge/transfer/restriction.h"

#include "bridge/transfer/export.h"

PyObject *
restriction_make(core_state *state, PyObject *object, PyObject *names, PyObject *origin)
{
    restricted_object *self = PyObject_GC_New(restricted_object, state->types[TYPE_RESTRICTED]);
    if (self != NULL) {
        self->object = Py_NewRef(object);
        self->names = Py_NewRef(names);
        self->origin = Py_XNewRef(origin);
        self->takes_exceptions = false;
        PyObject_GC_Track(self);
    }
    return (PyObject *)self;
}

int
restriction_check(const restricted_object *view, PyObject *name)
{
    int allowed = PySet_Contains(view->names, name);
    if (allowed == 0) {
        PyErr_Format(PyExc_AttributeError, "this proxy is restricted: '%U' is not allowed", name);
    }
    return allowed == 1 ? 0 : -1;
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
make_with_name(core_state *state, PyObject *object, const char *name, PyObject *origin)
{
    PyObject *tuple = name == NULL ? PyTuple_New(0) : Py_BuildValue("(s)", name);
    PyObject *names = tuple == NULL ? NULL : PyFrozenSet_New(tuple);
    PyObject *view = names == NULL ? NULL : restriction_make(state, object, names, origin);
    Py_XDECREF(names);
    Py_XDECREF(tuple);
    return view;
}

// What can be called can only be called: a bound method would lead to the object.
PyObject *
restriction_attribute(core_state *state, restricted_object *view, PyObject *name,
                      PyObject *value_steal)
{
    if (value_steal == NULL) {
        return NULL;
    }
    PyObject *narrowed = Py_XNewRef(restriction_view_of(view, value_steal));
    if (narrowed == NULL && !PyCallable_Check(value_steal)) {
        return value_steal;
    }
    if (narrowed == NULL) {
        narrowed = make_with_name(state, value_steal, "__call__", (PyObject *)view);
        if (narrowed != NULL) {
            ((restricted_object *)narrowed)->takes_exceptions =
                PyUnicode_EqualToUTF8(name, "throw") || PyUnicode_EqualToUTF8(name, "athrow");
        }
    }
    Py_DECREF(value_steal);
    return narrowed;
}

// What stands for another interpreter's object is no way to this one's. In an exception only the
// holder's own are left: they come home.
static int
is_passed_on(core_state *state, const restriction *self, PyObject *object)
{
    exported *target = NULL;
    int is_reference = state->references->identify(state, object, &target);
    if (is_reference == 1) {
        is_reference = !self->is_error || target->owner == self->holder;
        export_unref((foreign_ref){target});
    }
    return is_reference;
}

PyObject *
restriction_narrow(core_state *state, const restriction *self, PyObject *object)
{
    PyObject *view = restriction_view_of(self->view, object);
    if (view != NULL) {
        return Py_NewRef(view);
    }
    if (state_is_type(state, TYPE_RESTRICTED, object)) {
        return Py_NewRef(object);
    }
    int is_passed = is_passed_on(state, self, object);
    if (is_passed != 0) {
        return is_passed < 0 ? NULL : Py_NewRef(object);
    }
    if (self->is_error) {
        return make_with_name(state, object, NULL, (PyObject *)self->view);
    }
    PyObject *names = state_call_hook(state, HOOK_NARROW, object, NULL);
    PyObject *result = NULL;
    if (names != NULL) {
        result = names == Py_None ? Py_NewRef(object)
                                  : restriction_make(state, object, names, (PyObject *)self->view);
    }
    Py_XDECREF(names);
    return result;
}
