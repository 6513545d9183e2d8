#include "ground/bell.h"

#include <pthread.h>
#include <stdbool.h>

static struct {
    pthread_mutex_t mutex; // guards is_rung; a leaf
    pthread_cond_t changed;
    bool is_rung;
} bell = {.mutex = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};

void
bell_ring(void)
{
    pthread_mutex_lock(&bell.mutex);
    bell.is_rung = true;
    pthread_cond_signal(&bell.changed);
    pthread_mutex_unlock(&bell.mutex);
}

void
bell_wait(void)
{
    pthread_mutex_lock(&bell.mutex);
    while (!bell.is_rung) {
        pthread_cond_wait(&bell.changed, &bell.mutex);
    }
    bell.is_rung = false;
    pthread_mutex_unlock(&bell.mutex);
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
    bell.is_rung = false;
}
