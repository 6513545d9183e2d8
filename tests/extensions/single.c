// Initialised in a single phase: what CPython has made in the main interpreter.
#include "counting.h"

static PyMethodDef functions[] = {{"bump", bump, METH_NOARGS, NULL}, {NULL}};
static PyModuleDef definition = {PyModuleDef_HEAD_INIT, "single", NULL, -1, functions};

PyMODINIT_FUNC
PyInit_single(void)
{
    PyObject *module = PyModule_Create(&definition);
    PyInterpreterState *here = PyInterpreterState_Get();
    if (module == NULL ||
        PyModule_AddIntConstant(module, "made_in", PyInterpreterState_GetID(here)) < 0) {
        return NULL;
    }
    return module;
}
