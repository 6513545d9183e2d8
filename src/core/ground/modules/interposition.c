#include "ground/modules/interposition.h"

#include <elf.h>
#include <errno.h>
#include <link.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "ground/system/loading.h"
#include "ground/base/page.h"
#include "ground/modules/elf_copy.h"

#define CODE_SIZE 32 // of one trampoline, at most

struct trampolines {
    const interposition *table;
    size_t count;
    unsigned char *code; // owned: a mapping
    size_t code_size;
};

#if defined(__x86_64__)

// movabs $context, register of the argument; movabs $replacement, %rax; jmp *%rax
static void
write_code(unsigned char *code, const interposition *entry, void *context)
{
    static const unsigned char move[][2] = {
        {0x48, 0xbf}, {0x48, 0xbe}, {0x48, 0xba}, {0x48, 0xb9}, {0x49, 0xb8}, {0x49, 0xb9},
    }; // rdi, rsi, rdx, rcx, r8, r9
    memcpy(code, move[entry->position], 2);
    memcpy(code + 2, &context, 8);
    memcpy(code + 10, (unsigned char[]){0x48, 0xb8}, 2);
    memcpy(code + 12, &entry->replacement, 8);
    memcpy(code + 20, (unsigned char[]){0xff, 0xe0}, 2);
}

static bool
is_pointer(uint64_t info)
{
    return ELF64_R_TYPE(info) == R_X86_64_GLOB_DAT || ELF64_R_TYPE(info) == R_X86_64_JUMP_SLOT ||
           ELF64_R_TYPE(info) == R_X86_64_64;
}

#elif defined(__aarch64__)

// Loads the argument's register from the first word behind the code, x16 from the second, and jumps
// to x16: the register that a call may change on its way, and from which a jump may enter a
// function that is guarded (bti c).
static void
write_code(unsigned char *code, const interposition *entry, void *context)
{
    uint32_t instructions[] = {
        0x58000080 | (uint32_t)entry->position, // ldr x<position>, 16 bytes behind this
        0x580000b0,                             // ldr x16, 20 bytes behind this
        0xd61f0200,                             // br x16
        0xd4200000,                             // brk: never reached
    };
    memcpy(code, instructions, sizeof instructions);
    memcpy(code + 16, &context, 8);
    memcpy(code + 24, &entry->replacement, 8);
}

static bool
is_pointer(uint64_t info)
{
    return ELF64_R_TYPE(info) == R_AARCH64_GLOB_DAT || ELF64_R_TYPE(info) == R_AARCH64_JUMP_SLOT ||
           ELF64_R_TYPE(info) == R_AARCH64_ABS64;
}

#else

static void
write_code(unsigned char *code, const interposition *entry, void *context)
{
}

static bool
is_pointer(uint64_t info)
{
    return false;
}

#endif

trampolines *
trampolines_new(const interposition *table, size_t count, void *context)
{
    trampolines *self = malloc(sizeof *self);
    if (self == NULL) {
        return NULL;
    }
    size_t size = (count * CODE_SIZE + page_size() - 1) & ~(page_size() - 1);
    void *code = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (code == MAP_FAILED) {
        free(self);
        return NULL;
    }
    *self = (trampolines){table, count, code, size};
    for (size_t i = 0; i < count; i++) {
        write_code(self->code + i * CODE_SIZE, &table[i], context);
    }
    __builtin___clear_cache((char *)code, (char *)code + size); // nothing on x86-64
    if (mprotect(code, size, PROT_READ | PROT_EXEC) != 0) {
        trampolines_free(self);
        return NULL;
    }
    return self;
}

void
trampolines_free(trampolines *self)
{
    if (self != NULL) {
        munmap(self->code, self->code_size);
        free(self);
    }
}

static const interposition *
find(const trampolines *self, const char *name)
{
    for (size_t i = 0; i < self->count; i++) {
        if (strcmp(self->table[i].name, name) == 0) {
            return &self->table[i];
        }
    }
    return NULL;
}

void *
trampolines_find(const trampolines *self, const char *name)
{
    const interposition *entry = INTERPOSITION_EXISTS ? find(self, name) : NULL;
    bool is_found = entry != NULL && entry->original == NULL; // which only trampolines_bind learns
    return is_found ? self->code + (entry - self->table) * CODE_SIZE : NULL;
}

typedef struct {
    const Elf64_Sym *symbols;
    const char *strings;
    struct {
        const Elf64_Rela *first;
        size_t size; // in bytes
    } tables[2];
} relocations;

static relocations
relocations_of(const struct link_map *map)
{
    relocations found = {0};
    for (const ElfW(Dyn) *each = map->l_ld; each->d_tag != DT_NULL; each++) {
        void *pointer = loading_address(map, each->d_un.d_ptr);
        switch (each->d_tag) {
        case DT_SYMTAB:
            found.symbols = pointer;
            break;
        case DT_STRTAB:
            found.strings = pointer;
            break;
        case DT_RELA:
            found.tables[0].first = pointer;
            break;
        case DT_RELASZ:
            found.tables[0].size = each->d_un.d_val;
            break;
        case DT_JMPREL:
            found.tables[1].first = pointer;
            break;
        case DT_PLTRELSZ:
            found.tables[1].size = each->d_un.d_val;
            break;
        default:
            break;
        }
    }
    return found;
}

// Pages that were made read-only after relocation.
typedef struct {
    uintptr_t base, begin, end;
} protected_range;

static int
find_protected(struct dl_phdr_info *info, size_t size, void *argument)
{
    protected_range *range = argument;
    if (info->dlpi_addr != range->base) {
        return 0;
    }
    for (int i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *each = &info->dlpi_phdr[i];
        if (each->p_type == PT_GNU_RELRO) {
            range->begin = info->dlpi_addr + each->p_vaddr;
            range->end = (range->begin + each->p_memsz) & ~(page_size() - 1);
        }
    }
    return 1;
}

static bool
replace(void **place, void *by, const protected_range *range)
{
    uintptr_t address = (uintptr_t)place;
    bool is_protected = address >= range->begin && address < range->end;
    void *page = (void *)(address & ~(page_size() - 1));
    if (is_protected && mprotect(page, page_size(), PROT_READ | PROT_WRITE) != 0) {
        return false;
    }
    *place = by;
    return !is_protected || mprotect(page, page_size(), PROT_READ) == 0;
}

const char *
relocations_names(const struct link_map *map)
{
    return relocations_of(map).strings;
}

bool
relocations_replace(void *library, relocations_chooser *choose, void *argument)
{
    const struct link_map *map = loading_record(library);
    if (map == NULL) {
        errno = EINVAL;
        return false;
    }
    protected_range range = {.base = map->l_addr};
    loading_list(find_protected, &range);
    relocations found = relocations_of(map);
    for (int table = 0; table < 2; table++) {
        const Elf64_Rela *first = found.tables[table].first;
        size_t count = first == NULL ? 0 : found.tables[table].size / sizeof *first;
        for (size_t i = 0; i < count; i++) {
            if (!is_pointer(first[i].r_info)) {
                continue;
            }
            const Elf64_Sym *symbol = &found.symbols[ELF64_R_SYM(first[i].r_info)];
            void **place = (void **)(map->l_addr + first[i].r_offset);
            char *chosen = choose(found.strings + symbol->st_name, *place, argument);
            void *by = chosen == NULL ? *place : chosen + first[i].r_addend;
            if (by != *place && !replace(place, by, &range)) {
                return false;
            }
        }
    }
    return true;
}

// A library may have C++'s run-time in itself: what that calls is replaced in there.
static bool
is_of_copy(const void *function)
{
    Dl_info found;
    return loading_find(function, &found, NULL, 0) && elf_copy_original(found.dli_fname) != NULL;
}

static void *
choose(const char *name, void *now, void *argument)
{
    const trampolines *self = argument;
    const interposition *entry = find(self, name);
    if (entry == NULL || (entry->original != NULL && is_of_copy(now))) {
        return NULL;
    }
    if (entry->original != NULL) {
        atomic_store(entry->original, now);
    }
    return self->code + (entry - self->table) * CODE_SIZE;
}

bool
trampolines_bind(const trampolines *self, void *library)
{
    return relocations_replace(library, choose, (void *)self);
}
