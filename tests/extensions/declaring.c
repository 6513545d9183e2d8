// Declares that it supports interpreters with a GIL of their own.
#include "counting.h"

static PyMethodDef functions[] = {{"bump", bump, METH_NOARGS, NULL}, {NULL}};
static PyModuleDef_Slot slots[] = {
    {Py_mod_multiple_interpreters, Py_MOD_PER_INTERPRETER_GIL_SUPPORTED}, {0, NULL}};
static PyModuleDef definition = {PyModuleDef_HEAD_INIT, "declaring", NULL, 0, functions, slots};

PyMODINIT_FUNC
PyInit_declaring(void)
{
    return PyModuleDef_Init(&definition);
}
