#include "bridge/crossing/own_threads.h"

#include "bridge/crossing/crossing.h"
#include "bridge/python/thread_state.h"
#include "bridge/python/turns.h"
#include "bridge/traceback/frames.h"
#include "ground/base/text.h"

static bool
is_visitors(interp *here, const PyThreadState *state)
{
    pthread_mutex_lock(&here->mutex);
    const guest *each = here->guests;
    while (each != NULL && !(each->is_owned && each->thread_state == state)) {
        each = each->next;
    }
    pthread_mutex_unlock(&here->mutex);
    return each != NULL;
}

static int
add_thread(PyObject *list, PyThreadState *state)
{
    text where = {0};
    bool is_known = frames_describe(&where, (uintptr_t)state);
    PyObject *pair = Py_BuildValue("ks#", state->thread_id, is_known ? where.chars : "",
                                   is_known ? (Py_ssize_t)where.size : 0);
    int result = pair == NULL ? -1 : PyList_Append(list, pair);
    Py_XDECREF(pair);
    text_free(&where);
    return result;
}

PyObject *
own_threads_list(interp *here)
{
    PyObject *list = PyList_New(0);
    PyThreadState *each = PyInterpreterState_ThreadHead(here->python_state);
    for (; each != NULL && list != NULL; each = PyThreadState_Next(each)) {
        if (each != PyThreadState_Get() && !is_visitors(here, each) && add_thread(list, each) < 0) {
            Py_CLEAR(list);
        }
    }
    return list;
}

PyObject *
own_threads_visitors(interp *host)
{
    enum { MOST = 8 };
    text where[MOST] = {{0}};
    int count = 0;
    pthread_mutex_lock(&host->mutex);
    for (const guest *each = host->guests; each != NULL && count < MOST; each = each->next) {
        if (each->is_owned && !each->is_dead && each->thread_state != NULL && each->depth > 0) {
            (void)frames_describe(&where[count++], (uintptr_t)each->thread_state);
        }
    }
    pthread_mutex_unlock(&host->mutex);
    PyObject *list = PyList_New(count);
    for (int i = 0; i < count; i++) {
        PyObject *string = list == NULL ? NULL
                                        : PyUnicode_DecodeUTF8(where[i].chars ? where[i].chars : "",
                                                               (Py_ssize_t)where[i].size, NULL);
        text_free(&where[i]);
        if (string != NULL) {
            PyList_SET_ITEM(list, i, string);
        }
        else {
            Py_CLEAR(list);
        }
    }
    return list;
}

// An int: how many are waited for; a str: they are stuck. NULL: exception.
static PyObject *
call_hook(interp *here, bool is_ending)
{
    thread *masked = thread_mask(); // what is raised in there would be lost
    PyObject *hook = state_hook(here->core_state, HOOK_END_THREADS);
    PyObject *done =
        hook == NULL ? NULL : PyObject_CallOneArg(hook, is_ending ? Py_True : Py_False);
    thread_unmask(masked);
    if (done == NULL) {
        PyErr_WriteUnraisable(NULL);
    }
    return done;
}

int
own_threads_end(interp *here, char *who)
{
    who[0] = '\0';
    PyObject *done = call_hook(here, true);
    const char *text = done != NULL && PyUnicode_Check(done) ? PyUnicode_AsUTF8(done) : NULL;
    int left = 0;
    if (text != NULL) {
        text_fit(who, OWN_THREADS_TEXT_SIZE, "%s", text);
    }
    else {
        int count = thread_state_count_own(here), awaited = done == NULL ? 0 : PyLong_AsInt(done);
        left = awaited > count ? awaited : count;
    }
    PyErr_Clear();
    Py_XDECREF(done);
    return left;
}

int
own_threads_left(core_state *home, interp *target)
{
    crossing visit;
    crossing_result why = crossing_enter(&visit, home->interp, target, CROSSING_FOR("end threads"));
    if (why != CROSSING_OK) {
        crossing_raise(home, target, why);
        return -1;
    }
    turns_begin(target);
    int left = 0;
    if (thread_state_count_own(target) > 0) {
        PyObject *done = call_hook(target, false);
        left = done == NULL ? 0 : PyLong_AsInt(done);
        PyErr_Clear();
        Py_XDECREF(done);
    }
    turns_end(target);
    crossing_leave(&visit);
    return left < 0 ? 0 : left;
}
