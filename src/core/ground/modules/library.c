#include "ground/modules/library.h"

#include <assert.h>
#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ground/base/clock.h"
#include "ground/modules/constructors.h"
#include "ground/modules/exit_handlers.h"
#include "ground/modules/library_set.h"
#include "ground/system/loading.h"
#include "ground/modules/needed.h"
#include "ground/modules/origin.h"
#include "ground/modules/thread_destructors.h"
#include "ground/base/text.h"

// Never copied: they keep no objects of Python, and some (OpenMP's run-times) may exist only once.
static const char *const shared_by_all[] = {
    "libscipy_openblas", "libopenblas", "libmkl", "libgomp", "libgfortran", "libquadmath",
    "libstdc++",         "libgcc_s",    "libomp", "libiomp", "libpython",
};

static bool
make_trampolines(libraries *self, const interposition *given, size_t count, void *context)
{
    unload_guard *guard = &self->guard;
    trampolines *made[] = {
        trampolines_new(given, count, context),
        trampolines_new(origin_table, origin_table_size, self),
        trampolines_new(unload_guard_table, unload_guard_table_size, guard),
        trampolines_new(exit_handlers_table, exit_handlers_table_size, guard),
        trampolines_new(thread_destructors_table, thread_destructors_table_size, guard),
    };
    static_assert(sizeof made == sizeof self->bound, "all of them");
    memcpy(self->bound, made, sizeof made);
    bool is_complete = true;
    for (int i = 0; i < LIBRARY_TRAMPOLINES; i++) {
        is_complete &= made[i] != NULL;
    }
    return is_complete;
}

// ---- a set of them ----

libraries *
libraries_new(const interposition *table, size_t count, void *context)
{
    libraries *self = calloc(1, sizeof *self);
    if (self == NULL) {
        return NULL;
    }
    pthread_mutexattr_t attributes;
    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_RECURSIVE);
    pthread_mutex_init(&self->mutex, &attributes);
    pthread_mutexattr_destroy(&attributes);
    unload_guard_init(&self->guard);
    if (!make_trampolines(self, table, count, context)) {
        (void)libraries_end(self);
        return NULL;
    }
    return self;
}

bool
libraries_try_lock(libraries *self)
{
    return pthread_mutex_trylock(&self->mutex) == 0;
}

void
libraries_lock(libraries *self)
{
    pthread_mutex_lock(&self->mutex);
}

void
libraries_unlock(libraries *self)
{
    pthread_mutex_unlock(&self->mutex);
}

int
libraries_create_key(libraries *self, pthread_key_t *key)
{
    return unload_guard_create_key(key, NULL, &self->guard);
}

void
libraries_delete_key(libraries *self, pthread_key_t key)
{
    (void)unload_guard_delete_key(key, &self->guard);
}

// ---- loading: what is needed ----

// What one call of libraries_load_locked loads. A library comes after all that it needs, except
// where libraries need each other in a circle.
typedef struct {
    libraries *of;
    const char *tree;
    library *found; // in reverse order of loading
    library *visited;
    char *failure;
    size_t failure_size;
} request;

static library *
fail(const request *self, const char *path, const char *reason)
{
    text_fit(self->failure, self->failure_size, "%s: %s", path, reason);
    return NULL;
}

static bool
is_shared_by_all(const char *path)
{
    const char *name = basename(path);
    for (size_t i = 0; i < sizeof shared_by_all / sizeof *shared_by_all; i++) {
        if (strncmp(name, shared_by_all[i], strlen(shared_by_all[i])) == 0) {
            return true;
        }
    }
    return false;
}

static bool
has_long_name(const elf_file *file)
{
    return file->soname.text != NULL && strlen(file->soname.text) >= COPY_SHORTEST_NAME;
}

static bool
is_to_be_copied(const request *self, const library *of, bool is_asked_for)
{
    const elf_file *file = of->file;
    bool is_in_tree = strncmp(file->path, self->tree, strlen(self->tree)) == 0;
    return !is_shared_by_all(file->path) &&
           (is_asked_for ||
            (has_long_name(file) && (of->is_python || (is_in_tree && !file->is_permanent))));
}

static library *
find_known(const request *self, const elf_file *file)
{
    const library *lists[] = {self->of->newest, self->found, self->visited};
    for (int i = 0; i < 3; i++) {
        for (const library *each = lists[i]; each != NULL; each = each->next) {
            if (each->device == file->device && each->inode == file->inode) {
                return (library *)each;
            }
        }
    }
    return NULL;
}

library *
library_named_locked(const libraries *self, const char *name)
{
    library *each = self->newest;
    while (each != NULL && (each->name == NULL || strlen(each->name) > strlen(name) ||
                            strcmp(basename(each->path), name) != 0)) {
        each = each->next;
    }
    return each;
}

static library *visit(request *self, const char *path, bool is_asked_for,
                      const needed_search *needed_by);

static bool
visit_needed(request *self, library *of, const needed_search *here)
{
    char path[PATH_MAX];
    for (int i = 0; i < of->file->needed_count; i++) {
        const char *name = of->file->names[i].text;
        bool is_found = needed_find(here, name, path);
        of->needed[i] =
            is_found ? visit(self, path, false, here) : library_named_locked(self->of, name);
        if (is_found && of->needed[i] == NULL) {
            return false;
        }
        of->is_python |= of->needed[i] != NULL && of->needed[i]->is_python;
    }
    return true;
}

static const char *
why_it_stays(const library *of, bool is_asked_for)
{
    if (of->file->is_permanent) {
        return "it asks never to be unloaded (DF_1_NODELETE)";
    }
    if (of->file->has_argument_parsers) {
        return "CPython looks at its argument parsers when the process ends";
    }
    return !is_asked_for && of->is_python && of->file->has_exit_handlers
               ? "its destructors may use Python's objects, which are gone"
               : NULL;
}

static library *
visit(request *self, const char *path, bool is_asked_for, const needed_search *needed_by)
{
    elf_file *file = elf_open(path);
    if (file == NULL) {
        return fail(self, path, errno == ENOEXEC ? "invalid ELF header" : strerror(errno));
    }
    library *made = find_known(self, file);
    if (made != NULL) {
        elf_close(file);
        return made;
    }
    made = calloc(1, sizeof *made);
    library **needed = calloc((size_t)file->needed_count + 1, sizeof *needed);
    if (made == NULL || needed == NULL) {
        elf_close(file);
        free(made);
        free(needed);
        return fail(self, path, strerror(ENOMEM));
    }
    *made = (library){.next = self->visited,
                      .device = file->device,
                      .inode = file->inode,
                      .is_python = file->uses_python,
                      .file = file,
                      .needed = needed};
    self->visited = made;
    needed_search here = {file, needed_by};
    bool is_complete = visit_needed(self, made, &here);
    self->visited = made->next;
    made->is_copy = is_complete && is_to_be_copied(self, made, is_asked_for);
    made->stays = made->is_copy ? why_it_stays(made, is_asked_for) : NULL;
    made->may_rest = made->is_copy && !file->has_text_relocations;
    made->copy.descriptor = -1;
    made->next = self->found;
    self->found = made;
    return is_complete ? made : NULL;
}

// ---- loading: the copies ----

static bool
make_copy(library *self)
{
    const char *name = has_long_name(self->file) ? self->file->soname.text : NULL;
    if (name != NULL) {
        self->name = malloc(strlen(name) + 1);
        if (self->name == NULL) {
            errno = ENOMEM;
            return false;
        }
        elf_copy_new_name(name, self->name);
    }
    return elf_copy_make(&self->copy, self->file, name);
}

// The name of a library in those that need it. That is its path, if there is room for it: by its
// path a library is found even before it is loaded.
static const char *
new_name(const library *self, const char *old)
{
    bool is_being_loaded = self->file != NULL;
    return is_being_loaded && strlen(self->copy.path) <= strlen(old) ? self->copy.path : self->name;
}

// The file's names that are replaced. The result is owned; NULL: out of memory.
static elf_copy_renaming *
find_renamings(const library *self, size_t *count)
{
    const elf_file *file = self->file;
    elf_copy_renaming *renamings = calloc((size_t)file->name_count + 1, sizeof *renamings);
    *count = 0;
    if (renamings == NULL) {
        return NULL;
    }
    if (self->name != NULL) {
        renamings[(*count)++] = (elf_copy_renaming){file->soname, self->name};
    }
    for (int i = 0; i < file->name_count; i++) {
        int k = 0;
        while (k < file->needed_count &&
               (self->needed[k] == NULL || strcmp(file->names[k].text, file->names[i].text) != 0)) {
            k++;
        }
        if (k < file->needed_count && self->needed[k]->name != NULL) {
            renamings[(*count)++] =
                (elf_copy_renaming){file->names[i], new_name(self->needed[k], file->names[i].text)};
        }
    }
    return renamings;
}

static bool
patch_copy(library *self)
{
    size_t count;
    elf_copy_renaming *renamings = find_renamings(self, &count);
    bool is_patched =
        renamings != NULL && elf_copy_patch(&self->copy, self->file, renamings, count);
    free(renamings);
    return is_patched;
}

static bool
refuse_copy(const request *self, const library *each)
{
    bool is_forbidden = errno == EPERM || errno == EACCES || errno == ENOENT || errno == EROFS;
    bool is_full = errno == ENOSPC || errno == EDQUOT;
    text_fit(self->failure, self->failure_size, "%s: cannot make a private copy: %s%s",
             each->file->path, strerror(errno),
             is_forbidden ? " (TMPDIR must name a folder whose files may be executed)"
             : is_full    ? " (TMPDIR must name a folder with room for it)"
                          : "");
    return false;
}

// All are made before any is patched: patches contain the paths of other copies.
static bool
make_copies(const request *self)
{
    for (library *each = self->found; each != NULL; each = each->next) {
        if (each->is_copy && !make_copy(each)) {
            return refuse_copy(self, each);
        }
    }
    for (library *each = self->found; each != NULL; each = each->next) {
        if (each->is_copy && !patch_copy(each)) {
            return refuse_copy(self, each);
        }
    }
    return true;
}

// Libraries of the system are loaded by themselves: if they came with the copy (libstdc++ mostly),
// the loader would look for their symbols in the copy too, and they would need it. What is not
// found is reported when the copy is loaded. They stay.
static void
load_system_libraries(const library *of)
{
    for (int i = 0; i < of->file->needed_count; i++) {
        if (of->needed[i] == NULL) {
            (void)loading_open(of->file->names[i].text, RTLD_LAZY);
        }
    }
}

static bool
load_copy(const request *self, library *each)
{
    libraries *of = self->of;
    load_system_libraries(each);
    each->handle =
        elf_copy_load(&each->copy, each->file, RTLD_NOW, self->failure, self->failure_size);
    if (each->handle == NULL) {
        return false;
    }
    for (int i = 0; i < LIBRARY_TRAMPOLINES; i++) {
        if (!trampolines_bind(of->bound[i], each->handle)) {
            fail(self, each->file->path, strerror(errno));
            return false;
        }
    }
    if (!unique_join(&of->unique, each->handle, each->file)) {
        fail(self, each->file->path, strerror(errno));
        return false;
    }
    return true;
}

static bool
load_original(const request *self, library *each)
{
    each->handle = loading_open(each->file->path, RTLD_NOW);
    if (each->handle == NULL) {
        text_fit(self->failure, self->failure_size, "%s", dlerror());
    }
    return each->handle != NULL;
}

static library *
reverse(library *list)
{
    library *reversed = NULL;
    while (list != NULL) {
        library *next = list->next;
        list->next = reversed;
        reversed = list;
        list = next;
    }
    return reversed;
}

static bool
load_all(request *self)
{
    bool is_loaded = true;
    self->found = reverse(self->found);
    for (library *each = self->found; is_loaded && each != NULL; each = each->next) {
        is_loaded = each->is_copy ? load_copy(self, each) : load_original(self, each);
    }
    self->found = reverse(self->found);
    return is_loaded;
}

static void
give_up(request *self)
{
    while (self->found != NULL) {
        library *each = self->found;
        self->found = each->next;
        if (each->handle != NULL) {
            unique_forget(&self->of->unique, each->handle);
            loading_close(each->handle);
        }
        library_free(each);
    }
}

static void
count(library_totals *totals, const library *loaded)
{
    totals->copies += loaded->is_copy;
    totals->copied += loaded->copy.copied;
    totals->shared += loaded->copy.shared;
}

static void
keep(request *self)
{
    self->found = reverse(self->found);
    while (self->found != NULL) {
        library *each = self->found;
        self->found = each->next;
        each->path = each->file->path;
        each->file->path = NULL;
        elf_close(each->file);
        free(each->needed);
        each->file = NULL;
        each->needed = NULL;
        each->next = self->of->newest;
        self->of->newest = each;
        count(&self->of->totals, each);
    }
}

// Those loaded first come first. A constructor may load more, which are the newest then.
static void
construct(const library *newest, const library *before)
{
    if (newest != before) {
        construct(newest->next, before);
        if (newest->is_copy) {
            constructors_run(newest->handle);
        }
    }
}

static const char *
keep_root(libraries *self, const char *path)
{
    for (root *each = atomic_load(&self->roots); each != NULL; each = each->next) {
        if (strcmp(each->path, path) == 0) {
            return each->path;
        }
    }
    root *made = malloc(sizeof *made + strlen(path) + 1);
    if (made == NULL) {
        return NULL;
    }
    made->next = atomic_load(&self->roots);
    strcpy(made->path, path);
    atomic_store(&self->roots, made);
    return made->path;
}

void *
libraries_load_locked(libraries *self, const char *path, const char *tree, char *failure,
                      size_t failure_size)
{
    int64_t began = clock_now();
    const char *kept = keep_root(self, tree);
    request made = {.of = self, .tree = kept, .failure = failure, .failure_size = failure_size};
    if (kept == NULL) {
        return fail(&made, path, strerror(ENOMEM));
    }
    library *wanted = visit(&made, path, true, NULL);
    if (wanted == NULL || !make_copies(&made) || !load_all(&made)) {
        give_up(&made);
        return NULL;
    }
    const library *before = self->newest;
    keep(&made);
    construct(self->newest, before);
    self->totals.nanoseconds += clock_now() - began;
    return wanted->handle;
}
