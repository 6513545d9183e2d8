#include "bridge/cpython.h"

// The start of _Py_DebugOffsets, as 64-bit words; internal/pycore_debug_offsets.h.
enum {
    WORD_VERSION = 1,
    WORD_INTERPRETERS_HEAD = 5,
    WORD_THREADS_HEAD = 9,
#if PY_VERSION_HEX < 0x030E0000
    WORD_GIL_LOCKED = 17,
#else
    WORD_GIL_LOCKED = 18, // 3.14 inserted threads_main
#endif
};

extern char _PyRuntime[]; // begins with _Py_DebugOffsets

extern int _PyEval_AddPendingCall(PyInterpreterState *interpreter, int (*function)(void *),
                                  void *argument, int flags);

static bool
read_offset(int word, uint64_t *offset)
{
    const uint64_t *words = (const uint64_t *)(void *)_PyRuntime;
    bool as_expected =
        memcmp(_PyRuntime, "xdebugpy", 8) == 0 && words[WORD_VERSION] >> 16 == PY_VERSION_HEX >> 16;
    if (as_expected) {
        *offset = words[word];
    }
    return as_expected;
}

const volatile int *
cpython_gil_flag(PyInterpreterState *interpreter)
{
    static const int never = 0;
    uint64_t offset;
    if (!read_offset(WORD_GIL_LOCKED, &offset)) {
        return &never;
    }
    return (const volatile int *)((const char *)interpreter + offset);
}

bool
cpython_post(PyInterpreterState *interpreter, int (*function)(void *), void *argument)
{
    return _PyEval_AddPendingCall(interpreter, function, argument, 0) == 0;
}

void
cpython_forget_interpreters(void)
{
    uint64_t offset;
    if (read_offset(WORD_INTERPRETERS_HEAD, &offset)) {
        *(PyInterpreterState **)(void *)(_PyRuntime + offset) = PyInterpreterState_Main();
    }
}

#if PY_VERSION_HEX >= 0x030E0000
void
cpython_forget_thread_states(void)
{
    uint64_t offset;
    PyThreadState *mine = PyThreadState_GetUnchecked();
    PyInterpreterState *main = PyInterpreterState_Main();
    if (mine != NULL && PyThreadState_GetInterpreter(mine) == main &&
        PyInterpreterState_Head() != main && read_offset(WORD_THREADS_HEAD, &offset)) {
        mine->prev = mine->next = NULL;
        *(PyThreadState **)(void *)((char *)main + offset) = mine;
    }
}
#endif
