// A class statement whose base is a remote class: the class is made in the base's interpreter.
//
// `type` makes no subclass of a remote class, and does not ask a metaclass first. So the type of
// RemoteClass does: it is what a class statement calls. Remote metaclasses are called themselves.
#include "bridge/python/cpython.h"
#include "types/reference.h"

// The state of the first remote class among them; NULL: there is none.
static core_state *
state_of_remote(PyObject *bases)
{
    for (Py_ssize_t i = 0; PyTuple_Check(bases) && i < PyTuple_GET_SIZE(bases); i++) {
        PyObject *each = PyTuple_GET_ITEM(bases, i);
        if (is_remote_class(each) && reference_target(each) != NULL) {
            return remote_class_data((PyTypeObject *)each)->state;
        }
    }
    return NULL;
}

static PyObject *
call_hook(core_state *state, hook_id id, PyObject *arguments, PyObject *keywords)
{
    PyObject *hook = state_hook(state, id);
    return hook == NULL ? NULL : PyObject_Call(hook, arguments, keywords);
}

static PyObject *
statement_call(PyObject *class, PyObject *arguments, PyObject *keywords)
{
    core_state *state =
        PyTuple_GET_SIZE(arguments) == 3 ? state_of_remote(PyTuple_GET_ITEM(arguments, 1)) : NULL;
    return state == NULL ? PyType_Type.tp_call(class, arguments, keywords)
                         : call_hook(state, HOOK_MAKE_SUBCLASS, arguments, keywords);
}

// The namespace for the body.
PyObject *
remote_class_prepare(PyObject *class, PyObject *arguments, PyObject *keywords)
{
    core_state *state =
        PyTuple_GET_SIZE(arguments) == 2 ? state_of_remote(PyTuple_GET_ITEM(arguments, 1)) : NULL;
    return state == NULL ? PyDict_New()
                         : call_hook(state, HOOK_PREPARE_SUBCLASS, arguments, keywords);
}

// That of `type` does not visit a heap type: RemoteClass would keep its module for ever.
static int
statement_traverse(PyObject *class, visitproc visit, void *arg)
{
    Py_VISIT(Py_TYPE(class));
    return PyType_Type.tp_traverse(class, visit, arg);
}

static int
statement_clear(PyObject *class)
{
    return PyType_Type.tp_clear(class);
}

static PyType_Slot slots[] = {{Py_tp_call, statement_call},
                              {Py_tp_traverse, statement_traverse},
                              {Py_tp_clear, statement_clear},
                              {0, NULL}};

static PyType_Spec spec = {"atoll._core.RemoteClassType", 0, 0,
                           Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_BASETYPE |
                               Py_TPFLAGS_TYPE_SUBCLASS,
                           slots};

PyObject *
remote_class_add_statement_type(PyObject *module)
{
    PyObject *type = PyType_FromModuleAndSpec(module, &spec, (PyObject *)&PyType_Type);
    if (type != NULL && PyModule_AddObjectRef(module, "RemoteClassType", type) < 0) {
        Py_CLEAR(type);
    }
    if (type != NULL) {
        cpython_seal_type((PyTypeObject *)type);
    }
    return type;
}
