// frames: the Python frames of any thread of any interpreter, read from outside.
//
// Purpose. A thread that is stuck holds its GIL or never asks for it again, so that nobody can wait
// for it. Memory is read as a debugger reads it (ground/base/peek), with the offsets that CPython
// publishes for that; what has gone meanwhile is not found, and what is no frame is not shown.
//
// Each thread notes its visits itself (five stores), so that frames are shown visit by visit. The
// reporter, a thread without Python, writes for signals and watchdogs; only while one of these is
// on does a crossing read the clock.
//
// Threads. Any, with or without a thread state. A thread that runs meanwhile changes its innermost
// frames while they are read: it is read again until two readings agree, or else said so.
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

// How many were found, at most `capacity`. 0: also if this CPython, or the kernel, does not tell.
int frames_list_interpreters(frames_interpreter *list, int capacity);
int frames_list_states(uintptr_t interpreter, frames_state *list, int capacity);

// One line for each frame of a thread state, most recent first: from the frame `from` (NULL: the
// current one) down to `until`, which is not shown (NULL: to the last).
void frames_add(text *into, uintptr_t state, const void *from, const void *until);

// "train() at model.py:41", of the innermost frame. False: there is none.
bool frames_describe(text *into, uintptr_t state);

#endif
