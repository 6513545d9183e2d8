#include "bridge/modules/large_blocks.h"

#include <pthread.h>
#include <stdatomic.h>

#include "ground/base/pointer_map.h"
#include "ground/system/barrier.h"

enum {
    LARGE = 513, // bytes; SMALL_REQUEST_THRESHOLD + 1 in Objects/obmalloc.c, 3.13 to 3.15
    DOMAINS = 3,
    PARTS = 64,
    COUNTS = 1 << 16,
    MANY = 255,
};

typedef struct {
    pthread_mutex_t mutex;
    pointer_map owners; // block -> interpreter id, as a pointer; without main's; under the mutex
} part;

static part parts[PARTS];

// How many noted blocks have a hash, so that most frees need no lock. Written under the lock of its
// part. What is as high as MANY stays so.
static atomic_uchar counts[COUNTS];

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static int windows;                          // that are open; mutex
static PyMemAllocatorEx before[DOMAINS];     // written once, before `is_installed`
static atomic_bool is_installed, has_missed; // has_missed: blocks were freed unseen

static int64_t
current_id(void)
{
    PyThreadState *state = PyThreadState_GetUnchecked();
    return state == NULL ? 0 : PyInterpreterState_GetID(PyThreadState_GetInterpreter(state));
}

// ---- notes ----

static size_t
hash(const void *block)
{
    return (uint64_t)(uintptr_t)block * UINT64_C(0x9E3779B97F4A7C15) >> 48;
}

static void
count_locked(size_t where, int change)
{
    unsigned now = atomic_load_explicit(&counts[where], memory_order_relaxed);
    if (now != MANY) {
        atomic_store_explicit(&counts[where], (unsigned char)(now + change), memory_order_relaxed);
    }
}

// Returns whose it was noted for before; 0: nobody's.
static int64_t
note(const void *block, int64_t id)
{
    size_t where = hash(block);
    part *here = &parts[where % PARTS];
    pthread_mutex_lock(&here->mutex);
    int64_t earlier = (intptr_t)pointer_map_get(&here->owners, block);
    // Out of memory for the note, the block will not be freed, as in CPython.
    if (earlier == 0 && pointer_map_set(&here->owners, block, (void *)(intptr_t)id)) {
        count_locked(where, 1);
    }
    pthread_mutex_unlock(&here->mutex);
    return earlier;
}

// Returns whose it was. Whoever frees a block has seen that it was counted.
static int64_t
forget(const void *block)
{
    size_t where = hash(block);
    part *here = &parts[where % PARTS];
    if (block == NULL || atomic_load_explicit(&counts[where], memory_order_relaxed) == 0) {
        return 0;
    }
    pthread_mutex_lock(&here->mutex);
    int64_t id = (intptr_t)pointer_map_get(&here->owners, block);
    if (id != 0) {
        pointer_map_remove(&here->owners, block);
        count_locked(where, -1);
    }
    pthread_mutex_unlock(&here->mutex);
    return id;
}

static bool
is_noted_for(const void *block, int64_t id)
{
    part *here = &parts[hash(block) % PARTS];
    pthread_mutex_lock(&here->mutex);
    bool is_noted = (intptr_t)pointer_map_get(&here->owners, block) == id;
    pthread_mutex_unlock(&here->mutex);
    return is_noted;
}

// ---- the allocators ----

static void *
note_new(void *block)
{
    int64_t id = block == NULL ? 0 : current_id();
    if (id != 0 && note(block, id) != 0) {
        atomic_store(&has_missed, true);
    }
    return block;
}

static void *
note_resized(void *block)
{
    int64_t id = block == NULL ? 0 : current_id();
    if (id != 0) {
        (void)note(block, id); // resize_raw may have noted it
    }
    return block;
}

// They ignore their context, and keep what it was: threads may read it with the other function.
#define WATCH(NAME, DOMAIN)                                                                        \
    static void *malloc_##NAME(void *unused, size_t size)                                          \
    {                                                                                              \
        void *block = before[DOMAIN].malloc(before[DOMAIN].ctx, size);                             \
        return size < LARGE ? block : note_new(block);                                             \
    }                                                                                              \
    static void *calloc_##NAME(void *unused, size_t count, size_t size)                            \
    {                                                                                              \
        void *block = before[DOMAIN].calloc(before[DOMAIN].ctx, count, size);                      \
        return count * size < LARGE ? block : note_new(block);                                     \
    }                                                                                              \
    static void *realloc_##NAME(void *unused, void *old, size_t size)                              \
    {                                                                                              \
        void *block = before[DOMAIN].realloc(before[DOMAIN].ctx, old, size);                       \
        return size < LARGE ? block : note_resized(block);                                         \
    }

WATCH(mem, PYMEM_DOMAIN_MEM)
WATCH(object, PYMEM_DOMAIN_OBJ)

static void *
resize_raw(void *unused, void *old, size_t size)
{
    const PyMemAllocatorEx *raw = &before[PYMEM_DOMAIN_RAW];
    int64_t id = forget(old);
    void *block = raw->realloc(raw->ctx, old, size);
    if (id != 0) {
        (void)note(block == NULL ? old : block, id);
    }
    return block;
}

static void
free_raw(void *unused, void *block)
{
    (void)forget(block);
    before[PYMEM_DOMAIN_RAW].free(before[PYMEM_DOMAIN_RAW].ctx, block);
}

// ---- windows ----

static void
install(void)
{
    for (int i = 0; i < PARTS; i++) {
        pthread_mutex_init(&parts[i].mutex, NULL);
    }
    for (int i = 0; i < DOMAINS; i++) {
        PyMem_GetAllocator((PyMemAllocatorDomain)i, &before[i]);
    }
    barrier_heavy(); // threads of other interpreters allocate meanwhile
    PyMemAllocatorEx raw = before[PYMEM_DOMAIN_RAW];
    raw.realloc = resize_raw;
    raw.free = free_raw;
    PyMem_SetAllocator(PYMEM_DOMAIN_RAW, &raw);
    atomic_store(&is_installed, true);
}

// Does nothing if others have put theirs over what is to be replaced.
static void
replace(PyMemAllocatorDomain domain, const PyMemAllocatorEx *old, PyMemAllocatorEx *new)
{
    PyMemAllocatorEx now;
    PyMem_GetAllocator(domain, &now);
    if (now.malloc == old->malloc) {
        PyMem_SetAllocator(domain, new);
    }
}

static void
watch(bool is_on)
{
    static const PyMemAllocatorEx functions[] = {
        [PYMEM_DOMAIN_MEM] = {NULL, malloc_mem, calloc_mem, realloc_mem, NULL},
        [PYMEM_DOMAIN_OBJ] = {NULL, malloc_object, calloc_object, realloc_object, NULL},
    };
    for (int i = PYMEM_DOMAIN_MEM; i <= PYMEM_DOMAIN_OBJ; i++) {
        PyMemAllocatorEx ours = functions[i];
        ours.ctx = before[i].ctx;
        ours.free = before[i].free;
        replace((PyMemAllocatorDomain)i, is_on ? &before[i] : &ours, is_on ? &ours : &before[i]);
    }
}

void
large_blocks_open(void)
{
    pthread_mutex_lock(&mutex);
    if (!atomic_load(&is_installed)) {
        install();
    }
    if (windows++ == 0 && !atomic_load(&has_missed)) {
        watch(true);
    }
    pthread_mutex_unlock(&mutex);
}

void
large_blocks_shut(void)
{
    pthread_mutex_lock(&mutex);
    if (--windows == 0) {
        watch(false);
    }
    pthread_mutex_unlock(&mutex);
}

// ---- the end of an interpreter ----

void
large_blocks_verify(void)
{
    if (!atomic_load(&is_installed)) {
        return;
    }
    int64_t id = current_id();
    large_blocks_open();
    void *block = PyMem_Malloc(LARGE);
    large_blocks_shut();
    bool is_noted = block != NULL && is_noted_for(block, id);
    PyMem_Free(block);
    // Others may have got it meanwhile, for other interpreters.
    if (block != NULL && (!is_noted || is_noted_for(block, id))) {
        atomic_store(&has_missed, true);
    }
}

typedef struct dead {
    struct dead *next;
} dead;

static dead *
take_all_of(part *here, int64_t id)
{
    dead *taken = NULL;
    size_t position = 0;
    pointer_pair pair;
    pthread_mutex_lock(&here->mutex);
    while (pointer_map_next(&here->owners, &position, &pair)) {
        if ((intptr_t)pair.value == id) {
            dead *block = (dead *)pair.key;
            block->next = taken;
            taken = block;
        }
    }
    for (dead *each = taken; each != NULL; each = each->next) {
        pointer_map_remove(&here->owners, each);
        count_locked(hash(each), -1);
    }
    pthread_mutex_unlock(&here->mutex);
    return taken;
}

void
large_blocks_free_of(int64_t interpreter_id)
{
    bool may_free = atomic_load(&is_installed) && !atomic_load(&has_missed);
    for (int i = 0; may_free && i < PARTS; i++) {
        dead *each = take_all_of(&parts[i], interpreter_id);
        while (each != NULL) {
            dead *next = each->next;
            before[PYMEM_DOMAIN_RAW].free(before[PYMEM_DOMAIN_RAW].ctx, each);
            each = next;
        }
    }
}

// ---- fork ----

void
large_blocks_fork_prepare(void)
{
    pthread_mutex_lock(&mutex);
    for (int i = 0; atomic_load(&is_installed) && i < PARTS; i++) {
        pthread_mutex_lock(&parts[i].mutex);
    }
}

void
large_blocks_fork_parent(void)
{
    for (int i = 0; atomic_load(&is_installed) && i < PARTS; i++) {
        pthread_mutex_unlock(&parts[i].mutex);
    }
    pthread_mutex_unlock(&mutex);
}

void
large_blocks_fork_child(void)
{
    for (int i = 0; i < PARTS; i++) {
        pthread_mutex_init(&parts[i].mutex, NULL);
    }
    pthread_mutex_init(&mutex, NULL);
}
