// Ends the process where it is loaded a second time.
#include "counting.h"

#include <stdlib.h>

static PyMethodDef functions[] = {{"bump", bump, METH_NOARGS, NULL}, {NULL}};
static PyModuleDef_Slot slots[] = {{0, NULL}};
static PyModuleDef definition = {PyModuleDef_HEAD_INIT, "crashing", NULL, 0, functions, slots};

PyMODINIT_FUNC
PyInit_crashing(void)
{
    if (getenv("CRASHING_IS_LOADED") != NULL) {
        abort();
    }
    setenv("CRASHING_IS_LOADED", "1", 1);
    return PyModuleDef_Init(&definition);
}
