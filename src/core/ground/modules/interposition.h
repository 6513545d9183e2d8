// interposition: functions that one private copy of a library calls are replaced by others, which
// know whose copy it is.
//
// Purpose. Some functions answer for the process, or for the main interpreter, whoever asks. In the
// relocations of a loaded library each is replaced by a few instructions (a trampoline) that add
// one more argument, the context, and jump to the replacement.
//
// Lifetime. Trampolines must outlive the libraries that jump to them.
//
// Threads. Any; before anybody else calls into the library.
#ifndef ATOLL_GROUND_INTERPOSITION_H
#define ATOLL_GROUND_INTERPOSITION_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

// Where there are no trampolines for the machine, nothing is replaced.
#if defined(__x86_64__)
#    define INTERPOSITION_EXISTS 1
#else
#    define INTERPOSITION_EXISTS 0
#endif

typedef struct {
    const char *name;
    void *replacement;
    int position; // which argument the context becomes: the number of the function's own
    _Atomic(void *) *original; // or NULL: where the function's own address is kept
} interposition;

typedef struct trampolines trampolines;

trampolines *trampolines_new(const interposition *table, size_t count,
                             void *context); // NULL: memory
void trampolines_free(trampolines *self);

// `library` is what dlopen returned. False: errno; parts of it may have been replaced.
bool trampolines_bind(const trampolines *self, void *library);

#endif
