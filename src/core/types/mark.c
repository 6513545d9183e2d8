// Objects that say how another object is to cross: ref(), copy(), restrict().
#include "bridge/transfer/restriction.h"
#include "types/reference.h"

// ---- ref() and copy() ----

static PyObject *
mark_new(PyObject *module, PyObject *const *arguments, Py_ssize_t count)
{
    core_state *state = PyModule_GetState(module);
    if (count != 2 && count != 3) {
        PyErr_SetString(PyExc_TypeError, "mark(object, by_value[, is_writable])");
        return NULL;
    }
    mark_object *self = PyObject_GC_New(mark_object, state->types[TYPE_MARK]);
    if (self != NULL) {
        self->object = Py_NewRef(arguments[0]);
        self->by_value = arguments[1] == Py_True;
        self->is_writable = count == 3 && arguments[2] == Py_True;
        PyObject_GC_Track(self);
    }
    return (PyObject *)self;
}

static int
mark_traverse(PyObject *self, visitproc visit, void *arg)
{
    Py_VISIT(Py_TYPE(self));
    Py_VISIT(((mark_object *)self)->object);
    return 0;
}

static int
mark_clear(PyObject *self)
{
    Py_CLEAR(((mark_object *)self)->object);
    return 0;
}

static void
mark_dealloc(PyObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    (void)mark_clear(self);
    PyObject_GC_Del(self);
    Py_DECREF(type);
}

static PyObject *
mark_repr(PyObject *op)
{
    mark_object *self = (mark_object *)op;
    return PyUnicode_FromFormat("atoll.%s(%R%s)", self->by_value ? "copy" : "ref", self->object,
                                self->is_writable ? ", writable=True" : "");
}

static PyType_Slot mark_slots[] = {
    {Py_tp_doc, "An object, and how it is to cross: what atoll.ref() and atoll.copy() return."},
    {Py_tp_dealloc, mark_dealloc},
    {Py_tp_traverse, mark_traverse},
    {Py_tp_clear, mark_clear},
    {Py_tp_repr, mark_repr},
    {0, NULL},
};

static PyType_Spec mark_spec = {"atoll._core.Mark", sizeof(mark_object), 0,
                                Py_TPFLAGS_DEFAULT | Py_TPFLAGS_IMMUTABLETYPE | Py_TPFLAGS_HAVE_GC |
                                    Py_TPFLAGS_DISALLOW_INSTANTIATION,
                                mark_slots};

// ---- restrict() ----

static PyObject *
restricted_new(PyObject *module, PyObject *const *arguments, Py_ssize_t count)
{
    core_state *state = PyModule_GetState(module);
    if (count != 2 || !PyDict_CheckExact(arguments[1])) {
        PyErr_SetString(PyExc_TypeError, "restrict(object, dict of names and their rules)");
        return NULL;
    }
    return restriction_make(state, arguments[0], arguments[1], NULL, VIEW_MADE);
}

static int
restricted_traverse(PyObject *op, visitproc visit, void *arg)
{
    restricted_object *self = (restricted_object *)op;
    Py_VISIT(Py_TYPE(op));
    Py_VISIT(self->object);
    Py_VISIT(self->names);
    Py_VISIT(self->origin);
    Py_VISIT(self->module);
    return 0;
}

static int
restricted_clear(PyObject *op)
{
    restricted_object *self = (restricted_object *)op;
    restriction_forget(self);
    Py_CLEAR(self->object);
    Py_CLEAR(self->names);
    Py_CLEAR(self->origin);
    return 0;
}

static void
restricted_dealloc(PyObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    (void)restricted_clear(self);
    Py_DECREF(((restricted_object *)self)->module);
    PyObject_GC_Del(self);
    Py_DECREF(type);
}

// The rules hold at home too, where a holder can have the view formatted or compared: a callable
// attribute can only be called, and a result that is the object itself becomes its view.
static PyObject *
restricted_getattro(PyObject *op, PyObject *name)
{
    restricted_object *self = (restricted_object *)op;
    // An exact str: one of a subclass could compare equal to an allowed name.
    PyObject *asked = state_check_name(name) < 0 ? NULL : PyUnicode_FromObject(name);
    PyObject *rule = asked == NULL ? NULL : restriction_rule(self, asked);
    PyObject *object = rule == NULL ? NULL : restriction_object(self);
    PyObject *value = object == NULL ? NULL : PyObject_GetAttr(object, asked);
    PyObject *view = value == NULL ? NULL : restriction_view_of(self, value);
    if (view != NULL) {
        Py_SETREF(value, Py_NewRef(view));
    }
    restriction used = {.view = self, .rule = rule};
    value = restriction_attribute(PyModule_GetState(self->module), &used, asked, value);
    Py_XDECREF(asked);
    return value;
}

static int
restricted_setattro(PyObject *op, PyObject *name, PyObject *value)
{
    PyErr_SetString(PyExc_AttributeError, "this object is restricted: it cannot be changed "
                                          "[docs: how-to/restrict]");
    return -1;
}

static PyObject *
restricted_call(PyObject *op, PyObject *arguments, PyObject *keywords)
{
    restricted_object *self = (restricted_object *)op;
    PyObject *name = PyUnicode_InternFromString("__call__");
    PyObject *rule = name == NULL ? NULL : restriction_rule(self, name);
    Py_XDECREF(name);
    PyObject *object = rule == NULL ? NULL : restriction_object(self);
    PyObject *result = object == NULL ? NULL : PyObject_Call(object, arguments, keywords);
    PyObject *view = result == NULL ? NULL : restriction_view_of(self, result);
    if (view != NULL) {
        Py_SETREF(result, Py_NewRef(view));
    }
    return result;
}

static PyObject *
restricted_repr(PyObject *op)
{
    return PyUnicode_FromFormat("<restricted object at %p>", op);
}

static PyType_Slot restricted_slots[] = {
    {Py_tp_doc,
     "An object of which only some names can be reached: what atoll.restrict() returns."},
    {Py_tp_dealloc, restricted_dealloc},
    {Py_tp_traverse, restricted_traverse},
    {Py_tp_clear, restricted_clear},
    {Py_tp_getattro, restricted_getattro},
    {Py_tp_setattro, restricted_setattro},
    {Py_tp_call, restricted_call},
    {Py_tp_repr, restricted_repr},
    {0, NULL},
};

static PyType_Spec restricted_spec = {"atoll._core.Restricted", sizeof(restricted_object), 0,
                                      Py_TPFLAGS_DEFAULT | Py_TPFLAGS_IMMUTABLETYPE |
                                          Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_DISALLOW_INSTANTIATION,
                                      restricted_slots};

static PyObject *
whole(PyObject *module, PyObject *object)
{
    bool is_view = state_is_type(PyModule_GetState(module), TYPE_RESTRICTED, object);
    return Py_NewRef(is_view ? ((restricted_object *)object)->object : object);
}

static PyObject *
allowed(PyObject *module, PyObject *object)
{
    if (!state_is_type(PyModule_GetState(module), TYPE_RESTRICTED, object)) {
        Py_RETURN_NONE;
    }
    PyObject *names = ((restricted_object *)object)->names;
    return names == NULL ? PyDict_New() : PyDict_Copy(names);
}

static PyObject *
make_internal(PyObject *module, PyObject *object)
{
    export_make_internal(PyModule_GetState(module), object);
    Py_RETURN_NONE;
}

PyMethodDef mark_functions[] = {
    {"mark", (PyCFunction)(void (*)(void))mark_new, METH_FASTCALL,
     PyDoc_STR("mark($module, object, by_value, is_writable=False, /)\n--\n\nSay how an object is "
               "to cross.")},
    {"restrict", (PyCFunction)(void (*)(void))restricted_new, METH_FASTCALL,
     PyDoc_STR("restrict($module, object, rules, /)\n--\n\nNarrow an object to some names.")},
    {"whole", whole, METH_O,
     PyDoc_STR("whole($module, object, /)\n--\n\n"
               "Return the object inside a restricted one, or the object itself.")},
    {"allowed", allowed, METH_O,
     PyDoc_STR(
         "allowed($module, object, /)\n--\n\n"
         "Return the names of a restricted object and their rules; None: it is not restricted.")},
    {"make_internal", make_internal, METH_O,
     PyDoc_STR("make_internal($module, object, /)\n--\n\n"
               "Leave an exported object of atoll's own out of the counts.")},
    {NULL},
};

int
mark_add_types(PyObject *module, core_state *state)
{
    state->types[TYPE_MARK] = (PyTypeObject *)PyType_FromModuleAndSpec(module, &mark_spec, NULL);
    state->types[TYPE_RESTRICTED] =
        (PyTypeObject *)PyType_FromModuleAndSpec(module, &restricted_spec, NULL);
    return state->types[TYPE_MARK] == NULL || state->types[TYPE_RESTRICTED] == NULL ? -1 : 0;
}
