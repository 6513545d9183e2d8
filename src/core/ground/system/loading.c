#include "ground/system/loading.h"

#include <pthread.h>

// Loading threads are its readers, also recursively: glibc lets readers pass waiting writers.
static pthread_rwlock_t lock = PTHREAD_RWLOCK_INITIALIZER;
static _Thread_local unsigned depth;

static void
begin(void)
{
    pthread_rwlock_rdlock(&lock);
    depth++;
}

static void
end(void)
{
    depth--;
    pthread_rwlock_unlock(&lock);
}

void *
loading_open(const char *path, int flags)
{
    begin();
    void *handle = dlopen(path, flags);
    end();
    return handle;
}

bool
loading_close(void *handle)
{
    begin();
    bool was_open = dlclose(handle) == 0;
    end();
    return was_open;
}

int
loading_list(int (*visit)(struct dl_phdr_info *, size_t, void *), void *data)
{
    begin();
    int result = dl_iterate_phdr(visit, data);
    end();
    return result;
}

int
loading_find(const void *address, Dl_info *found, void **extra, int flags)
{
    begin();
#if defined(__GLIBC__)
    int is_found = dladdr1(address, found, extra, flags);
#else
    int is_found = flags == 0 && dladdr(address, found);
#endif
    end();
    return is_found;
}

struct link_map *
loading_record(void *handle)
{
    struct link_map *found;
    return dlinfo(handle, RTLD_DI_LINKMAP, &found) == 0 ? found : NULL;
}

// ---- fork ----

// A constructor that forks is inside a load already: nothing can be done about it.
void
loading_fork_prepare(void)
{
    if (depth == 0) {
        pthread_rwlock_wrlock(&lock);
    }
}

void
loading_fork_parent(void)
{
    if (depth == 0) {
        pthread_rwlock_unlock(&lock);
    }
}

void
loading_fork_child(void)
{
    pthread_rwlock_init(&lock, NULL);
    for (unsigned i = 0; i < depth; i++) {
        pthread_rwlock_rdlock(&lock);
    }
}
