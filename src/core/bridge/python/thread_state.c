#include "bridge/python/thread_state.h"

#include <pthread.h>

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

PyThreadState *
thread_state_new(PyInterpreterState *interpreter)
{
    pthread_mutex_lock(&mutex);
    PyThreadState *state = PyThreadState_New(interpreter);
    pthread_mutex_unlock(&mutex);
    return state;
}

void
thread_state_delete_current(void)
{
    pthread_mutex_lock(&mutex);
    PyThreadState_DeleteCurrent();
    pthread_mutex_unlock(&mutex);
}

void
thread_state_fork_child(void)
{
    pthread_mutex_init(&mutex, NULL);
}
