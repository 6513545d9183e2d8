#include "ground/modules/elf_copy.h"

#include <assert.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <link.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "ground/modules/constructors.h"
#include "ground/modules/loading.h"
#include "ground/base/page.h"
#include "ground/base/text.h"

#ifndef MFD_EXEC
#    define MFD_EXEC 0x0010U // Linux 6.3
#endif

#define PREFIX          "lib"
#define SERIAL_DIGITS   6
#define WORTH_A_MAPPING 16 // pages

static_assert(COPY_SHORTEST_NAME >= sizeof PREFIX - 1 + SERIAL_DIGITS, "room for the number");

static atomic_uint serial;

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static elf_copy *in_use; // mutex: the first whose path no other copy may have

void
elf_copy_lock(void)
{
    pthread_mutex_lock(&mutex);
}

void
elf_copy_unlock(void)
{
    pthread_mutex_unlock(&mutex);
}

void
elf_copy_new_name(const char *name, char *fresh)
{
    static const char digits[] = "0123456789abcdefghijklmnopqrstuvwxyz";
    memcpy(fresh, name, strlen(name) + 1);
    char *at = fresh + (strncmp(name, PREFIX, sizeof PREFIX - 1) == 0 ? sizeof PREFIX - 1 : 0);
    unsigned number = atomic_fetch_add(&serial, 1);
    for (int i = SERIAL_DIGITS - 1; i >= 0; i--, number /= 36) {
        at[i] = digits[number % 36];
    }
}

// ---- the file ----

// The file goes with its last mapping, also after a crash. It is in memory, or, where the system
// refuses executable files there, in the folder for temporary files.
static int
open_nameless(const char *name)
{
    int descriptor = memfd_create(name, MFD_CLOEXEC | MFD_EXEC);
    if (descriptor < 0 && errno == EINVAL) { // an older Linux
        descriptor = memfd_create(name, MFD_CLOEXEC);
    }
    if (descriptor < 0) {
        const char *folder = getenv("TMPDIR");
        descriptor = open(folder == NULL || *folder == '\0' ? "/tmp" : folder,
                          O_TMPFILE | O_RDWR | O_CLOEXEC, 0700);
    }
    return descriptor;
}

static bool
write_all(int descriptor, const void *bytes, size_t size, size_t offset)
{
    const char *from = bytes;
    while (size > 0) {
        ssize_t written = pwrite(descriptor, from, size, (off_t)offset);
        if (written < 0 && errno == EINTR) {
            continue;
        }
        if (written <= 0) {
            errno = written == 0 ? ENOSPC : errno;
            return false;
        }
        from += written;
        offset += (size_t)written;
        size -= (size_t)written;
    }
    return true;
}

// Copies the headers and what is loaded; not what only debuggers read.
static bool
write_segments(int descriptor, const elf_file *file, size_t *copied)
{
    const Elf64_Ehdr *header = (const void *)file->bytes;
    size_t headers = header->e_phoff + header->e_phnum * sizeof(Elf64_Phdr);
    bool is_written = ftruncate(descriptor, (off_t)file->size) == 0 &&
                      write_all(descriptor, file->bytes, headers, 0);
    for (int i = 0; is_written && i < file->segment_count; i++) {
        const Elf64_Phdr *each = &file->segments[i];
        if (each->p_type == PT_LOAD) {
            is_written =
                write_all(descriptor, file->bytes + each->p_offset, each->p_filesz, each->p_offset);
            *copied += each->p_filesz;
        }
    }
    return is_written;
}

// Writes less than a page, and notes where that begins and ends.
static bool
overwrite(elf_copy *self, const void *bytes, size_t size, size_t offset)
{
    size_t *patched = realloc(self->patched, (self->patch_count + 2) * sizeof *patched);
    if (patched == NULL) {
        return false;
    }
    self->patched = patched;
    patched[self->patch_count++] = offset;
    patched[self->patch_count++] = offset + size - 1;
    return write_all(self->descriptor, bytes, size, offset);
}

static bool
hide_constructors(elf_copy *self, const elf_file *file)
{
    bool is_written = true;
    for (int i = 0; is_written && i < file->constructor_count; i++) {
        Elf64_Sxword tag;
        memcpy(&tag, file->bytes + file->constructors[i], sizeof tag);
        tag = CONSTRUCTORS_HIDDEN(tag);
        is_written = overwrite(self, &tag, sizeof tag, file->constructors[i]);
    }
    return is_written;
}

bool
elf_copy_patch(elf_copy *self, const elf_file *file, const elf_copy_renaming *renamings,
               size_t count)
{
    bool is_written = true;
    for (size_t i = 0; is_written && i < count; i++) {
        is_written =
            overwrite(self, renamings[i].by, strlen(renamings[i].by) + 1, renamings[i].name.offset);
    }
    for (size_t i = 0; is_written && i < file->unique_count; i++) {
        unsigned char type = ELF64_ST_TYPE(file->bytes[file->unique[i]]);
        unsigned char info = ELF64_ST_INFO(STB_GLOBAL, type);
        is_written = overwrite(self, &info, 1, file->unique[i]);
    }
    return is_written && hide_constructors(self, file);
}

// ---- sharing equal pages ----

static int
compare(const void *left, const void *right)
{
    size_t one = *(const size_t *)left, two = *(const size_t *)right;
    return (one > two) - (one < two);
}

typedef struct {
    int original, copy; // descriptors
    uintptr_t base;
    size_t shared;
} sharing;

// `begin` and `end` are offsets in the file, at page boundaries.
static void
share_run(sharing *self, const Elf64_Phdr *segment, size_t begin, size_t end)
{
    if (end < begin + WORTH_A_MAPPING * page_size()) {
        return;
    }
    void *place = (void *)(self->base + segment->p_vaddr - segment->p_offset + begin);
    int protection = PROT_READ | ((segment->p_flags & PF_X) != 0 ? PROT_EXEC : 0);
    if (mmap(place, end - begin, protection, MAP_PRIVATE | MAP_FIXED, self->original,
             (off_t)begin) == MAP_FAILED) {
        return; // too many mappings: the copy's own pages remain
    }
    self->shared += end - begin;
    // Not a first page in which another segment ends: that one still needs the copy's page.
    size_t own = (segment->p_offset + page_size() - 1) & ~(page_size() - 1);
    begin = begin < own ? own : begin;
    (void)fallocate(self->copy, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)begin,
                    (off_t)(end - begin));
}

static void
share_segment(sharing *self, const Elf64_Phdr *segment, const size_t *patched, size_t count)
{
    size_t page = page_size(), begin = segment->p_offset & ~(page - 1);
    // Only whole pages: the next segment may begin in the last one, and has patches of its own.
    size_t end = (segment->p_offset + segment->p_filesz) & ~(page - 1);
    for (size_t i = 0; i < count; i++) {
        if (patched[i] >= begin && patched[i] < end) {
            share_run(self, segment, begin, patched[i] & ~(page - 1));
            begin = (patched[i] & ~(page - 1)) + page;
        }
    }
    share_run(self, segment, begin, end);
}

// An optimisation: on failure the copy's own pages remain.
static void
share_pages(elf_copy *self, const elf_file *file, void *handle)
{
    struct link_map *map;
    int original = open(file->path, O_RDONLY | O_CLOEXEC);
    if (original < 0) {
        return;
    }
    if (dlinfo(handle, RTLD_DI_LINKMAP, &map) == 0) {
        if (self->patch_count > 0) {
            qsort(self->patched, self->patch_count, sizeof *self->patched, compare);
        }
        sharing work = {original, self->descriptor, map->l_addr, 0};
        for (int i = 0; i < file->segment_count; i++) {
            const Elf64_Phdr *each = &file->segments[i];
            if (each->p_type == PT_LOAD && (each->p_flags & PF_W) == 0) {
                share_segment(&work, each, self->patched, self->patch_count);
            }
        }
        self->shared = work.shared;
    }
    close(original);
}

// ---- loading ----

// A path to the descriptor. Redundant slashes and dots encode the number, so that paths differ.
static size_t
write_path(int descriptor, unsigned number, char *path)
{
    char *end = path + sprintf(path, "/proc/self/fd");
    for (; number != 0; number /= 2) {
        end += sprintf(end, number % 2 == 0 ? "/" : "/.");
    }
    return (size_t)(end - path) + (size_t)sprintf(end, "/%d", descriptor);
}

// glibc remembers the path of each loaded file, and numbers of descriptors are reused.
static bool
is_known(const char *path)
{
    void *handle = loading_open(path, RTLD_LAZY | RTLD_NOLOAD);
    if (handle != NULL) {
        loading_close(handle);
    }
    return handle != NULL;
}

// The link to this copy, or to the one with its path, among those whose paths are in use.
static elf_copy **
find_locked(const elf_copy *self, bool is_same)
{
    elf_copy **each = &in_use;
    while (*each != NULL && (is_same ? *each != self : strcmp((*each)->path, self->path) != 0)) {
        each = &(*each)->next;
    }
    return each;
}

static bool
try_to_use_path(elf_copy *self)
{
    elf_copy_lock();
    elf_copy **link = find_locked(self, false);
    bool is_free = *link == NULL;
    if (is_free) {
        *link = self;
    }
    elf_copy_unlock();
    if (is_free && is_known(self->path)) {
        elf_copy_forget(self);
        is_free = false;
    }
    return is_free;
}

static void
choose_path(elf_copy *self, const char *name)
{
    size_t longest = name == NULL ? 0 : strlen(name);
    for (unsigned number = 0; write_path(self->descriptor, number, self->path) <= longest;
         number++) {
        if (try_to_use_path(self)) {
            return;
        }
    }
    do {
        write_path(self->descriptor, atomic_fetch_add(&serial, 1), self->path);
    } while (!try_to_use_path(self));
}

void
elf_copy_forget(elf_copy *self)
{
    elf_copy_lock();
    elf_copy **link = find_locked(self, true);
    if (*link != NULL) {
        *link = self->next;
        self->next = NULL;
    }
    elf_copy_unlock();
}

bool
elf_copy_make(elf_copy *self, const elf_file *file, const char *name)
{
    *self = (elf_copy){.descriptor = open_nameless(basename(file->path))};
    if (self->descriptor < 0) {
        return false;
    }
    if (!write_segments(self->descriptor, file, &self->copied)) {
        int reason = errno;
        elf_copy_drop(self);
        errno = reason;
        return false;
    }
    choose_path(self, name);
    return true;
}

void
elf_copy_drop(elf_copy *self)
{
    if (self->descriptor >= 0) {
        close(self->descriptor);
        self->descriptor = -1;
    }
    free(self->patched);
    self->patched = NULL;
}

// The text of dlerror, with the original's path in place of the copy's.
static void
describe(char *failure, size_t size, const elf_file *file, const char *path, const char *reason)
{
    const char *at = strstr(reason, path);
    if (at == NULL) {
        text_fit(failure, size, "%s", reason);
        return;
    }
    text_fit(failure, size, "%.*s%s%s", (int)(at - reason), reason, file->path, at + strlen(path));
}

void *
elf_copy_load(elf_copy *self, const elf_file *file, int flags, char *failure, size_t failure_size)
{
    void *handle = loading_open(self->path, flags);
    if (handle == NULL) {
        describe(failure, failure_size, file, self->path, dlerror());
    }
    else if (!file->has_text_relocations) {
        share_pages(self, file, handle);
    }
    elf_copy_drop(self);
    return handle;
}

static int
has_path(struct dl_phdr_info *info, size_t size, void *path)
{
    return strcmp(info->dlpi_name, path) == 0;
}

bool
elf_copy_is_loaded(const char *path)
{
    return loading_list(has_path, (void *)path) != 0;
}

static int
rest(struct dl_phdr_info *info, size_t size, void *path)
{
    if (strcmp(info->dlpi_name, path) != 0) {
        return 0;
    }
    for (int i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *each = &info->dlpi_phdr[i];
        if (each->p_type == PT_LOAD && (each->p_flags & PF_W) == 0) {
            uintptr_t begin = (info->dlpi_addr + each->p_vaddr) & ~(page_size() - 1);
            size_t length = info->dlpi_addr + each->p_vaddr + each->p_filesz - begin;
            (void)madvise((void *)begin, length, MADV_DONTNEED); // only a hint
        }
    }
    return 1;
}

void
elf_copy_rest(const char *path)
{
    loading_list(rest, (void *)path);
}
