#include "ground/modules/elf.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define NATIVE_ORDER (__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? ELFDATA2LSB : ELFDATA2MSB)

// What the dynamic section points to, as offsets in the file; 0: absent.
typedef struct {
    size_t strings, strings_size, symbols, hash, gnu_hash, versions, version_count;
} tables;

static bool
has_range(const elf_file *self, size_t offset, size_t size)
{
    return offset <= self->size && size <= self->size - offset;
}

static bool
has_table(const elf_file *self, size_t offset, size_t size, size_t alignment)
{
    return offset % alignment == 0 && has_range(self, offset, size);
}

// The offset in the file of what is loaded at that address; 0: no segment has it.
static size_t
offset_of(const elf_file *self, uint64_t address)
{
    for (int i = 0; i < self->segment_count; i++) {
        const Elf64_Phdr *each = &self->segments[i];
        if (each->p_type == PT_LOAD && address >= each->p_vaddr &&
            address - each->p_vaddr < each->p_filesz) {
            return address - each->p_vaddr + each->p_offset;
        }
    }
    return 0;
}

// The text is NULL if the file is damaged.
static elf_name
name_at(const elf_file *self, const tables *at, uint64_t index)
{
    size_t offset = at->strings + index;
    bool is_inside = index < at->strings_size && has_range(self, at->strings, at->strings_size) &&
                     memchr(self->bytes + offset, 0, at->strings_size - index) != NULL;
    return (elf_name){is_inside ? (const char *)self->bytes + offset : NULL, offset};
}

static bool
add_name(elf_file *self, elf_name name)
{
    elf_name *names = realloc(self->names, (size_t)(self->name_count + 1) * sizeof *names);
    if (names == NULL || name.text == NULL) {
        self->names = names == NULL ? self->names : names;
        errno = names == NULL ? ENOMEM : ENOEXEC;
        return false;
    }
    self->names = names;
    names[self->name_count++] = name;
    return true;
}

static void
find_tables(elf_file *self, const Elf64_Dyn *dynamic, size_t count, tables *at)
{
    for (size_t i = 0; i < count; i++) {
        uint64_t value = dynamic[i].d_un.d_val;
        switch (dynamic[i].d_tag) {
        case DT_STRTAB:
            at->strings = offset_of(self, value);
            break;
        case DT_STRSZ:
            at->strings_size = value;
            break;
        case DT_SYMTAB:
            at->symbols = offset_of(self, value);
            break;
        case DT_HASH:
            at->hash = offset_of(self, value);
            break;
        case DT_GNU_HASH:
            at->gnu_hash = offset_of(self, value);
            break;
        case DT_VERNEED:
            at->versions = offset_of(self, value);
            break;
        case DT_VERNEEDNUM:
            at->version_count = value;
            break;
        case DT_TEXTREL:
            self->has_text_relocations = true;
            break;
        case DT_FLAGS:
            self->has_text_relocations |= (value & DF_TEXTREL) != 0;
            break;
        case DT_FLAGS_1:
            self->is_permanent = (value & DF_1_NODELETE) != 0;
            break;
        default:
            break;
        }
    }
}

static void
find_constructors(elf_file *self, const Elf64_Dyn *dynamic, size_t count)
{
    for (size_t i = 0; i < count && self->constructor_count < ELF_CONSTRUCTOR_KINDS; i++) {
        Elf64_Sxword tag = dynamic[i].d_tag;
        if (tag == DT_INIT || tag == DT_INIT_ARRAY || tag == DT_FINI || tag == DT_FINI_ARRAY) {
            size_t offset = (size_t)((const unsigned char *)&dynamic[i] - self->bytes);
            self->constructors[self->constructor_count++] = offset + offsetof(Elf64_Dyn, d_tag);
        }
    }
}

// Names of libraries; they are in the table of strings.
static bool
read_library_names(elf_file *self, const Elf64_Dyn *dynamic, size_t count, const tables *at)
{
    for (size_t i = 0; i < count; i++) {
        elf_name name = name_at(self, at, dynamic[i].d_un.d_val);
        switch (dynamic[i].d_tag) {
        case DT_NEEDED:
            if (!add_name(self, name)) {
                return false;
            }
            break;
        case DT_SONAME:
            self->soname = name;
            break;
        case DT_RPATH:
            self->rpath = name.text;
            break;
        case DT_RUNPATH:
            self->runpath = name.text;
            break;
        default:
            break;
        }
    }
    self->needed_count = self->name_count;
    return true;
}

static bool
read_dynamic(elf_file *self, const Elf64_Phdr *segment, tables *at)
{
    const Elf64_Dyn *dynamic = (const void *)(self->bytes + segment->p_offset);
    size_t count = 0;
    while (count < segment->p_filesz / sizeof *dynamic && dynamic[count].d_tag != DT_NULL) {
        count++;
    }
    find_tables(self, dynamic, count, at);
    find_constructors(self, dynamic, count);
    return read_library_names(self, dynamic, count, at);
}

// Names of needed libraries stand here a second time, not always as the same string.
static bool
read_versions(elf_file *self, const tables *at)
{
    size_t offset = at->versions;
    for (size_t i = 0; offset != 0 && i < at->version_count; i++) {
        if (!has_table(self, offset, sizeof(Elf64_Verneed), 4)) {
            errno = ENOEXEC;
            return false;
        }
        const Elf64_Verneed *each = (const void *)(self->bytes + offset);
        if (!add_name(self, name_at(self, at, each->vn_file))) {
            return false;
        }
        offset = each->vn_next == 0 ? 0 : offset + each->vn_next;
    }
    return true;
}

// Of all that is loaded, only the hash tables tell how many symbols there are.
static size_t
count_symbols(const elf_file *self, const tables *at)
{
    if (at->hash != 0 && has_table(self, at->hash, 2 * sizeof(uint32_t), 4)) {
        return ((const uint32_t *)(self->bytes + at->hash))[1];
    }
    if (at->gnu_hash == 0 || !has_table(self, at->gnu_hash, 4 * sizeof(uint32_t), 4)) {
        return 0;
    }
    const uint32_t *header = (const void *)(self->bytes + at->gnu_hash);
    uint32_t bucket_count = header[0], first = header[1], bloom_count = header[2], last = 0;
    size_t buckets_at = at->gnu_hash + 16 + (size_t)bloom_count * 8;
    if (!has_range(self, buckets_at, (size_t)bucket_count * 4)) {
        return 0;
    }
    const uint32_t *buckets = (const void *)(self->bytes + buckets_at);
    for (uint32_t i = 0; i < bucket_count; i++) {
        last = buckets[i] > last ? buckets[i] : last;
    }
    if (last < first) {
        return first;
    }
    size_t chains_at = buckets_at + (size_t)bucket_count * 4;
    for (;; last++) {
        size_t chain_at = chains_at + (size_t)(last - first) * 4;
        if (!has_range(self, chain_at, 4)) {
            return 0;
        }
        if (*(const uint32_t *)(self->bytes + chain_at) & 1) { // the end of its chain
            return (size_t)last + 1;
        }
    }
}

static bool
add_unique(elf_file *self, size_t offset)
{
    size_t *unique = realloc(self->unique, (self->unique_count + 1) * sizeof *unique);
    if (unique == NULL) {
        return false;
    }
    self->unique = unique;
    unique[self->unique_count++] = offset;
    return true;
}

// Does this function of CPython take an argument parser, a static variable of its caller?
static bool
takes_parser(const char *name)
{
    return strncmp(name, "_PyArg_", 7) == 0 && strstr(name, "Keywords") != NULL &&
           strcmp(name, "_PyArg_NoKeywords") != 0;
}

static bool
read_symbols(elf_file *self, const tables *at)
{
    size_t count = count_symbols(self, at);
    if (at->symbols == 0 || !has_table(self, at->symbols, count * sizeof(Elf64_Sym), 8)) {
        errno = ENOEXEC;
        return false;
    }
    const Elf64_Sym *symbols = (const void *)(self->bytes + at->symbols);
    for (size_t i = 1; i < count; i++) {
        if (symbols[i].st_shndx != SHN_UNDEF) {
            size_t where = at->symbols + i * sizeof *symbols + offsetof(Elf64_Sym, st_info);
            if (ELF64_ST_BIND(symbols[i].st_info) == STB_GNU_UNIQUE && !add_unique(self, where)) {
                return false;
            }
            continue;
        }
        const char *name = name_at(self, at, symbols[i].st_name).text;
        if (name == NULL) {
            errno = ENOEXEC;
            return false;
        }
        self->uses_python |= strncmp(name, "Py", 2) == 0 || strncmp(name, "_Py", 3) == 0;
        self->has_exit_handlers |= strcmp(name, "__cxa_atexit") == 0;
        self->has_argument_parsers |= takes_parser(name);
    }
    return true;
}

static bool
read_all(elf_file *self)
{
    const Elf64_Ehdr *header = (const void *)self->bytes;
    errno = ENOEXEC;
    if (!has_range(self, 0, sizeof *header) || memcmp(header->e_ident, ELFMAG, SELFMAG) != 0 ||
        header->e_ident[EI_CLASS] != ELFCLASS64 || header->e_ident[EI_DATA] != NATIVE_ORDER ||
        header->e_type != ET_DYN || header->e_phentsize != sizeof(Elf64_Phdr) ||
        !has_table(self, header->e_phoff, header->e_phnum * sizeof(Elf64_Phdr), 8)) {
        return false;
    }
    self->segments = (const void *)(self->bytes + header->e_phoff);
    self->segment_count = header->e_phnum;
    const Elf64_Phdr *dynamic = NULL;
    for (int i = 0; i < self->segment_count; i++) {
        const Elf64_Phdr *each = &self->segments[i];
        if ((each->p_type == PT_LOAD || each->p_type == PT_DYNAMIC) &&
            !has_range(self, each->p_offset, each->p_filesz)) {
            return false;
        }
        dynamic = each->p_type == PT_DYNAMIC ? each : dynamic;
    }
    if (dynamic == NULL || dynamic->p_offset % 8 != 0) {
        return false;
    }
    tables at = {0};
    return read_dynamic(self, dynamic, &at) && read_versions(self, &at) && read_symbols(self, &at);
}

static bool
map_file(elf_file *self)
{
    int descriptor = open(self->path, O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) {
        return false;
    }
    struct stat status;
    void *bytes = MAP_FAILED;
    if (fstat(descriptor, &status) == 0) {
        self->device = status.st_dev;
        self->inode = status.st_ino;
        self->size = (size_t)status.st_size;
        bytes = mmap(NULL, self->size, PROT_READ, MAP_PRIVATE, descriptor, 0);
        errno = bytes == MAP_FAILED && self->size == 0 ? ENOEXEC : errno;
    }
    int reason = errno;
    close(descriptor);
    errno = reason;
    self->bytes = bytes == MAP_FAILED ? NULL : bytes;
    return self->bytes != NULL;
}

elf_file *
elf_open(const char *path)
{
    elf_file *self = calloc(1, sizeof *self);
    if (self == NULL || (self->path = strdup(path)) == NULL || !map_file(self) || !read_all(self)) {
        int reason = errno;
        elf_close(self);
        errno = reason;
        return NULL;
    }
    return self;
}

void
elf_close(elf_file *self)
{
    if (self == NULL) {
        return;
    }
    if (self->bytes != NULL) {
        munmap((void *)self->bytes, self->size);
    }
    free(self->names);
    free(self->unique);
    free(self->path);
    free(self);
}
