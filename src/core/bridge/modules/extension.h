// extension: an interpreter's private copies of extension modules, and what they are told.
//
// Purpose. Some functions of CPython answer for the main interpreter, or for the one that the
// calling thread was in last: a private copy that calls them is told of its own interpreter
// instead. A thread that the copy has started gets in there, as it would into the main one.
//
// - The finder of atoll._modules.importing, first on sys.meta_path, asks main once for each package
//   how it is imported. In mode `main` a Proxy takes the module's place in sys.modules.
// - For each extension module the patched loader calls the core; `library` loads a copy.
// - The core calls the module's own PyInit function, without CPython's loader, its cache and its
//   detour over the main interpreter. CPython's check of single-phase modules is off for this
//   module only.
// - When the interpreter closes, its exit handlers run while threads of the copies can still enter;
//   then none can. After its end the copies are unloaded, unless a thread runs in one or a
//   destructor would call into it later.
//
// Lifetime. Made with the first private copy. It goes with its interpreter, or stays in memory with
// libraries that cannot be unloaded. Whenever another interpreter has ended they are tried again.
//
// Threads. extension_load, _count and _stop: under the interpreter's GIL. _end: nothing is
// attached. _each_staying: any.
#ifndef ATOLL_BRIDGE_EXTENSION_H
#define ATOLL_BRIDGE_EXTENSION_H

#include <Python.h>

#include "bridge/python/state.h"
#include "ground/modules/library.h"

// The dlopen handle of this interpreter's copy of a file below `tree`, a path that ends with a
// slash; borrowed. NULL: ImportError.
void *extension_load(core_state *state, const char *path, const char *tree);

// The same, opened once more, for one who may close it. Without a `tree`: the copy of a library
// that is loaded, by its name. NULL without an exception: it is not for copies.
void *extension_open(core_state *state, const char *path, const char *tree);

// From now on the module of that full name (NULL: none) is being initialised. Returns the name
// before.
const char *extension_begin(core_state *state, const char *name);

library_totals extension_count(core_state *state);

// The interpreter is about to end: its exit handlers are run, while threads of the copies still get
// in, as the handlers may wait for them. Then none does any more, and none is inside. False: one of
// the interpreter's own threads is stuck; `who` says which (own_threads_end).
bool extension_stop(interp *here, char *who);

// Call after the interpreter has ended: unloads the copies if that is safe, and frees its arenas.
// Otherwise they stay, with what they refer to, until this is called for another one and it is
// safe.
void extension_end(interp *ended);

// Tells of all that stay: which library for which reason. Called under a lock.
typedef void extension_listener(const interp *of, const char *path, const char *reason,
                                void *argument);
void extension_each_staying(extension_listener *tell, void *argument);

void extension_fork_child(void);

#endif
