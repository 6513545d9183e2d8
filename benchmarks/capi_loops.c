// Loops of bench_capi.py: what C code pays for a call, and for entering and leaving.
#include <atoll.h>
#include <time.h>

static double
now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

// call(proxy, count) -> nanoseconds of one proxy.add(1)
static PyObject *
call(PyObject *module, PyObject *arguments)
{
    PyObject *proxy;
    long count;
    Atoll_Ref target;
    if (!PyArg_ParseTuple(arguments, "Ol", &proxy, &count) ||
        AtollHere_Export(proxy, &target) < 0) {
        return NULL;
    }
    Atoll_Interpreter *here = Atoll_Current();
    PyObject *name = PyUnicode_InternFromString("add"), *one = PyLong_FromLong(1);
    double start = now();
    for (long i = 0; i < count && !PyErr_Occurred(); i++) {
        Py_XDECREF(Atoll_Call(here, target, name, &one, 1, NULL));
    }
    double end = now();
    Py_DECREF(name);
    Py_DECREF(one);
    Atoll_ReleaseRef(target);
    return PyErr_Occurred() ? NULL : PyFloat_FromDouble((end - start) / (double)count);
}

// visit(interpreter, count) -> nanoseconds of one visit, and of its two swaps alone
static PyObject *
visit(PyObject *module, PyObject *arguments)
{
    PyObject *interpreter;
    long count;
    Atoll_Visit there;
    if (!PyArg_ParseTuple(arguments, "Ol", &interpreter, &count)) {
        return NULL;
    }
    Atoll_Interpreter *where = AtollHere_OfObject(interpreter);
    if (where == NULL || Atoll_Enter(where, &there) < 0) {
        Atoll_Release(where);
        return NULL;
    }
    PyThreadState *inside = PyThreadState_Get();
    Atoll_Leave(&there);
    PyThreadState *home = PyThreadState_Get();
    double start = now();
    for (long i = 0; i < count; i++) {
        Atoll_Enter(where, &there);
        Atoll_Leave(&there);
    }
    double middle = now();
    for (long i = 0; i < count; i++) {
        PyThreadState_Swap(inside);
        PyThreadState_Swap(home);
    }
    double end = now();
    Atoll_Release(where);
    return Py_BuildValue("dd", (middle - start) / (double)count, (end - middle) / (double)count);
}

static PyMethodDef functions[] = {
    {"call", call, METH_VARARGS, NULL},
    {"visit", visit, METH_VARARGS, NULL},
    {NULL, NULL, 0, NULL},
};

static int
load(PyObject *module)
{
    return Atoll_Import();
}

static PyModuleDef_Slot slots[] = {{Py_mod_exec, (void *)load}, {0, NULL}};

static PyModuleDef definition = {
    PyModuleDef_HEAD_INIT, "capi_loops", NULL, 0, functions, slots, NULL, NULL, NULL};

PyMODINIT_FUNC
PyInit_capi_loops(void)
{
    return PyModuleDef_Init(&definition);
}
