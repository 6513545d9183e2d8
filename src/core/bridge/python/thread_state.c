#include "bridge/python/thread_state.h"

#include <pthread.h>
#include <stddef.h>

#include "ground/system/peek.h"

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

int
thread_state_count_own(interp *here)
{
    int count = -interp_count_owned(here);
    PyThreadState *each = PyInterpreterState_ThreadHead(here->python_state);
    for (; each != NULL; each = PyThreadState_Next(each)) {
        count++;
    }
    return count;
}

int
thread_state_peek_own(interp *main, const void *newest)
{
    enum { MOST = 100 };
    struct { // the start of PyThreadState
        PyThreadState *previous, *next;
        PyInterpreterState *interp;
    } copy;
    _Static_assert(offsetof(PyThreadState, interp) == 2 * sizeof(void *), "it begins so");
    int count = 0;
    while (newest != NULL && count < MOST && peek(&copy, (uintptr_t)newest, sizeof copy)) {
        if (copy.interp != main->python_state) {
            break;
        }
        count++;
        newest = copy.next;
    }
    return newest == NULL ? count - interp_count_owned(main) : -1;
}

void
thread_state_fork_child(void)
{
    pthread_mutex_init(&mutex, NULL);
}
