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
#include "ground/system/loading.h"
#include "ground/system/memory_file.h"
#include "ground/system/pages.h"
#include "ground/base/page.h"
#include "ground/base/text.h"

#define PREFIX          "lib"
#define SERIAL_DIGITS   6
#define WORTH_A_MAPPING 16 // pages
#define NUMBER_SIZE     64 // of the longest that write_number writes

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

typedef struct {
    const elf_file *file;
    int original, copy; // descriptors
    uintptr_t base;
    const size_t *patched; // ascending
    size_t count, shared;
} sharing;

static size_t
page_of(size_t offset)
{
    return offset & ~(page_size() - 1);
}

static int
compare(const void *left, const void *right)
{
    size_t one = *(const size_t *)left, two = *(const size_t *)right;
    return (one > two) - (one < two);
}

// `begin` and `end` are offsets in the file, `begin` at a page boundary.
static void
share(sharing *self, const Elf64_Phdr *segment, size_t begin, size_t end)
{
    void *place = (void *)(self->base + segment->p_vaddr - segment->p_offset + begin);
    int protection = PROT_READ | ((segment->p_flags & PF_X) != 0 ? PROT_EXEC : 0);
    if (mmap(place, end - begin, protection, MAP_PRIVATE | MAP_FIXED, self->original,
             (off_t)begin) == MAP_FAILED) {
        return; // too many mappings: the copy's own pages remain
    }
    self->shared += end - (begin < segment->p_offset ? segment->p_offset : begin);
    // Not a page in which another segment ends or begins: that one still needs the copy's page.
    size_t own = page_of(segment->p_offset + page_size() - 1);
    begin = begin < own ? own : begin;
    end = page_of(end);
    if (begin < end) {
        (void)fallocate(self->copy, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)begin,
                        (off_t)(end - begin));
    }
}

static void
share_run(sharing *self, const Elf64_Phdr *segment, size_t begin, size_t end)
{
    if (end >= begin + WORTH_A_MAPPING * page_size()) {
        share(self, segment, begin, end);
    }
}

// Nothing in it is patched, and nothing else lies in its last page.
static bool
is_as_in_file(const sharing *self, const Elf64_Phdr *segment)
{
    size_t begin = segment->p_offset, size = segment->p_filesz;
    uint64_t last = page_of(segment->p_vaddr + size - 1);
    bool is_equal = size == segment->p_memsz;
    for (size_t i = 0; i < self->count; i++) {
        is_equal &= self->patched[i] < begin || self->patched[i] >= begin + size;
    }
    for (int i = 0; i < self->file->segment_count; i++) {
        const Elf64_Phdr *each = &self->file->segments[i];
        is_equal &= each == segment || each->p_type != PT_LOAD || page_of(each->p_vaddr) != last;
    }
    return is_equal;
}

static void
share_segment(sharing *self, const Elf64_Phdr *segment)
{
    size_t begin = page_of(segment->p_offset), end = segment->p_offset + segment->p_filesz;
    if (is_as_in_file(self, segment)) { // code, mostly: one mapping takes the place of another
        share(self, segment, begin, end);
        return;
    }
    // Only whole pages: the next segment may begin in the last one, and has patches of its own.
    end = page_of(end);
    for (size_t i = 0; i < self->count; i++) {
        if (self->patched[i] >= begin && self->patched[i] < end) {
            share_run(self, segment, begin, page_of(self->patched[i]));
            begin = page_of(self->patched[i]) + page_size();
        }
    }
    share_run(self, segment, begin, end);
}

// An optimisation: on failure the copy's own pages remain.
static void
share_pages(elf_copy *self, const elf_file *file, uintptr_t base)
{
    int original = open(file->path, O_RDONLY | O_CLOEXEC);
    if (original < 0) {
        return;
    }
    if (self->patch_count > 0) {
        qsort(self->patched, self->patch_count, sizeof *self->patched, compare);
    }
    sharing work = {file, original, self->descriptor, base, self->patched, self->patch_count, 0};
    for (int i = 0; i < file->segment_count; i++) {
        const Elf64_Phdr *each = &file->segments[i];
        if (each->p_type == PT_LOAD && (each->p_flags & PF_W) == 0 && each->p_filesz > 0) {
            share_segment(&work, each);
        }
    }
    self->shared = work.shared;
    close(original);
}

// ---- paths ----

// Redundant slashes and dots encode the number, so that paths differ. Returns the end.
static char *
write_number(char *at, unsigned number)
{
    for (; number != 0; number /= 2) {
        at += sprintf(at, number % 2 == 0 ? "/" : "/.");
    }
    return at;
}

// A path to the descriptor.
static size_t
write_path(int descriptor, unsigned number, char *path)
{
    char *end = write_number(path + sprintf(path, MEMORY_FILES), number);
    return (size_t)(end - path) + (size_t)sprintf(end, "/%d", descriptor);
}

// The same path, as no other copy's is spelled.
static char *
spell_anew(const char *path)
{
    const char *name = basename(path), *folder = name == path ? "./" : path;
    int length = name == path ? 1 : (int)(name - path) - 1; // without the last slash
    char *fresh = malloc(strlen(path) + NUMBER_SIZE + sizeof "./");
    if (fresh != NULL) {
        char *end = fresh + sprintf(fresh, "%.*s", length, folder);
        sprintf(write_number(end, atomic_fetch_add(&serial, 1) + 1), "/%s", name);
    }
    return fresh;
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

static void
give_path_back(elf_copy *self)
{
    elf_copy_lock();
    elf_copy **link = find_locked(self, true);
    if (*link != NULL) {
        *link = self->next;
        self->next = NULL;
    }
    elf_copy_unlock();
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
        give_path_back(self);
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

bool
elf_copy_make(elf_copy *self, const elf_file *file, const char *name)
{
    *self = (elf_copy){.descriptor = -1, .original = file->path, .shown = spell_anew(file->path)};
    self->other_name = self->shown == NULL ? NULL : strdup(self->shown);
    if (self->other_name == NULL ||
        (self->descriptor = memory_file_open(basename(file->path))) < 0 ||
        !write_segments(self->descriptor, file, &self->copied)) {
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

// The loader frees the new name, and still finds the copy by the path by which it was opened. Other
// threads may be reading the name before, so that is freed when the copy has gone.
static void
show_origin(elf_copy *self, struct link_map *map)
{
    self->other_name = __atomic_exchange_n(&map->l_name, self->other_name, __ATOMIC_ACQ_REL);
}

void *
elf_copy_load(elf_copy *self, const elf_file *file, int flags, char *failure, size_t failure_size)
{
    void *handle = loading_open(self->path, flags);
    struct link_map *map = handle == NULL ? NULL : loading_record(handle);
    if (handle == NULL) {
        describe(failure, failure_size, file, self->path, dlerror());
    }
    else if (map != NULL) {
        show_origin(self, map);
        if (!file->has_text_relocations) {
            share_pages(self, file, map->l_addr);
        }
    }
    elf_copy_drop(self);
    return handle;
}

// ---- once it is loaded ----

void
elf_copy_forget(elf_copy *self)
{
    give_path_back(self);
    free(self->shown);
    free(self->other_name);
    self->shown = self->other_name = NULL;
}

static int
is_shown(struct dl_phdr_info *info, size_t size, void *path)
{
    return strcmp(info->dlpi_name, path) == 0;
}

bool
elf_copy_is_loaded(const elf_copy *self)
{
    return loading_list(is_shown, self->shown) != 0;
}

const char *
elf_copy_original(const char *shown)
{
    elf_copy_lock();
    const elf_copy *each = in_use;
    while (each != NULL && strcmp(each->shown, shown) != 0) {
        each = each->next;
    }
    const char *original = each == NULL ? NULL : each->original;
    elf_copy_unlock();
    return original;
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
            pages_can_be_dropped((void *)begin, length);
        }
    }
    return 1;
}

void
elf_copy_rest(const elf_copy *self)
{
    loading_list(rest, self->shown);
}
