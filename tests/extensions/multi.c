// Initialised in phases, and says nothing about interpreters; with threads of its own.
#include "counting.h"

#include <pthread.h>
#include <signal.h>
#include <unistd.h>

static void *
call(void *callable)
{
    PyGILState_STATE state = PyGILState_Ensure();
    PyObject *result = PyObject_CallNoArgs(callable);
    if (result == NULL) {
        PyErr_Print();
    }
    Py_XDECREF(result);
    PyGILState_Release(state);
    return NULL;
}

// Call it in a thread that Python knows nothing of, and wait for that.
static PyObject *
call_in_thread(PyObject *module, PyObject *callable)
{
    pthread_t thread;
    if (pthread_create(&thread, NULL, call, callable) != 0) {
        return PyErr_NoMemory();
    }
    Py_BEGIN_ALLOW_THREADS
    pthread_join(thread, NULL);
    Py_END_ALLOW_THREADS
    Py_RETURN_NONE;
}

// The GIL is let go and taken again by the call-back of a library.
static PyObject *
call_back(PyObject *module, PyObject *callable)
{
    Py_BEGIN_ALLOW_THREADS
    call(callable);
    Py_END_ALLOW_THREADS
    Py_RETURN_NONE;
}

// A stay that ends in another call: as of a greenlet that is left inside a call-back.
static PyThreadState *suspended;
static PyGILState_STATE stay;

static PyObject *
begin_stay(PyObject *module, PyObject *unused)
{
    suspended = PyEval_SaveThread();
    stay = PyGILState_Ensure();
    Py_RETURN_NONE;
}

static PyObject *
end_stay(PyObject *module, PyObject *unused)
{
    PyGILState_Release(stay);
    PyEval_RestoreThread(suspended);
    Py_RETURN_NONE;
}

#if PY_VERSION_HEX >= 0x030F0000
#    define NO_FRAME(state) ((state)->base_frame)
#else
#    define NO_FRAME(state) NULL
#endif

// Call it as a new greenlet is begun: with none of the running frames below.
static PyObject *
call_apart(PyObject *module, PyObject *callable)
{
    PyThreadState *state = PyThreadState_Get();
    void *frame = state->current_frame;
    state->current_frame = NO_FRAME(state);
    PyObject *result = PyObject_CallNoArgs(callable);
    state->current_frame = frame;
    return result;
}

// A long computation that is polite. First it raises a signal, or calls somebody.
static PyObject *
ask_until_stopped(PyObject *module, PyObject *first)
{
    PyObject *done = NULL;
    if (PyLong_Check(first)) {
        raise((int)PyLong_AsLong(first));
    }
    else if ((done = PyObject_CallNoArgs(first)) == NULL) {
        return NULL;
    }
    Py_XDECREF(done);
    while (PyErr_CheckSignals() == 0) {
        Py_BEGIN_ALLOW_THREADS
        usleep(100);
        Py_END_ALLOW_THREADS
    }
    return NULL;
}

static int
run(void *callable)
{
    PyObject *result = PyObject_CallNoArgs(callable);
    Py_DECREF(callable);
    Py_XDECREF(result);
    return result == NULL ? -1 : 0;
}

static PyObject *
add_pending(PyObject *module, PyObject *callable)
{
    return PyLong_FromLong(Py_AddPendingCall(run, Py_NewRef(callable)));
}

static PyObject *
main_id(PyObject *module, PyObject *unused)
{
    return PyLong_FromLongLong(PyInterpreterState_GetID(PyInterpreterState_Main()));
}

static int exit_pipe = -1;

static void
tell_end(void)
{
    (void)!write(exit_pipe, "end", 3);
}

static PyObject *
tell_at_exit(PyObject *module, PyObject *descriptor)
{
    exit_pipe = (int)PyLong_AsLong(descriptor);
    return PyLong_FromLong(Py_AtExit(tell_end));
}

static void *
sleep_for_ever(void *unused)
{
    for (;;) {
        pause();
    }
    return NULL;
}

static PyObject *
start_endless_thread(PyObject *module, PyObject *unused)
{
    pthread_t thread;
    if (pthread_create(&thread, NULL, sleep_for_ever, NULL) != 0) {
        return PyErr_NoMemory();
    }
    Py_RETURN_NONE;
}

static void *
wait_for_end(void *descriptor)
{
    char byte;
    (void)!read((int)(intptr_t)descriptor, &byte, 1);
    return NULL;
}

// A thread that ends when the other end of a pipe is closed.
static PyObject *
start_waiting_thread(PyObject *module, PyObject *descriptor)
{
    pthread_t thread;
    void *argument = (void *)(intptr_t)PyLong_AsLong(descriptor);
    if (pthread_create(&thread, NULL, wait_for_end, argument) != 0) {
        return PyErr_NoMemory();
    }
    pthread_detach(thread);
    Py_RETURN_NONE;
}

static void
ignore(void *value)
{
    (void)value;
}

// A destructor that every thread that ends would call, here.
static PyObject *
make_key(PyObject *module, PyObject *unused)
{
    pthread_key_t key;
    if (pthread_key_create(&key, ignore) != 0) {
        return PyErr_NoMemory();
    }
    pthread_setspecific(key, &exit_pipe);
    Py_RETURN_NONE;
}

static PyMethodDef functions[] = {
    {"bump", bump, METH_NOARGS, NULL},
    {"call_in_thread", call_in_thread, METH_O, NULL},
    {"call_back", call_back, METH_O, NULL},
    {"call_apart", call_apart, METH_O, NULL},
    {"begin_stay", begin_stay, METH_NOARGS, NULL},
    {"end_stay", end_stay, METH_NOARGS, NULL},
    {"ask_until_stopped", ask_until_stopped, METH_O, NULL},
    {"add_pending", add_pending, METH_O, NULL},
    {"main_id", main_id, METH_NOARGS, NULL},
    {"tell_at_exit", tell_at_exit, METH_O, NULL},
    {"start_endless_thread", start_endless_thread, METH_NOARGS, NULL},
    {"start_waiting_thread", start_waiting_thread, METH_O, NULL},
    {"make_key", make_key, METH_NOARGS, NULL},
    {NULL},
};
static PyModuleDef_Slot slots[] = {{0, NULL}};
static PyModuleDef definition = {PyModuleDef_HEAD_INIT, "multi", NULL, 0, functions, slots};

PyMODINIT_FUNC
PyInit_multi(void)
{
    return PyModuleDef_Init(&definition);
}
