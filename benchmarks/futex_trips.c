// The floor of bench_queue.py: two threads that wake each other, and nothing else.
#include <Python.h>
#include <linux/futex.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

typedef struct {
    atomic_uint asked, answered;
    unsigned count;
} trips;

static void
wake(atomic_uint *word, unsigned value)
{
    atomic_store(word, value);
    syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

static void
wait_for(atomic_uint *word, unsigned value)
{
    while (atomic_load(word) != value) {
        syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, value - 1, NULL, NULL, 0);
    }
}

static void *
answer(void *argument)
{
    trips *self = argument;
    for (unsigned i = 1; i <= self->count; i++) {
        wait_for(&self->asked, i);
        wake(&self->answered, i);
    }
    return NULL;
}

static double
now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

// run(count) -> nanoseconds of one round trip
static PyObject *
run(PyObject *module, PyObject *argument)
{
    trips self = {.count = (unsigned)PyLong_AsUnsignedLong(argument)};
    pthread_t other;
    double start = 0, end = 0;
    int failed;
    if (PyErr_Occurred()) {
        return NULL;
    }
    Py_BEGIN_ALLOW_THREADS
    failed = pthread_create(&other, NULL, answer, &self);
    if (!failed) {
        start = now();
        for (unsigned i = 1; i <= self.count; i++) {
            wake(&self.asked, i);
            wait_for(&self.answered, i);
        }
        end = now();
        pthread_join(other, NULL);
    }
    Py_END_ALLOW_THREADS
    if (failed) {
        return PyErr_Format(PyExc_RuntimeError, "no thread could be started");
    }
    return PyFloat_FromDouble((end - start) / self.count);
}

static PyMethodDef functions[] = {{"run", run, METH_O, NULL}, {NULL}};

static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, "futex_trips", NULL, 0, functions};

PyMODINIT_FUNC
PyInit_futex_trips(void)
{
    return PyModule_Create(&definition);
}
