#include "ground/base/names.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "ground/base/hash.h"

#define BUCKETS  4096
#define RESERVED 4096 // of NAMES_MAX: kept for essential names

typedef struct {
    size_t size;
    int32_t next; // in its bucket, as index + 1; 0 ends
    char *text;   // owned
    bool is_value;
} name_entry;

static struct {
    pthread_mutex_t mutex; // guards all of it; entries below count never change
    name_entry entries[NAMES_MAX];
    int32_t buckets[BUCKETS]; // index + 1
    int32_t count;
    atomic_uint value_epoch; // read without the mutex
} names = {.mutex = PTHREAD_MUTEX_INITIALIZER};

static uint32_t
bucket_of(const char *utf8, size_t size)
{
    return hash_add(HASH_BEGIN, utf8, size) % BUCKETS;
}

static int32_t
find_locked(const char *utf8, size_t size, uint32_t bucket)
{
    int32_t link = names.buckets[bucket];
    while (link != 0) {
        name_entry *entry = &names.entries[link - 1];
        if (entry->size == size && memcmp(entry->text, utf8, size) == 0) {
            return link - 1;
        }
        link = entry->next;
    }
    return NAME_NONE;
}

static int32_t
add_locked(const char *utf8, size_t size, uint32_t bucket, bool is_essential)
{
    int32_t limit = is_essential ? NAMES_MAX : NAMES_MAX - RESERVED;
    char *text = names.count < limit ? malloc(size + 1) : NULL;
    if (text == NULL) {
        return NAME_NONE;
    }
    memcpy(text, utf8, size);
    text[size] = '\0';
    int32_t index = names.count++;
    names.entries[index] = (name_entry){size, names.buckets[bucket], text, false};
    names.buckets[bucket] = index + 1;
    return index;
}

int32_t
names_index(const char *utf8, size_t size, bool is_essential)
{
    uint32_t bucket = bucket_of(utf8, size);
    pthread_mutex_lock(&names.mutex);
    int32_t index = find_locked(utf8, size, bucket);
    if (index == NAME_NONE) {
        index = add_locked(utf8, size, bucket, is_essential);
    }
    pthread_mutex_unlock(&names.mutex);
    return index;
}

const char *
names_text(int32_t index, size_t *size)
{
    pthread_mutex_lock(&names.mutex);
    name_entry entry = names.entries[index];
    pthread_mutex_unlock(&names.mutex);
    *size = entry.size;
    return entry.text;
}

void
names_mark_value(int32_t index)
{
    pthread_mutex_lock(&names.mutex);
    names.entries[index].is_value = true;
    pthread_mutex_unlock(&names.mutex);
    atomic_fetch_add(&names.value_epoch, 1);
}

bool
names_is_value(int32_t index)
{
    pthread_mutex_lock(&names.mutex);
    bool is_value = names.entries[index].is_value;
    pthread_mutex_unlock(&names.mutex);
    return is_value;
}

unsigned
names_value_epoch(void)
{
    return atomic_load_explicit(&names.value_epoch, memory_order_acquire);
}

void
names_fork_prepare(void)
{
    pthread_mutex_lock(&names.mutex);
}

void
names_fork_parent(void)
{
    pthread_mutex_unlock(&names.mutex);
}

void
names_fork_child(void)
{
    pthread_mutex_init(&names.mutex, NULL);
}
