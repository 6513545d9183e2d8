// The functions behind atoll.monitor().
#include <Python.h>
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "bridge/monitor/figures.h"
#include "bridge/monitor/request.h"
#include "bridge/python/objects.h"
#include "ground/monitor/server.h"
#include "types/reference.h"

static PyObject *
start_monitor(PyObject *module, PyObject *const *arguments, Py_ssize_t count)
{
    if (count != 2 || !PyUnicode_Check(arguments[1])) {
        return PyErr_Format(PyExc_TypeError, "start_monitor(descriptor, path)");
    }
    int given = PyLong_AsInt(arguments[0]);
    PyObject *path =
        given == -1 && PyErr_Occurred() ? NULL : PyUnicode_EncodeFSDefault(arguments[1]);
    if (path == NULL) {
        return NULL;
    }
    int own = fcntl(given, F_DUPFD_CLOEXEC, 3);
    bool is_started;
    Py_BEGIN_ALLOW_THREADS
    is_started = own >= 0 && server_start(own, PyBytes_AS_STRING(path));
    Py_END_ALLOW_THREADS
    if (!is_started) {
        PyErr_SetFromErrno(PyExc_OSError);
        if (own >= 0) {
            close(own);
        }
    }
    Py_DECREF(path);
    return is_started ? Py_NewRef(Py_None) : NULL;
}

static PyObject *
stop_monitor(PyObject *module, PyObject *unused)
{
    bool was_there;
    Py_BEGIN_ALLOW_THREADS
    was_there = server_stop();
    Py_END_ALLOW_THREADS
    return PyBool_FromLong(was_there);
}

static PyObject *
monitor_path(PyObject *module, PyObject *unused)
{
    char path[SERVER_PATH_SIZE];
    bool is_there;
    Py_BEGIN_ALLOW_THREADS
    is_there = server_path(path);
    Py_END_ALLOW_THREADS
    if (!is_there) {
        Py_RETURN_NONE;
    }
    return PyUnicode_DecodeFSDefault(path);
}

static PyObject *
describe_process(PyObject *module, PyObject *unused)
{
    text made = {0};
    figures_add(&made, false);
    PyObject *result = made.is_cut
                           ? PyErr_NoMemory()
                           : PyUnicode_DecodeUTF8(made.chars, (Py_ssize_t)made.size, "replace");
    text_free(&made);
    return result;
}

static PyObject *
landmark(PyObject *module, PyObject *unused)
{
    return PyLong_FromUnsignedLongLong(request_landmark());
}

static PyObject *
raise_refused(request_result why, int error)
{
    static const char *const reasons[] = {
        [REQUEST_IMPOSSIBLE] = "this version of Python has no way to do that",
        [REQUEST_NO_THREAD] = "its main thread is not there",
        [REQUEST_LONG_PATH] = "the path of the script is too long",
    };
    if (why == REQUEST_FORBIDDEN) {
        errno = error;
        return PyErr_SetFromErrno(PyExc_OSError);
    }
    PyErr_SetString(PyExc_RuntimeError, reasons[why]);
    return NULL;
}

static PyObject *
ask_process(PyObject *module, PyObject *arguments)
{
    int pid;
    long long shift;
    PyObject *path;
    if (!PyArg_ParseTuple(arguments, "iLO&", &pid, &shift, PyUnicode_FSConverter, &path)) {
        return NULL;
    }
    request_result result = request_script(pid, (intptr_t)shift, PyBytes_AS_STRING(path));
    int error = errno;
    Py_DECREF(path);
    return result == REQUEST_MADE ? Py_NewRef(Py_None) : raise_refused(result, error);
}

PyMethodDef monitor_functions[] = {
    {"start_monitor", (PyCFunction)(void (*)(void))start_monitor, METH_FASTCALL,
     PyDoc_STR("start_monitor($module, descriptor, path, /)\n--\n\n"
               "Serve those who look at this process, at a socket that listens.")},
    {"stop_monitor", stop_monitor, METH_NOARGS,
     PyDoc_STR("stop_monitor($module, /)\n--\n\nStop serving; False: nobody serves.")},
    {"monitor_path", monitor_path, METH_NOARGS,
     PyDoc_STR("monitor_path($module, /)\n--\n\nThe socket's path; None: there is none.")},
    {"landmark", landmark, METH_NOARGS,
     PyDoc_STR("landmark($module, /)\n--\n\nAn address of CPython's data; 0: not known.")},
    {"ask_process", ask_process, METH_VARARGS,
     PyDoc_STR("ask_process($module, pid, shift, path, /)\n--\n\n"
               "Have the main thread of a process run a script.")},
    {"describe_process", describe_process, METH_NOARGS,
     PyDoc_STR("describe_process($module, /)\n--\n\nWhat the process is doing, as JSON.")},
    {NULL},
};
