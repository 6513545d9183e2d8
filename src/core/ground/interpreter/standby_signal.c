#include "ground/interpreter/standby_signal.h"

#include <pthread.h>

#include "ground/base/clock.h"

static struct {
    pthread_mutex_t mutex; // guards sent; a leaf
    pthread_cond_t changed;
    uint64_t sent;
} standby_signal = {.mutex = PTHREAD_MUTEX_INITIALIZER};

void
standby_signal_init(void)
{
    condition_init(&standby_signal.changed);
}

void
standby_signal_send(void)
{
    pthread_mutex_lock(&standby_signal.mutex);
    standby_signal.sent++;
    pthread_cond_broadcast(&standby_signal.changed);
    pthread_mutex_unlock(&standby_signal.mutex);
}

uint64_t
standby_signal_wait(uint64_t heard, int64_t deadline)
{
    pthread_mutex_lock(&standby_signal.mutex);
    while (standby_signal.sent == heard &&
           condition_wait(&standby_signal.changed, &standby_signal.mutex, deadline)) {
    }
    uint64_t sent = standby_signal.sent;
    pthread_mutex_unlock(&standby_signal.mutex);
    return sent;
}

void
standby_signal_fork_prepare(void)
{
    pthread_mutex_lock(&standby_signal.mutex);
}

void
standby_signal_fork_parent(void)
{
    pthread_mutex_unlock(&standby_signal.mutex);
}

void
standby_signal_fork_child(void)
{
    pthread_mutex_init(&standby_signal.mutex, NULL);
    condition_init(&standby_signal.changed);
    standby_signal.sent = 0;
}
