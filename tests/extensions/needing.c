// Uses a library beside it, which in turn needs another, which needs the first.
#include "counting.h"

long library_bump(void);
long unique_bump(void);

static PyObject *
bump_library(PyObject *module, PyObject *unused)
{
    return Py_BuildValue("ll", library_bump(), unique_bump());
}

static PyMethodDef functions[] = {
    {"bump", bump, METH_NOARGS, NULL}, {"bump_library", bump_library, METH_NOARGS, NULL}, {NULL}};
static PyModuleDef_Slot slots[] = {{0, NULL}};
static PyModuleDef definition = {PyModuleDef_HEAD_INIT, "needing", NULL, 0, functions, slots};

PyMODINIT_FUNC
PyInit_needing(void)
{
    return PyModuleDef_Init(&definition);
}
