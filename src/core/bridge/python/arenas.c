#include "bridge/python/arenas.h"

#include <pthread.h>

#include "ground/base/pointer_map.h"

static struct {
    pthread_mutex_t mutex;         // guards the map
    pointer_map owners;            // arena -> interpreter id, as a pointer; without main's arenas
    PyObjectArenaAllocator before; // set once
} arenas = {.mutex = PTHREAD_MUTEX_INITIALIZER};

// The size of obmalloc's arenas on 64-bit machines. The allocator also serves stacks of frames, of
// other sizes, which thread states free.
#define ARENA_SIZE ((size_t)1 << 20)

static void *
allocate(void *context, size_t size)
{
    void *arena = arenas.before.alloc(arenas.before.ctx, size);
    PyThreadState *state = PyThreadState_GetUnchecked();
    int64_t id = state == NULL ? 0 : PyInterpreterState_GetID(PyThreadState_GetInterpreter(state));
    if (arena != NULL && id != 0 && size == ARENA_SIZE) {
        pthread_mutex_lock(&arenas.mutex);
        // Out of memory for the note, the arena will not be freed, as in CPython.
        bool is_noted = pointer_map_set(&arenas.owners, arena, (void *)(intptr_t)id);
        pthread_mutex_unlock(&arenas.mutex);
        (void)is_noted;
    }
    return arena;
}

static void
release(void *context, void *arena, size_t size)
{
    if (arena != NULL) { // 3.15 also frees arenas that were not allocated (NULL)
        pthread_mutex_lock(&arenas.mutex);
        pointer_map_remove(&arenas.owners, arena);
        pthread_mutex_unlock(&arenas.mutex);
    }
    arenas.before.free(arenas.before.ctx, arena, size);
}

void
arenas_install(void)
{
    PyObject_GetArenaAllocator(&arenas.before);
    PyObjectArenaAllocator ours = {NULL, allocate, release};
    PyObject_SetArenaAllocator(&ours);
}

static void *
take_one_of(int64_t id)
{
    size_t position = 0;
    pointer_pair pair;
    void *arena = NULL;
    pthread_mutex_lock(&arenas.mutex);
    while (arena == NULL && pointer_map_next(&arenas.owners, &position, &pair)) {
        if ((intptr_t)pair.value == id) {
            arena = (void *)pair.key;
        }
    }
    if (arena != NULL) {
        pointer_map_remove(&arenas.owners, arena);
    }
    pthread_mutex_unlock(&arenas.mutex);
    return arena;
}

void
arenas_free_of(int64_t interpreter_id)
{
    void *arena;
    while ((arena = take_one_of(interpreter_id)) != NULL) {
        arenas.before.free(arenas.before.ctx, arena, ARENA_SIZE);
    }
}

void
arenas_each(void (*visit)(int64_t interpreter_id, size_t bytes, void *argument), void *argument)
{
    size_t position = 0;
    pointer_pair pair;
    pthread_mutex_lock(&arenas.mutex);
    while (pointer_map_next(&arenas.owners, &position, &pair)) {
        visit((intptr_t)pair.value, ARENA_SIZE, argument);
    }
    pthread_mutex_unlock(&arenas.mutex);
}

void
arenas_fork_prepare(void)
{
    pthread_mutex_lock(&arenas.mutex);
}

void
arenas_fork_parent(void)
{
    pthread_mutex_unlock(&arenas.mutex);
}

void
arenas_fork_child(void)
{
    pthread_mutex_init(&arenas.mutex, NULL);
}
