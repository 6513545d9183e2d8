// What all the modules of these tests have: a number in a static variable.
#include <Python.h>

static long counter;

static PyObject *
bump(PyObject *module, PyObject *unused)
{
    return PyLong_FromLong(++counter);
}
