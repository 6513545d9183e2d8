// Everything that is private, unstable or different between CPython versions, and nothing else.
//
// Read in 3.13.0, 3.13.18, 3.14.10 and 3.15.2. On 3.15 PEP 788 offers PyThreadState_Ensure, but it
// makes a thread state per visit (200 us on the main thread), so the cache stays.
#ifndef ATOLL_BRIDGE_CPYTHON_H
#define ATOLL_BRIDGE_CPYTHON_H

#include <Python.h>
#include <stdbool.h>

#if PY_VERSION_HEX < 0x030D0000
#    error "atoll needs CPython 3.13 or newer"
#endif

// Where CPython keeps `is somebody holding this interpreter's GIL`, from the table that it
// publishes for debuggers (_Py_DebugOffsets, 3.13). Never NULL: where the table is not as expected,
// a constant 0 is found there. Only ever a hint.
const volatile int *cpython_gil_flag(PyInterpreterState *interpreter);

// Have `function(argument)` called between two bytecodes by whichever thread runs there
// (_PyEval_AddPendingCall, exported in 3.13 to 3.15). False: the queue is full.
bool cpython_post(PyInterpreterState *interpreter, int (*function)(void *), void *argument);

// Make the process forget every interpreter but the main one, without touching them. For a forked
// child, which CPython otherwise kills while it tries to delete them (all versions), and for an
// exit with a visitor stuck inside one.
void cpython_forget_interpreters(void);

// Make the main interpreter forget the thread states of all threads but this one, without touching
// them; in a forked child that has lost other interpreters, before they are forgotten. From 3.14 on
// PyOS_AfterFork_Child, which clears and frees them, otherwise leaves a damaged C heap where their
// threads were inside another interpreter (observed in 3.14.10 and 3.15.2; 3.13 is not affected).
#if PY_VERSION_HEX >= 0x030E0000
void cpython_forget_thread_states(void);
#else
static inline void
cpython_forget_thread_states(void)
{
}
#endif

// Static builtin types are the same object in every interpreter. Those of datetime are static too,
// but ready only where the module was imported.
static inline bool
cpython_is_shared_type(const PyTypeObject *type)
{
    return (type->tp_flags & _Py_TPFLAGS_STATIC_BUILTIN) != 0 &&
           strncmp(type->tp_name, "datetime.", 9) != 0;
}

// Bring back to life an object whose last reference has just gone, from its tp_dealloc.
static inline void
cpython_revive(PyObject *object)
{
    _Py_NewReference(object);
}

#endif
