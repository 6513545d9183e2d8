// gilstate: PyGILState_Ensure and similar functions, for the private copies of one interpreter.
//
// Purpose. CPython's functions attach a thread to the main interpreter. A private copy belongs to
// another one, so its calls are led here (ground/modules/interposition), with that interpreter.
//
// Lifetime. As long as code of the copies may run, which may be longer than the interpreter. A
// thread that calls Ensure after that has ended waits for ever, as in CPython (PEP 788).
//
// Threads. Any.
#ifndef ATOLL_BRIDGE_GILSTATE_H
#define ATOLL_BRIDGE_GILSTATE_H

#include <Python.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "ground/interpreter/interp.h"
#include "ground/modules/interposition.h"
#include "ground/modules/library.h"

typedef struct exit_function {
    struct exit_function *next;
    void (*function)(void);
} exit_function;

typedef struct {
    interp *interp; // counted
    libraries *libraries;
    const char *loading; // full name of the module that is being initialised; under its GIL
    atomic_int inside;   // threads that entered by Ensure, or are about to
    atomic_bool is_shut; // no thread can enter any more
    _Atomic(exit_function *) at_exit; // the latest first
} gilstate;

extern const interposition gilstate_table[]; // the context is the gilstate
extern const size_t gilstate_table_size;

void gilstate_shut(gilstate *self); // call detached; returns when no thread is inside
void gilstate_run_at_exit(gilstate *self);

#endif
