// Wants so much of the static block of thread-local variables that there is no room for many.
#include "counting.h"

static __thread char greedy[256] __attribute__((tls_model("initial-exec")));

static PyObject *
touch(PyObject *module, PyObject *unused)
{
    return PyLong_FromLong(++greedy[0]);
}

static PyMethodDef functions[] = {{"touch", touch, METH_NOARGS, NULL}, {NULL}};
static PyModuleDef_Slot slots[] = {{0, NULL}};
static PyModuleDef definition = {PyModuleDef_HEAD_INIT, "greedy", NULL, 0, functions, slots};

PyMODINIT_FUNC
PyInit_greedy(void)
{
    return PyModuleDef_Init(&definition);
}
