// A C++ module: a guest of the library beside it, with threads and thread-local variables.
#include "counting.h"
#include "farewell.h"

#include <cstdlib>
#include <exception>
#include <new>
#include <thread>

struct local_guest : guest {
    void
    farewell() override
    {
        tell('g');
    }
};

static local_guest someone; // trivial to destroy: it is there until its memory goes

struct visit {
    visit()
    {
        invite(&someone);
    }
    ~visit()
    {
        tell('v');
    }
};

static visit the_visit;

struct mark {
    long count = 0;
    ~mark()
    {
        tell('t');
    }
};

static thread_local mark the_mark;

static void
tell_later()
{
    tell('a');
}

__attribute__((destructor)) static void
end()
{
    tell('M');
}

static PyObject *
tell_end(PyObject *module, PyObject *descriptor)
{
    tell_into((int)PyLong_AsLong(descriptor));
    std::atexit(tell_later);
    Py_RETURN_NONE;
}

static PyObject *
touch(PyObject *module, PyObject *unused)
{
    return PyLong_FromLong(++the_mark.count);
}

static PyObject *
run_thread(PyObject *module, PyObject *unused)
{
    Py_BEGIN_ALLOW_THREADS
    std::thread thread([] { the_mark.count++; });
    thread.join();
    Py_END_ALLOW_THREADS
    Py_RETURN_NONE;
}

static PyObject *
visit_both(PyObject *module, PyObject *unused)
{
    long first = ++visits, second = visit_host();
    return Py_BuildValue("ll", first, second);
}

static PyObject *
handle_failures(PyObject *module, PyObject *unused)
{
    std::set_new_handler([] { throw std::bad_alloc(); });
    std::terminate_handler before = std::set_terminate([] { std::abort(); });
    return PyBool_FromLong(before != nullptr);
}

static PyMethodDef functions[] = {{"bump", bump, METH_NOARGS, NULL},
                                  {"tell_end", tell_end, METH_O, NULL},
                                  {"touch", touch, METH_NOARGS, NULL},
                                  {"run_thread", run_thread, METH_NOARGS, NULL},
                                  {"handle_failures", handle_failures, METH_NOARGS, NULL},
                                  {"visit_both", visit_both, METH_NOARGS, NULL},
                                  {NULL}};
static PyModuleDef definition = {PyModuleDef_HEAD_INIT, "visiting", NULL, 0, functions};

PyMODINIT_FUNC
PyInit_visiting(void)
{
    return PyModuleDef_Init(&definition);
}
