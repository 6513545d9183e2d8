// What os.fork() calls, in the main interpreter. No bytecode is run: a deadline, or a signal's
// handler, would break it off, and CPython swallows what is raised there. What comes during the
// fork, in functions of others that it calls, waits for its end.
#include "bridge/crossing/reaper.h"
#include "bridge/gc/collector.h"
#include "bridge/interpreter/standby.h"
#include "bridge/python/imports.h"
#include "ground/interpreter/thread.h"
#include "ground/monitor/server.h"
#include "types/reference.h"

// How many this thread has begun, and not ended. None, if these functions were registered
// meanwhile.
static __thread unsigned begun;

static PyObject *
begin_fork(PyObject *module, PyObject *unused)
{
    if (thread_mask() != NULL) {
        begun++;
        standby_begin_fork();
    }
    Py_BEGIN_ALLOW_THREADS
    standby_stop(false);
    collector_rest();
    reaper_rest();
    server_rest(); // CPython counts all threads of the process, and warns
    Py_END_ALLOW_THREADS
    Py_RETURN_NONE;
}

static bool
end(void)
{
    bool was_begun = begun > 0;
    if (was_begun) {
        begun--;
        thread_unmask(thread_self);
    }
    return was_begun;
}

static PyObject *
end_fork(PyObject *module, PyObject *unused)
{
    if (end()) {
        standby_end_fork();
    }
    collector_resume();
    server_resume();
    Py_RETURN_NONE;
}

static PyObject *
begin_child(PyObject *module, PyObject *unused)
{
    (void)end();
    capi_fork_child();
    if (imports_forget_others() < 0) {
        return NULL;
    }
    Py_RETURN_NONE;
}

PyMethodDef fork_functions[] = {
    {"begin_fork", begin_fork, METH_NOARGS,
     PyDoc_STR("begin_fork($module, /)\n--\n\nStop the threads that work in the background.")},
    {"end_fork", end_fork, METH_NOARGS,
     PyDoc_STR("end_fork($module, /)\n--\n\nIn the parent: go on with what is waited for.")},
    {"begin_child", begin_child, METH_NOARGS,
     PyDoc_STR("begin_child($module, /)\n--\n\n"
               "In the child: forget what other threads were importing.")},
    {NULL},
};
