// frames: the Python frames of any thread of any interpreter, read from outside.
//
// Purpose. A stuck thread holds its GIL or never asks for it again, so it cannot be asked. Memory
// is read as a debugger reads it (ground/system/peek), with the offsets that CPython publishes for
// debuggers. Memory that was unmapped meanwhile, or is not a frame, is left out.
//
// Each thread notes its visits itself (some stores, crossing_log.h), so frames can be shown visit
// by visit. The reporter, a thread without Python, writes reports for signals and watchdogs. A
// crossing reads the clock only while there are watchdogs.
//
// Threads. Any, with or without a thread state. A running thread changes its innermost frames while
// they are read: they are read until two readings agree, and if none do the output says so.
#ifndef ATOLL_BRIDGE_FRAMES_H
#define ATOLL_BRIDGE_FRAMES_H

#include <Python.h>
#include <stdbool.h>
#include <stdint.h>

#include "ground/base/text.h"

typedef struct {
    uintptr_t address; // PyInterpreterState, never followed
    int64_t id;
} frames_interpreter;

typedef struct {
    uintptr_t address; // PyThreadState, never followed
    unsigned long ident, native_ident;
    bool has_gil;
    bool has_frames;
} frames_state;

// How many were found, at most `capacity`. 0 also if this CPython or the kernel does not allow it.
int frames_list_interpreters(frames_interpreter *list, int capacity);
int frames_list_states(uintptr_t interpreter, frames_state *list, int capacity);

// One line for each frame of a thread state, most recent first: from the frame `from` (NULL: the
// current one) down to `until`, which is not shown (NULL: to the last).
void frames_add(text *into, uintptr_t state, const void *from, const void *until);

// The innermost frame, as in "train() at model.py:41". False: there is none.
bool frames_describe(text *into, uintptr_t state);

#endif
