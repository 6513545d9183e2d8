#include "ground/interpreter/gong.h"

#include <pthread.h>

#include "ground/base/clock.h"

static struct {
    pthread_mutex_t mutex; // guards rings; a leaf
    pthread_cond_t changed;
    uint64_t rings;
} gong = {.mutex = PTHREAD_MUTEX_INITIALIZER};

void
gong_init(void)
{
    condition_init(&gong.changed);
}

void
gong_ring(void)
{
    pthread_mutex_lock(&gong.mutex);
    gong.rings++;
    pthread_cond_broadcast(&gong.changed);
    pthread_mutex_unlock(&gong.mutex);
}

uint64_t
gong_wait(uint64_t heard, int64_t deadline)
{
    pthread_mutex_lock(&gong.mutex);
    while (gong.rings == heard && condition_wait(&gong.changed, &gong.mutex, deadline)) {
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
    condition_init(&gong.changed);
    gong.rings = 0;
}
