// gilstate: PyGILState_Ensure and what is like it, for the private copies of one interpreter.
//
// Purpose. In CPython these attach a thread to the main interpreter. A private copy belongs to
// another one, so its calls come here (ground/modules/interposition), with that interpreter.
//
// Lifetime. As long as code of the copies may run, thus perhaps longer than the interpreter; then a
// thread that wants in waits for ever, as CPython has it after its end (PEP 788).
//
// Threads. Any.
#ifndef ATOLL_BRIDGE_GILSTATE_H
#define ATOLL_BRIDGE_GILSTATE_H

#include <Python.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "ground/interpreter/interp.h"
#include "ground/modules/interposition.h"

typedef struct exit_function {
    struct exit_function *next;
    void (*function)(void);
} exit_function;

typedef struct {
    interp *interp;      // counted
    const char *loading; // full name of the module that is being initialised; under its GIL
    atomic_int inside;   // threads that came in by themselves, or are about to
    atomic_bool is_shut; // none comes in any more
    _Atomic(exit_function *) at_exit; // the latest first
} gilstate;

extern const interposition gilstate_table[]; // the context is the gilstate
extern const size_t gilstate_table_size;

void gilstate_shut(gilstate *self); // returns when none is inside; detached
void gilstate_run_at_exit(gilstate *self);

#endif
