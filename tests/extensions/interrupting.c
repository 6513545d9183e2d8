// Sends the process SIGINT while it is loaded, where INTERRUPT_AT says: once.
#include "counting.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

static void
interrupt_at(const char *place)
{
    const char *wanted = getenv("INTERRUPT_AT");
    if (wanted != NULL && strcmp(wanted, place) == 0) {
        unsetenv("INTERRUPT_AT");
        raise(SIGINT);
    }
}

__attribute__((constructor)) static void
construct(void)
{
    interrupt_at("constructor");
}

static int
execute(PyObject *module)
{
    interrupt_at("exec");
    return 0;
}

static PyMethodDef functions[] = {{"bump", bump, METH_NOARGS, NULL}, {NULL}};
static PyModuleDef_Slot slots[] = {{Py_mod_exec, execute}, {0, NULL}};
static PyModuleDef definition = {PyModuleDef_HEAD_INIT, "interrupting", NULL, 0, functions, slots};

PyMODINIT_FUNC
PyInit_interrupting(void)
{
    interrupt_at("init");
    return PyModuleDef_Init(&definition);
}
