#include "ground/bell.h"

#include <pthread.h>

static struct {
    pthread_mutex_t mutex; // guards rings; a leaf
    pthread_cond_t changed;
    uint64_t rings;
} bell = {.mutex = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};

void
bell_ring(void)
{
    pthread_mutex_lock(&bell.mutex);
    bell.rings++;
    pthread_cond_broadcast(&bell.changed);
    pthread_mutex_unlock(&bell.mutex);
}

uint64_t
bell_wait(uint64_t heard)
{
    pthread_mutex_lock(&bell.mutex);
    while (bell.rings <= heard) {
        pthread_cond_wait(&bell.changed, &bell.mutex);
    }
    uint64_t rings = bell.rings;
    pthread_mutex_unlock(&bell.mutex);
    return rings;
}

void
bell_fork_prepare(void)
{
    pthread_mutex_lock(&bell.mutex);
}

void
bell_fork_parent(void)
{
    pthread_mutex_unlock(&bell.mutex);
}

void
bell_fork_child(void)
{
    pthread_mutex_init(&bell.mutex, NULL);
    pthread_cond_init(&bell.changed, NULL);
    bell.rings = 0;
}
