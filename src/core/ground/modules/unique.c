#include "ground/modules/unique.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "ground/base/hash.h"
#include "ground/modules/interposition.h"
#include "ground/system/loading.h"

typedef struct unique_symbol {
    struct unique_symbol *next; // with the same hash
    const void *library;        // that has it; NULL: it is forgotten
    void *address;
    char name[];
} unique_symbol;

static const void *
key_of(const char *name)
{
    return (void *)(uintptr_t)(hash_add(HASH_BEGIN, name, strlen(name)) | 1); // no key is NULL
}

static unique_symbol *
find(const unique_symbols *self, const void *key, const char *name)
{
    unique_symbol *each = pointer_map_get(&self->by_hash, key);
    while (each != NULL && strcmp(each->name, name) != 0) {
        each = each->next;
    }
    return each;
}

static unique_symbol *
find_or_add(unique_symbols *self, const char *name)
{
    const void *key = key_of(name);
    unique_symbol *found = find(self, key, name);
    if (found != NULL) {
        return found;
    }
    unique_symbol *made = malloc(sizeof *made + strlen(name) + 1);
    if (made == NULL) {
        return NULL;
    }
    *made = (unique_symbol){.next = pointer_map_get(&self->by_hash, key)};
    strcpy(made->name, name);
    if (!pointer_map_set(&self->by_hash, key, made)) {
        free(made);
        return NULL;
    }
    return made;
}

// `runtime` is the handle of C++'s run-time, or NULL.
static bool
add(unique_symbols *self, void *library, void *runtime, const char *name, void *address)
{
    unique_symbol *symbol = find_or_add(self, name);
    if (symbol != NULL && symbol->library == NULL) {
        void *shared = runtime == NULL ? NULL : dlsym(runtime, name);
        symbol->library = library;
        symbol->address = shared == NULL ? address : shared;
    }
    return symbol != NULL;
}

static bool
add_all(unique_symbols *self, void *library, const elf_file *file)
{
    void *runtime =
        file->unique_count == 0 ? NULL : loading_open("libstdc++.so.6", RTLD_LAZY | RTLD_NOLOAD);
    const struct link_map *map = loading_record(library);
    const char *names = relocations_names(map);
    bool is_complete = true;
    for (size_t i = 0; is_complete && i < file->unique_count; i++) {
        Elf64_Sym symbol;
        memcpy(&symbol, file->bytes + file->unique[i] - offsetof(Elf64_Sym, st_info),
               sizeof symbol);
        if (symbol.st_shndx != SHN_UNDEF && ELF64_ST_TYPE(symbol.st_info) == STT_OBJECT) {
            is_complete = add(self, library, runtime, names + symbol.st_name,
                              (void *)(map->l_addr + symbol.st_value));
        }
    }
    if (runtime != NULL) {
        loading_close(runtime);
    }
    return is_complete;
}

static void *
choose(const char *name, void *unused, void *symbols)
{
    const unique_symbol *found = find(symbols, key_of(name), name);
    return found == NULL || found->library == NULL ? NULL : found->address;
}

bool
unique_join(unique_symbols *self, void *library, const elf_file *file)
{
    return add_all(self, library, file) &&
           (self->by_hash.count == 0 || relocations_replace(library, choose, self));
}

void
unique_forget(unique_symbols *self, const void *library)
{
    size_t position = 0;
    pointer_pair pair;
    while (pointer_map_next(&self->by_hash, &position, &pair)) {
        for (unique_symbol *each = pair.value; each != NULL; each = each->next) {
            each->library = each->library == library ? NULL : each->library;
        }
    }
}

void
unique_free(unique_symbols *self)
{
    size_t position = 0;
    pointer_pair pair;
    while (pointer_map_next(&self->by_hash, &position, &pair)) {
        for (unique_symbol *each = pair.value, *next; each != NULL; each = next) {
            next = each->next;
            free(each);
        }
    }
    pointer_map_free(&self->by_hash);
}
