#include "bridge/monitor/request.h"

#include "bridge/python/cpython.h"
#include "ground/system/peek.h"

#if PY_VERSION_HEX >= 0x030E0000

#    include <errno.h>
#    include <stddef.h>

// A bit of PyThreadState.eval_breaker: between two bytecodes the thread is to look what there is to
// be done, for example a request of this kind (_PY_EVAL_PLEASE_STOP_BIT,
// internal/pycore_ceval.h, 3.14 and 3.15).
#    define PLEASE_STOP (1U << 5)

#    define LIMIT 100000 // for lists that change meanwhile, and might not end

// The address of its main interpreter; 0: there is none.
static uintptr_t
find_main(pid_t pid, intptr_t shift, const cpython_layout *layout)
{
    uintptr_t each;
    int64_t id;
    if (!peek_process(pid, &each, layout->interpreters + (uintptr_t)shift, sizeof each)) {
        return 0;
    }
    for (int i = 0; i < LIMIT && each != 0; i++) {
        if (!peek_process(pid, &id, each + layout->interpreter_id, sizeof id)) {
            return 0;
        }
        if (id == 0) {
            return each;
        }
        if (!peek_process(pid, &each, each + layout->interpreter_next, sizeof each)) {
            return 0;
        }
    }
    return 0;
}

// The address of its main thread's state there; 0: there is none.
static uintptr_t
find_main_thread(pid_t pid, uintptr_t interpreter, const cpython_layout *layout)
{
    uintptr_t each = 0;
    PyThreadState state;
    if (interpreter == 0 ||
        !peek_process(pid, &each, interpreter + layout->interpreter_threads, sizeof each)) {
        return 0;
    }
    for (int i = 0; i < LIMIT && each != 0 && peek_process(pid, &state, each, sizeof state); i++) {
        if (state.native_thread_id == (unsigned long)pid) {
            return each;
        }
        each = (uintptr_t)state.next;
    }
    return 0;
}

static bool
write_request(pid_t pid, uintptr_t state, const char *path)
{
    const uintptr_t support = state + offsetof(PyThreadState, remote_debugger_support);
    const uintptr_t breaker = state + offsetof(PyThreadState, eval_breaker);
    const int32_t is_pending = 1;
    uintptr_t bits;
    return poke_process(pid, support + offsetof(_PyRemoteDebuggerSupport, debugger_script_path),
                        path, strlen(path) + 1) &&
           poke_process(pid, support + offsetof(_PyRemoteDebuggerSupport, debugger_pending_call),
                        &is_pending, sizeof is_pending) &&
           peek_process(pid, &bits, breaker, sizeof bits) &&
           (bits |= PLEASE_STOP, poke_process(pid, breaker, &bits, sizeof bits));
}

request_result
request_script(pid_t pid, intptr_t shift, const char *path)
{
    cpython_layout layout;
    if (!cpython_find_layout(&layout)) {
        return REQUEST_IMPOSSIBLE;
    }
    if (strlen(path) >= _Py_MAX_SCRIPT_PATH_SIZE) {
        return REQUEST_LONG_PATH;
    }
    errno = 0;
    uintptr_t state = find_main_thread(pid, find_main(pid, shift, &layout), &layout);
    if (state == 0) {
        return errno == EPERM || errno == EACCES ? REQUEST_FORBIDDEN : REQUEST_NO_THREAD;
    }
    return write_request(pid, state, path) ? REQUEST_MADE : REQUEST_FORBIDDEN;
}

uintptr_t
request_landmark(void)
{
    cpython_layout layout;
    return cpython_find_layout(&layout) ? layout.interpreters : 0;
}

#else

uintptr_t
request_landmark(void)
{
    return 0;
}

request_result
request_script(pid_t pid, intptr_t shift, const char *path)
{
    return REQUEST_IMPOSSIBLE;
}

#endif
