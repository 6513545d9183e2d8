// request: ask another process to run a script, between two bytecodes of its main thread.
//
// Purpose. As sys.remote_exec of CPython 3.14 and later, which looks for the main thread in the
// newest interpreter only, and so does not find it in a process that has others.
//
// Threads. Any. Errors. See request_result; errno is set for REQUEST_FORBIDDEN.
#ifndef ATOLL_BRIDGE_REQUEST_H
#define ATOLL_BRIDGE_REQUEST_H

#include <Python.h>
#include <stdint.h>
#include <sys/types.h>

typedef enum {
    REQUEST_MADE,
    REQUEST_IMPOSSIBLE, // for this version of CPython
    REQUEST_FORBIDDEN,  // the system does not let this process look at the other
    REQUEST_NO_THREAD,  // its main thread is not there (yet, or any more)
    REQUEST_LONG_PATH,
} request_result;

// An address of CPython's data in this process; 0: not known.
uintptr_t request_landmark(void);

// `shift`: how much further the other process, which must have loaded the same file of CPython, has
// the landmark in its memory.
request_result request_script(pid_t pid, intptr_t shift, const char *path);

#endif
