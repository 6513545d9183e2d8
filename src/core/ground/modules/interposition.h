// interposition: replaces functions that a private copy of a library calls by others, which know to
// which interpreter the copy belongs.
//
// Purpose. Some functions answer for the process, or for the main interpreter, whoever calls them.
// In a loaded library's relocations each is replaced by a few instructions (a trampoline) that add
// one more argument, the context, and jump to the replacement.
//
// Lifetime. Trampolines must outlive the libraries that jump to them.
//
// Threads. Any; before another thread calls into the library.
#ifndef ATOLL_GROUND_INTERPOSITION_H
#define ATOLL_GROUND_INTERPOSITION_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

// On other machines there are no trampolines, and nothing is replaced.
#if defined(__x86_64__) || defined(__aarch64__)
#    define INTERPOSITION_EXISTS 1
#else
#    define INTERPOSITION_EXISTS 0
#endif

typedef struct {
    const char *name;
    void *replacement;
    int position; // index of the context among the arguments: how many the function has
    _Atomic(void *) *original; // or NULL: receives the address of the function itself, which then
                               // is not replaced where a copy has one of its own
} interposition;

typedef struct trampolines trampolines;

trampolines *trampolines_new(const interposition *table, size_t count,
                             void *context); // NULL: out of memory
void trampolines_free(trampolines *self);

// Who looks the function up by its name. NULL: it is not replaced.
void *trampolines_find(const trampolines *self, const char *name);

// `library` is what dlopen returned. False: errno; parts of it may have been replaced.
bool trampolines_bind(const trampolines *self, void *library);

// ---- the pointers of a library to what has a name ----

// Returns what a pointer that now is `now` shall be, or NULL: as it is.
typedef void *relocations_chooser(const char *name, void *now, void *argument);

// As trampolines_bind.
bool relocations_replace(void *library, relocations_chooser *choose, void *argument);

struct link_map;
const char *relocations_names(const struct link_map *map); // that its symbols' names are in

#endif
