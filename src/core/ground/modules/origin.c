#include "ground/modules/origin.h"

#include <dlfcn.h>
#include <link.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

#include "ground/modules/library_set.h"
#include "ground/system/loading.h"
#include "ground/modules/needed.h"

// ---- dladdr and dlinfo ----

static int
tell_more(const void *address, Dl_info *told, void **extra, int flags, void *unused)
{
    int is_found = loading_find(address, told, extra, flags);
    const char *original = is_found ? elf_copy_original(told->dli_fname) : NULL;
    if (original != NULL) {
        told->dli_fname = original;
    }
    return is_found;
}

static int
tell(const void *address, Dl_info *told, void *unused)
{
    return tell_more(address, told, NULL, 0, unused);
}

// As for other requests, there must be room for the result.
static int
tell_of_handle(void *library, int request, void *result, void *unused)
{
    const struct link_map *map = request == RTLD_DI_ORIGIN ? loading_record(library) : NULL;
    const char *original = map == NULL ? NULL : elf_copy_original(map->l_name);
    if (original == NULL) {
        return dlinfo(library, request, result);
    }
    size_t size = (size_t)(basename(original) - original);
    memcpy(result, original, size);
    ((char *)result)[size > 1 ? size - 1 : size] = '\0'; // without the slash
    return 0;
}

const char *
origin_of(const void *code)
{
    Dl_info told;
    return tell(code, &told, NULL) ? told.dli_fname : "";
}

// ---- dlopen ----

static const char *
root_of(const libraries *self, const char *path)
{
    root *each = atomic_load(&self->roots);
    while (each != NULL && strncmp(path, each->path, strlen(each->path)) != 0) {
        each = each->next;
    }
    return each == NULL ? NULL : each->path;
}

// The loader would search beside the calling library's own file, a copy, which has no folder.
static const char *
find(const void *caller, const char *name, char *path)
{
    if (name[0] == '/' || name[0] == '\0') {
        return name;
    }
    elf_file *file = elf_open(origin_of(caller));
    bool is_found = file != NULL && needed_find(&(needed_search){file, NULL}, name, path);
    elf_close(file);
    return is_found ? path : name;
}

static library *
loaded_locked(const libraries *self, const char *path)
{
    struct stat status;
    library *each = stat(path, &status) == 0 ? self->newest : NULL;
    while (each != NULL && (each->device != status.st_dev || each->inode != status.st_ino)) {
        each = each->next;
    }
    return each;
}

// NULL: it is not for copies.
static library *
load_locked(libraries *self, const char *path, const char *tree, int flags)
{
    char failure[256];
    if (tree == NULL) {
        return library_named_locked(self, path);
    }
    if ((flags & RTLD_NOLOAD) == 0) {
        (void)libraries_load_locked(self, path, tree, failure, sizeof failure);
    }
    return loaded_locked(self, path);
}

static bool
may_be_copy(const libraries *self, const char *path)
{
    return strchr(path, '/') == NULL || root_of(self, path) != NULL;
}

void *
origin_open_locked(libraries *self, const char *path, int flags)
{
    const library *copy =
        may_be_copy(self, path) ? load_locked(self, path, root_of(self, path), flags) : NULL;
    return copy == NULL || !copy->is_copy ? NULL
                                          : loading_open(copy->copy.path, flags & ~RTLD_NODELETE);
}

static void *
open_copy(libraries *self, const char *path, int flags)
{
    if (!may_be_copy(self, path)) {
        return NULL;
    }
    libraries_lock(self);
    void *handle = origin_open_locked(self, path, flags);
    libraries_unlock(self);
    return handle;
}

static void *
open_library(const char *name, int flags, libraries *self)
{
    char path[PATH_MAX];
    const char *found = name == NULL ? NULL : find(__builtin_return_address(0), name, path);
    void *handle = found == NULL ? NULL : open_copy(self, found, flags);
    return handle == NULL ? loading_open(found, flags) : handle;
}

// ---- dlsym ----

static void *
replacement_of(const libraries *self, const char *name)
{
    void *found = NULL;
    for (int i = 0; found == NULL && i < LIBRARY_TRAMPOLINES; i++) {
        found = trampolines_find(self->bound[i], name);
    }
    return found;
}

// Not if the library has a function of its own by that name.
static void *
find_symbol(void *library, const char *name, libraries *self)
{
    void *replacement = replacement_of(self, name), *found;
    if (replacement != NULL && (found = dlsym(library, name)) != NULL &&
        found == dlsym(RTLD_DEFAULT, name)) {
        return replacement;
    }
    return dlsym(library, name); // last: it looks at where it returns to, which then is the copy
}

const interposition origin_table[] = {
    {"dlopen", open_library, 2, NULL},   {"dlsym", find_symbol, 2, NULL},
    {"dladdr", tell, 2, NULL},           {"dladdr1", tell_more, 4, NULL},
    {"dlinfo", tell_of_handle, 3, NULL},
};

const size_t origin_table_size = sizeof origin_table / sizeof *origin_table;
