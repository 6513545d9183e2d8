// constructors: what a private copy of a library wants to be called when it is loaded, and at its
// end.
//
// Purpose. The loader would run constructors before functions are replaced in the copy, and the
// destructors of one library after another has been unmapped, though it may call into that. So the
// copy's file hides both from the loader (ELF's DT_INIT, DT_INIT_ARRAY, DT_FINI, DT_FINI_ARRAY,
// gabi 5), and they are run here.
//
// Threads. Any. No lock of the loader is held meanwhile.
#ifndef ATOLL_GROUND_CONSTRUCTORS_H
#define ATOLL_GROUND_CONSTRUCTORS_H

#include <elf.h>

// A tag that the loader does not know, in place of one of those four.
#define CONSTRUCTORS_HIDDEN(tag) (0x60a70000 + (tag))

// `library` is what dlopen returned.
void constructors_run(void *library);
void destructors_run(void *library);

#endif
