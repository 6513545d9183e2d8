// Has an argument parser in a static variable, as functions have that Argument Clinic has made.
#include "counting.h"

// Of CPython's internal headers; packages use it all the same.
extern int _PyArg_ParseStackAndKeywords(PyObject *const *, Py_ssize_t, PyObject *,
                                        struct _PyArg_Parser *, ...);

static PyObject *
double_it(PyObject *module, PyObject *const *arguments, Py_ssize_t count, PyObject *names)
{
    static const char *const keywords[] = {"number", NULL};
    static _PyArg_Parser parser = {.format = "i:double_it", .keywords = keywords};
    int number;
    if (!_PyArg_ParseStackAndKeywords(arguments, count, names, &parser, &number)) {
        return NULL;
    }
    return PyLong_FromLong(2L * number);
}

static PyMethodDef functions[] = {
    {"double_it", (PyCFunction)(void *)double_it, METH_FASTCALL | METH_KEYWORDS, NULL}, {NULL}};
static PyModuleDef_Slot slots[] = {{0, NULL}};
static PyModuleDef definition = {PyModuleDef_HEAD_INIT, "parsing", NULL, 0, functions, slots};

PyMODINIT_FUNC
PyInit_parsing(void)
{
    return PyModuleDef_Init(&definition);
}
