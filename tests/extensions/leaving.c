// Leaves with the process what calls it later: threads, keys, handlers, a timer, hooks.
#include "counting.h"

#include <dlfcn.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <threads.h>
#include <time.h>
#include <unistd.h>

static int
wait_for_end(void *descriptor)
{
    char byte;
    return (int)read((int)(intptr_t)descriptor, &byte, 1);
}

// A thread of C11 that ends when the other end of a pipe is closed.
static PyObject *
start_waiting_thread(PyObject *module, PyObject *descriptor)
{
    thrd_t thread;
    if (thrd_create(&thread, wait_for_end, (void *)(intptr_t)PyLong_AsLong(descriptor)) !=
        thrd_success) {
        return PyErr_NoMemory();
    }
    thrd_detach(thread);
    Py_RETURN_NONE;
}

// Keys that it does not delete, besides one that it does.
static PyObject *
make_keys(PyObject *module, PyObject *unused)
{
    Py_tss_t key = Py_tss_NEEDS_INIT, deleted = Py_tss_NEEDS_INIT;
    tss_t other, other_deleted;
    if (PyThread_tss_create(&key) != 0 || PyThread_tss_create(&deleted) != 0 ||
        tss_create(&other, free) != thrd_success || tss_create(&other_deleted, NULL)) {
        return PyErr_NoMemory();
    }
    PyThread_tss_delete(&deleted);
    tss_delete(other_deleted);
    bool is_well = PyThread_tss_set(&key, &key) == 0 && PyThread_tss_get(&key) == &key &&
                   tss_set(other, malloc(1)) == thrd_success && tss_get(other) != NULL &&
                   PyThread_tss_is_created(&key) && !PyThread_tss_is_created(&deleted);
    return PyBool_FromLong(is_well);
}

static void
tell(int status, void *descriptor)
{
    (void)!write((int)(intptr_t)descriptor, "exit", 4);
}

static PyObject *
tell_at_exit(PyObject *module, PyObject *descriptor)
{
    return PyLong_FromLong(on_exit(tell, (void *)(intptr_t)PyLong_AsLong(descriptor)));
}

static void
ignore_signal(int number)
{
}

static PyObject *
handle_signal(PyObject *module, PyObject *number)
{
    struct sigaction action = {.sa_handler = ignore_signal};
    return PyLong_FromLong(sigaction((int)PyLong_AsLong(number), &action, NULL));
}

static void
ignore_tick(union sigval unused)
{
}

static PyObject *
start_timer(PyObject *module, PyObject *unused)
{
    struct sigevent event = {.sigev_notify = SIGEV_THREAD, .sigev_notify_function = ignore_tick};
    struct itimerspec soon = {{0, 0}, {0, 1000000}};
    timer_t timer;
    if (timer_create(CLOCK_MONOTONIC, &event, &timer) != 0) {
        return PyErr_SetFromErrno(PyExc_OSError);
    }
    return PyLong_FromLong(timer_settime(timer, 0, &soon, NULL));
}

static int
wait_for_input(void)
{
    return 0;
}

static PyObject *
hook_input(PyObject *module, PyObject *unused)
{
    PyOS_InputHook = wait_for_input;
    Py_RETURN_NONE;
}

static void
end_quickly(void)
{
}

static PyObject *
tell_at_quick_exit(PyObject *module, PyObject *unused)
{
    return PyLong_FromLong(at_quick_exit(end_quickly));
}

static PyMemAllocatorEx allocator;

static void *
allocate(void *context, size_t size)
{
    return allocator.malloc(allocator.ctx, size);
}

// As profilers of memory do.
static PyObject *
watch_allocations(PyObject *module, PyObject *unused)
{
    PyMem_GetAllocator(PYMEM_DOMAIN_MEM, &allocator);
    PyMemAllocatorEx ours = allocator;
    ours.malloc = allocate;
    PyMem_SetAllocator(PYMEM_DOMAIN_MEM, &ours);
    Py_RETURN_NONE;
}

static PyMemAllocatorEx remembered[3];

// As profilers that have begun before anything else, and end when they like.
static PyObject *
remember_allocators(PyObject *module, PyObject *unused)
{
    for (int i = 0; i < 3; i++) {
        PyMem_GetAllocator((PyMemAllocatorDomain)i, &remembered[i]);
    }
    Py_RETURN_NONE;
}

static PyObject *
restore_allocators(PyObject *module, PyObject *unused)
{
    for (int i = 0; i < 3; i++) {
        PyMem_SetAllocator((PyMemAllocatorDomain)i, &remembered[i]);
    }
    Py_RETURN_NONE;
}

static PyObject *kept; // for ever

static PyObject *
keep(PyObject *module, PyObject *object)
{
    Py_XSETREF(kept, Py_NewRef(object));
    Py_RETURN_NONE;
}

static PyObject *
set_signal_stack(PyObject *module, PyObject *unused)
{
    static char place[1 << 16];
    stack_t stack = {.ss_sp = place, .ss_size = sizeof place};
    return PyLong_FromLong(sigaltstack(&stack, NULL));
}

static long heard;

static int
hear(const char *event, PyObject *arguments, void *unused)
{
    heard += strcmp(event, "spoken") == 0;
    return 0;
}

// Returns how often it has heard of an event.
static PyObject *
hook_audit(PyObject *module, PyObject *unused)
{
    static bool is_hooked;
    if (!is_hooked && PySys_AddAuditHook(hear, NULL) < 0) {
        return NULL;
    }
    is_hooked = true;
    return PyLong_FromLong(heard);
}

// By a function that it looks up by its name.
static PyObject *
main_id(PyObject *module, PyObject *unused)
{
    PyInterpreterState *(*get)(void) =
        (PyInterpreterState * (*)(void)) dlsym(RTLD_DEFAULT, "PyInterpreterState_Main");
    return PyLong_FromLongLong(PyInterpreterState_GetID(get()));
}

static PyMethodDef functions[] = {{"bump", bump, METH_NOARGS, NULL},
                                  {"start_waiting_thread", start_waiting_thread, METH_O, NULL},
                                  {"make_keys", make_keys, METH_NOARGS, NULL},
                                  {"tell_at_exit", tell_at_exit, METH_O, NULL},
                                  {"handle_signal", handle_signal, METH_O, NULL},
                                  {"start_timer", start_timer, METH_NOARGS, NULL},
                                  {"hook_input", hook_input, METH_NOARGS, NULL},
                                  {"hook_audit", hook_audit, METH_NOARGS, NULL},
                                  {"set_signal_stack", set_signal_stack, METH_NOARGS, NULL},
                                  {"tell_at_quick_exit", tell_at_quick_exit, METH_NOARGS, NULL},
                                  {"watch_allocations", watch_allocations, METH_NOARGS, NULL},
                                  {"main_id", main_id, METH_NOARGS, NULL},
                                  {"remember_allocators", remember_allocators, METH_NOARGS, NULL},
                                  {"restore_allocators", restore_allocators, METH_NOARGS, NULL},
                                  {"keep", keep, METH_O, NULL},
                                  {NULL}};
static PyModuleDef definition = {PyModuleDef_HEAD_INIT, "leaving", NULL, 0, functions};

PyMODINIT_FUNC
PyInit_leaving(void)
{
    return PyModuleDef_Init(&definition);
}
