#include "ground/gong.h"

#include <pthread.h>

static struct {
    pthread_mutex_t mutex; // guards rings; a leaf
    pthread_cond_t changed;
    uint64_t rings;
} gong = {.mutex = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};

void
gong_ring(void)
{
    pthread_mutex_lock(&gong.mutex);
    gong.rings++;
    pthread_cond_broadcast(&gong.changed);
    pthread_mutex_unlock(&gong.mutex);
}

uint64_t
gong_wait(uint64_t heard)
{
    pthread_mutex_lock(&gong.mutex);
    while (gong.rings <= heard) {
        pthread_cond_wait(&gong.changed, &gong.mutex);
    }
    uint64_t rings = gong.rings;
    pthread_mutex_unlock(&gong.mutex);
    return rings;
}

void
gong_fork_prepare(void)
{
    pthread_mutex_lock(&gong.mutex);
}

void
gong_fork_parent(void)
{
    pthread_mutex_unlock(&gong.mutex);
}

void
gong_fork_child(void)
{
    pthread_mutex_init(&gong.mutex, NULL);
    pthread_cond_init(&gong.changed, NULL);
    gong.rings = 0;
}
