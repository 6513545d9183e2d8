// current: makes a thread state that holds its GIL the running thread's one, or none, without
// touching the GIL.
//
// Purpose. PyThreadState_Swap takes and releases GILs. What it does beside that is done here:
// CPython's thread-local pointers, and three fields of the thread state (tstate_activate,
// tstate_deactivate, tstate_try_attach, tstate_set_detached and bind_gilstate_tstate in
// Python/pystate.c of 3.13 to 3.15).
//
// What it rests on. The thread-local pointers have no exported names. current_learn finds them by
// an experiment: which words of this thread's static TLS change as thread states are swapped? All
// must be found exactly once, and the version must be one whose source was read: else it says why
// not.
//
// Lifetime. Learned once, before any other function here is called. Threads. Any.
#ifndef ATOLL_BRIDGE_CURRENT_H
#define ATOLL_BRIDGE_CURRENT_H

#include <Python.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

#include "ground/base/attributes.h"

// From 3.15 on the interpreter is kept beside the thread state, and PyGILState's thread state is
// not in a pthread key any more.
#define CURRENT_HAS_INTERPRETER (PY_VERSION_HEX >= 0x030F0000)

#if defined(__x86_64__) && defined(__GLIBC__) && !defined(Py_GIL_DISABLED)
#    define CURRENT_IS_KNOWN 1
#else
#    define CURRENT_IS_KNOWN 0
#endif

typedef struct {
    ptrdiff_t state, interpreter, gilstate; // from the thread pointer
    pthread_key_t gilstate_key;
} current_places;

extern current_places current_at; // written by current_learn

// Call attached to `here`; `other` is a thread state of another interpreter, which this thread may
// attach. Returns attached to `here`. NULL: learned; else why not.
const char *current_learn(PyThreadState *here, PyThreadState *other);

static inline char *
current_thread_pointer(void)
{
#if CURRENT_IS_KNOWN
    char *pointer;
    __asm__("movq %%fs:0, %0" : "=r"(pointer));
    return pointer;
#else
    return NULL;
#endif
}

static inline PyThreadState *
current_get(void)
{
    return *(PyThreadState *volatile *)(void *)(current_thread_pointer() + current_at.state);
}

static inline void
current_set(PyThreadState *state)
{
    char *base = current_thread_pointer();
    *(PyThreadState *volatile *)(void *)(base + current_at.state) = state;
#if CURRENT_HAS_INTERPRETER
    *(PyInterpreterState *volatile *)(void *)(base + current_at.interpreter) =
        state == NULL ? NULL : state->interp;
#endif
}

// The thread state that PyGILState_Ensure finds in this thread.
static inline PyThreadState *
current_get_gilstate(void)
{
#if CURRENT_HAS_INTERPRETER
    return *(PyThreadState *volatile *)(void *)(current_thread_pointer() + current_at.gilstate);
#else
    return pthread_getspecific(current_at.gilstate_key);
#endif
}

static inline void
current_set_gilstate(PyThreadState *state)
{
#if CURRENT_HAS_INTERPRETER
    *(PyThreadState *volatile *)(void *)(current_thread_pointer() + current_at.gilstate) = state;
#else
    (void)pthread_setspecific(current_at.gilstate_key, state);
#endif
}

// As PyThreadState_Swap(NULL), but its GIL stays taken. From now on whoever takes the GIL away
// writes to the thread state; this thread would too, to bind another one as PyGILState's. So it is
// unbound here already. True: PyGILState still finds it, until current_resume_own or
// current_set_gilstate is called.
static inline bool
current_leave(PyThreadState *state)
{
    bool was_bound = state->_status.bound_gilstate;
    state->_status.bound_gilstate = 0;
    state->_status.active = 0;
    __atomic_store_n(&state->state, 0, __ATOMIC_RELAXED); // _Py_THREAD_DETACHED
    current_set(NULL);
    return was_bound;
}

// As PyThreadState_Swap(state), for a thread state that holds its GIL and that this thread alone
// may use now. It is not bound as PyGILState's: it is to be swapped out at once.
static inline void
current_resume(PyThreadState *state)
{
    current_set(state);
    __atomic_store_n(&state->state, 1, __ATOMIC_RELAXED); // _Py_THREAD_ATTACHED
    state->_status.active = 1;
}

// The same for a thread state of this thread, which is bound. `was_bound`: what current_leave has
// returned; false if it was not called.
static inline void
current_resume_own(PyThreadState *state, bool was_bound)
{
    if (!state->_status.bound_gilstate) {
        PyThreadState *bound = was_bound ? NULL : current_get_gilstate();
        if (bound != NULL) {
            bound->_status.bound_gilstate = 0;
        }
        current_set_gilstate(state);
        state->_status.bound_gilstate = 1;
    }
    current_resume(state);
}

#endif
