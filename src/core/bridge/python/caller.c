#include "bridge/python/caller.h"

#include <string.h>

static bool
looks_at_caller(PyObject *function)
{
    static const char *const NAMES[] = {
        "dir", "eval", "exec", "globals", "locals", "vars", "_getframe", "_getframemodulename",
    };
    if (!PyCFunction_CheckExact(function)) {
        return false;
    }
    const PyMethodDef *definition = ((PyCFunctionObject *)function)->m_ml;
    PyObject *module = PyCFunction_GET_SELF(function);
    if (module == NULL || !PyModule_CheckExact(module)) {
        return false;
    }
    for (size_t i = 0; i < Py_ARRAY_LENGTH(NAMES); i++) {
        if (strcmp(definition->ml_name, NAMES[i]) == 0) {
            return true;
        }
    }
    return false;
}

PyObject *
caller_provide(core_state *host, PyObject *function_steal)
{
    if (LIKELY(function_steal == NULL || !looks_at_caller(function_steal))) {
        return function_steal;
    }
    PyObject *provided = state_call_hook(host, HOOK_FROM_MAIN, function_steal, NULL);
    Py_DECREF(function_steal);
    return provided;
}
