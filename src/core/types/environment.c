// The functions behind os.environ, os.putenv() and os.unsetenv(), which are alike in all
// interpreters.
#include <Python.h>
#include <errno.h>

#include "ground/base/environment.h"
#include "types/reference.h"

static PyObject *
raise_error(int error)
{
    errno = error;
    return PyErr_SetFromErrno(PyExc_OSError);
}

// ---- reading ----

static PyObject *
read_variable(bool (*read)(const char *name, char **value), PyObject *name)
{
    char *text, *value;
    Py_ssize_t size;
    if (PyBytes_AsStringAndSize(name, &text, &size) < 0) {
        return NULL;
    }
    if (strlen(text) != (size_t)size) { // no variable has such a name
        Py_RETURN_NONE;
    }
    if (!read(text, &value)) {
        return PyErr_NoMemory();
    }
    PyObject *result = value == NULL ? Py_NewRef(Py_None) : PyBytes_FromString(value);
    free(value);
    return result;
}

static PyObject *
get_variable(PyObject *module, PyObject *name)
{
    return read_variable(environment_get, name);
}

// Of entries with the same name the first counts, as for getenv().
static int
add_entry(PyObject *variables, const char *entry)
{
    const char *sign = strchr(entry, '=');
    if (sign == NULL || sign == entry) {
        return 0;
    }
    PyObject *name = PyBytes_FromStringAndSize(entry, sign - entry);
    PyObject *value = name == NULL ? NULL : PyBytes_FromString(sign + 1);
    int result = value == NULL ? -1 : PyDict_SetDefaultRef(variables, name, value, NULL);
    Py_XDECREF(name);
    Py_XDECREF(value);
    return result < 0 ? -1 : 0;
}

static PyObject *
variables(PyObject *module, PyObject *unused)
{
    char *entries;
    size_t size;
    if (!environment_all(&entries, &size)) {
        return PyErr_NoMemory();
    }
    PyObject *found = PyDict_New();
    const char *end = entries + size;
    for (const char *entry = entries; found != NULL && entry < end; entry += strlen(entry) + 1) {
        if (add_entry(found, entry) < 0) {
            Py_CLEAR(found);
        }
    }
    free(entries);
    return found;
}

// ---- changing ----

static PyObject *
put(PyObject *name, PyObject *value)
{
    const char *text = PyBytes_AS_STRING(name);
    if (strchr(text, '=') != NULL) {
        PyErr_SetString(PyExc_ValueError, "illegal environment variable name");
        return NULL;
    }
    if (PySys_Audit("os.putenv", "OO", name, value) < 0) {
        return NULL;
    }
    int error = environment_set(text, PyBytes_AS_STRING(value));
    return error == 0 ? Py_NewRef(Py_None) : raise_error(error);
}

static PyObject *
put_variable(PyObject *module, PyObject *const *arguments, Py_ssize_t count)
{
    PyObject *name = NULL, *value = NULL, *result = NULL;
    if (count != 2) {
        return PyErr_Format(PyExc_TypeError, "putenv expected 2 arguments, got %zd", count);
    }
    if (PyUnicode_FSConverter(arguments[0], &name) && PyUnicode_FSConverter(arguments[1], &value)) {
        result = put(name, value);
    }
    Py_XDECREF(name);
    Py_XDECREF(value);
    return result;
}

static PyObject *
pop_variable(PyObject *module, PyObject *name)
{
    return PySys_Audit("os.unsetenv", "O", name) < 0 ? NULL : read_variable(environment_pop, name);
}

static PyObject *
unset_variable(PyObject *module, PyObject *given)
{
    PyObject *name;
    if (!PyUnicode_FSConverter(given, &name)) {
        return NULL;
    }
    int result = PySys_Audit("os.unsetenv", "O", name);
    int error = result < 0 ? 0 : environment_unset(PyBytes_AS_STRING(name));
    Py_DECREF(name);
    return result < 0 ? NULL : error == 0 ? Py_NewRef(Py_None) : raise_error(error);
}

static PyObject *
clear_variables(PyObject *module, PyObject *unused)
{
    environment_clear();
    Py_RETURN_NONE;
}

PyMethodDef environment_functions[] = {
    {"get_variable", get_variable, METH_O,
     PyDoc_STR("get_variable($module, name, /)\n--\n\n"
               "Return the value of an environment variable; None: it is not set.")},
    {"variables", variables, METH_NOARGS,
     PyDoc_STR("variables($module, /)\n--\n\nReturn the environment as it is now.")},
    {"pop_variable", pop_variable, METH_O,
     PyDoc_STR("pop_variable($module, name, /)\n--\n\n"
               "Delete an environment variable, and return its value; None: it was not set.")},
    {"putenv", (PyCFunction)(void (*)(void))put_variable, METH_FASTCALL,
     PyDoc_STR("putenv($module, name, value, /)\n--\n\nChange or add an environment variable.")},
    {"unsetenv", unset_variable, METH_O,
     PyDoc_STR("unsetenv($module, name, /)\n--\n\nDelete an environment variable.")},
    {"clearenv", clear_variables, METH_NOARGS,
     PyDoc_STR("clearenv($module, /)\n--\n\nDelete all environment variables.")},
    {NULL},
};
