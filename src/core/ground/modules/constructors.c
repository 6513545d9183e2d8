#include "ground/modules/constructors.h"

#include <link.h>
#include <stddef.h>
#include <unistd.h>

#include "ground/system/loading.h"

typedef void constructor(int, char **, char **);
typedef void destructor(void);

// glibc hands these to constructors, as an extension; Rust's standard library wants them.
static int argument_count;
static char **arguments;

__attribute__((constructor)) static void
keep_arguments(int count, char **values, char **unused)
{
    argument_count = count;
    arguments = values;
}

// The functions of one kind: `one`, and an array.
typedef struct {
    void *one;
    void **array;
    size_t count;
} functions;

static functions
find(void *library, ElfW(Sxword) one, ElfW(Sxword) array, ElfW(Sxword) size)
{
    const struct link_map *map = loading_record(library);
    functions found = {0};
    if (map == NULL) {
        return found;
    }
    for (const ElfW(Dyn) *each = map->l_ld; each->d_tag != DT_NULL; each++) {
        if (each->d_tag == CONSTRUCTORS_HIDDEN(one)) {
            found.one = (void *)(map->l_addr + each->d_un.d_ptr);
        }
        else if (each->d_tag == CONSTRUCTORS_HIDDEN(array)) {
            found.array = (void *)(map->l_addr + each->d_un.d_ptr);
        }
        else if (each->d_tag == size) {
            found.count = each->d_un.d_val / sizeof *found.array;
        }
    }
    return found;
}

void
constructors_run(void *library)
{
    functions found = find(library, DT_INIT, DT_INIT_ARRAY, DT_INIT_ARRAYSZ);
    if (found.one != NULL) {
        ((constructor *)found.one)(argument_count, arguments, environ);
    }
    for (size_t i = 0; found.array != NULL && i < found.count; i++) {
        ((constructor *)found.array[i])(argument_count, arguments, environ);
    }
}

void
destructors_run(void *library)
{
    functions found = find(library, DT_FINI, DT_FINI_ARRAY, DT_FINI_ARRAYSZ);
    for (size_t i = found.array == NULL ? 0 : found.count; i-- > 0;) {
        ((destructor *)found.array[i])();
    }
    if (found.one != NULL) {
        ((destructor *)found.one)();
    }
}
