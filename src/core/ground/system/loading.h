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

#if defined(__GLIBC__)
#    define LOADING_UNLOADS 1 // what is closed for the last time
#else
#    define LOADING_UNLOADS 0 // musl keeps it
#    define RTLD_DI_ORIGIN  6 // as glibc's; musl knows no such request
#endif

// As dlopen, dlclose, dl_iterate_phdr and dladdr1 do.
void *loading_open(const char *path, int flags);
bool loading_close(void *handle); // false: it was not open
int loading_list(int (*visit)(struct dl_phdr_info *, size_t, void *), void *data);
int loading_find(const void *address, Dl_info *found, void **extra, int flags);

// The loader's own record of what dlopen returned (dlinfo(3)). NULL: it is none of that.
struct link_map *loading_record(void *handle);

// A pointer of its dynamic section, as an address: glibc has made these addresses, musl has not.
static inline void *
loading_address(const struct link_map *of, ElfW(Addr) pointer)
{
#if defined(__GLIBC__)
    (void)of;
    return (void *)pointer;
#else
    return (void *)(of->l_addr + pointer);
#endif
}

void loading_fork_prepare(void); // first: it waits for constructors, which may want other locks
void loading_fork_parent(void);
void loading_fork_child(void);

#endif
