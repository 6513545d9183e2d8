// loading: opening, closing, listing and finding shared objects, while no other thread forks.
//
// Purpose. While the dynamic loader loads, its data is inconsistent, and its list is locked while
// it is read. A child forked meanwhile could not load anything any more, because glibc takes
// neither lock before a fork. One GIL keeps threads from forking and loading at once; with many
// GILs this lock does.
//
// Threads. Any; also below a constructor that is run by loading_open.
#ifndef ATOLL_GROUND_LOADING_H
#define ATOLL_GROUND_LOADING_H

#include <dlfcn.h>
#include <link.h>
#include <stdbool.h>
#include <stddef.h>

// As dlopen, dlclose, dl_iterate_phdr and dladdr1 do.
void *loading_open(const char *path, int flags);
bool loading_close(void *handle); // false: it was not open
int loading_list(int (*visit)(struct dl_phdr_info *, size_t, void *), void *data);
int loading_find(const void *address, Dl_info *found, void **extra, int flags);

// The loader's own record of what dlopen returned (dlinfo(3)). NULL: it is none of that.
struct link_map *loading_record(void *handle);

void loading_fork_prepare(void); // first: it waits for constructors, which may want other locks
void loading_fork_parent(void);
void loading_fork_child(void);

#endif
