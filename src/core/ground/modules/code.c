#include "ground/modules/code.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "ground/base/hash.h"

#define BUCKETS 4096
#define LIMIT   ((size_t)128 << 20)

static struct {
    pthread_mutex_t mutex; // guards all of it
    code *buckets[BUCKETS];
    code *oldest, *newest;
    code_totals totals;
} table = {.mutex = PTHREAD_MUTEX_INITIALIZER, .totals.limit = LIMIT};

// ---- entries ----

static size_t
footprint(const code *self)
{
    return sizeof *self + self->source.path_size + self->size;
}

static code *
code_new(const code_source *source, const char *marshaled, size_t size)
{
    code *self = malloc(sizeof *self + source->path_size + size);
    if (self != NULL) {
        char *path = (char *)(self + 1), *contents = path + source->path_size;
        *self = (code){.source = *source, .marshaled = contents, .size = size};
        atomic_init(&self->count, 1);
        self->source.path = path;
        memcpy(path, source->path, source->path_size);
        memcpy(contents, marshaled, size);
    }
    return self;
}

void
code_decref(code *self)
{
    // Release: this thread has read it. Acquire: so have all others, before it is freed.
    if (atomic_fetch_sub_explicit(&self->count, 1, memory_order_acq_rel) == 1) {
        free(self);
    }
}

// ---- the table ----

static code **
bucket_of(const code_source *source)
{
    uint32_t hash = hash_add(HASH_BEGIN ^ (uint32_t)source->level, source->path, source->path_size);
    return &table.buckets[hash % BUCKETS];
}

// The code of the same file, though perhaps not of what is in the file now.
static code *
find_file_locked(const code_source *source)
{
    code *each = *bucket_of(source);
    while (each != NULL &&
           !(each->source.level == source->level && each->source.path_size == source->path_size &&
             memcmp(each->source.path, source->path, source->path_size) == 0)) {
        each = each->next;
    }
    return each;
}

static bool
is_of(const code *self, const code_source *source)
{
    return self != NULL && self->source.hash == source->hash &&
           self->source.source_size == source->source_size;
}

static void
add_locked(code *added)
{
    code **bucket = bucket_of(&added->source);
    added->next = *bucket;
    *bucket = added;
    added->older = table.newest;
    *(table.newest == NULL ? &table.oldest : &table.newest->newer) = added;
    table.newest = added;
    table.totals.modules++;
    table.totals.bytes += footprint(added);
}

static void
remove_locked(code *removed)
{
    code **link = bucket_of(&removed->source);
    while (*link != removed) {
        link = &(*link)->next;
    }
    *link = removed->next;
    *(removed->older == NULL ? &table.oldest : &removed->older->newer) = removed->newer;
    *(removed->newer == NULL ? &table.newest : &removed->newer->older) = removed->older;
    table.totals.modules--;
    table.totals.bytes -= footprint(removed);
    code_decref(removed);
}

static void
make_room_locked(size_t bytes)
{
    while (table.oldest != NULL && table.totals.bytes + bytes > table.totals.limit) {
        remove_locked(table.oldest);
    }
}

// ---- from outside ----

code *
code_find(const code_source *source)
{
    pthread_mutex_lock(&table.mutex);
    code *found = find_file_locked(source);
    if (!is_of(found, source)) {
        found = NULL;
    }
    else {
        atomic_fetch_add_explicit(&found->count, 1, memory_order_relaxed);
    }
    pthread_mutex_unlock(&table.mutex);
    return found;
}

void
code_keep(const code_source *source, const char *marshaled, size_t size)
{
    code *added = code_new(source, marshaled, size);
    if (added == NULL) {
        return;
    }
    pthread_mutex_lock(&table.mutex);
    code *known = find_file_locked(source);
    if (known != NULL) {
        remove_locked(known);
    }
    bool has_room = footprint(added) <= table.totals.limit;
    if (has_room) {
        make_room_locked(footprint(added));
        add_locked(added);
    }
    pthread_mutex_unlock(&table.mutex);
    if (!has_room) {
        code_decref(added);
    }
}

size_t
code_limit(size_t bytes)
{
    pthread_mutex_lock(&table.mutex);
    size_t before = table.totals.limit;
    table.totals.limit = bytes;
    make_room_locked(0);
    pthread_mutex_unlock(&table.mutex);
    return before;
}

code_totals
code_count(void)
{
    pthread_mutex_lock(&table.mutex);
    code_totals totals = table.totals;
    pthread_mutex_unlock(&table.mutex);
    return totals;
}

void
code_fork_prepare(void)
{
    pthread_mutex_lock(&table.mutex);
}

void
code_fork_parent(void)
{
    pthread_mutex_unlock(&table.mutex);
}

void
code_fork_child(void)
{
    pthread_mutex_init(&table.mutex, NULL);
}
