#include "bridge/modules/module_create.h"

#include "bridge/python/cpython.h"

// Returns the check's state before, or FAILED with an exception.
enum { OFF = -1, FAILED = -2 };

static int
set_check(int override)
{
    PyObject *module = cpython_import_named("_imp");
    PyObject *before =
        module == NULL
            ? NULL
            : PyObject_CallMethod(module, "_override_multi_interp_extensions_check", "i", override);
    int result = before == NULL ? FAILED : PyLong_AsInt(before);
    Py_XDECREF(before);
    Py_XDECREF(module);
    return result;
}

// Returns `module`, or NULL with an exception.
static PyObject *
restore_check(int before, PyObject *module)
{
    PyObject *raised = PyErr_GetRaisedException();
    if (set_check(before) == FAILED) {
        Py_XDECREF(raised);
        Py_XDECREF(module);
        return NULL;
    }
    PyErr_SetRaisedException(raised);
    return module;
}

PyObject *
module_create_from_definition(PyModuleDef *definition, PyObject *spec, int api_version)
{
    int before = set_check(OFF);
    if (before == FAILED) {
        return NULL;
    }
    return restore_check(before, PyModule_FromDefAndSpec2(definition, spec, api_version));
}

#if PY_VERSION_HEX >= 0x030F0000
PyObject *
module_create_from_slots(const PySlot *slots, PyObject *spec)
{
    int before = set_check(OFF);
    return before == FAILED ? NULL : restore_check(before, PyModule_FromSlotsAndSpec(slots, spec));
}
#endif
