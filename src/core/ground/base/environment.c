#include "ground/base/environment.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER; // guards `environ` and what it points to

static bool
is_name(const char *name)
{
    return name[0] != '\0' && strchr(name, '=') == NULL;
}

static bool
get_locked(const char *name, char **value)
{
    const char *found = is_name(name) ? getenv(name) : NULL;
    *value = found == NULL ? NULL : strdup(found);
    return found == NULL || *value != NULL;
}

bool
environment_get(const char *name, char **value)
{
    pthread_mutex_lock(&mutex);
    bool is_done = get_locked(name, value);
    pthread_mutex_unlock(&mutex);
    return is_done;
}

bool
environment_pop(const char *name, char **value)
{
    pthread_mutex_lock(&mutex);
    bool is_done = get_locked(name, value);
    if (*value != NULL) {
        (void)unsetenv(name); // fails for wrong names only
    }
    pthread_mutex_unlock(&mutex);
    return is_done;
}

static size_t
size_locked(void)
{
    size_t size = 0;
    for (char **entry = environ; entry != NULL && *entry != NULL; entry++) {
        size += strlen(*entry) + 1;
    }
    return size;
}

static void
copy_locked(char *to)
{
    for (char **entry = environ; entry != NULL && *entry != NULL; entry++) {
        to = stpcpy(to, *entry) + 1;
    }
}

bool
environment_all(char **entries, size_t *size)
{
    pthread_mutex_lock(&mutex);
    *size = size_locked();
    *entries = malloc(*size + 1);
    if (*entries != NULL) {
        copy_locked(*entries);
    }
    pthread_mutex_unlock(&mutex);
    return *entries != NULL;
}

int
environment_set(const char *name, const char *value)
{
    pthread_mutex_lock(&mutex);
    int error = setenv(name, value, 1) == 0 ? 0 : errno;
    pthread_mutex_unlock(&mutex);
    return error;
}

int
environment_unset(const char *name)
{
    pthread_mutex_lock(&mutex);
    int error = unsetenv(name) == 0 ? 0 : errno;
    pthread_mutex_unlock(&mutex);
    return error;
}

void
environment_clear(void)
{
    pthread_mutex_lock(&mutex);
    (void)clearenv();
    pthread_mutex_unlock(&mutex);
}

void
environment_fork_prepare(void)
{
    pthread_mutex_lock(&mutex);
}

void
environment_fork_parent(void)
{
    pthread_mutex_unlock(&mutex);
}

void
environment_fork_child(void)
{
    pthread_mutex_init(&mutex, NULL);
}
