#include "ground/system/system_thread.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "ground/base/clock.h"

pid_t
system_thread_number(void)
{
    return (pid_t)syscall(SYS_gettid);
}

bool
system_thread_is_main(void)
{
    return getpid() == system_thread_number();
}

bool
system_thread_stack(const char **lowest, size_t *size)
{
    pthread_attr_t attributes;
    if (pthread_getattr_np(pthread_self(), &attributes) != 0) {
        return false;
    }
    void *start;
    size_t guard = 0;
    pthread_attr_getstack(&attributes, &start, size);
    pthread_attr_getguardsize(&attributes, &guard);
    pthread_attr_destroy(&attributes);
    *lowest = (char *)start + guard;
    return true;
}

#if defined(__GLIBC__)

// Of the C++ ABI; the handle is this library's.
int __cxa_thread_atexit_impl(void (*function)(void *), void *argument, void *object);
extern void *__dso_handle __attribute__((visibility("hidden")));

bool
system_thread_at_end(void (*function)(void *))
{
    return __cxa_thread_atexit_impl(function, NULL, &__dso_handle) == 0;
}

#else

static pthread_key_t end_key;
static void (*at_end)(void *);

static void
make_end_key(void)
{
    (void)pthread_key_create(&end_key, at_end);
}

bool
system_thread_at_end(void (*function)(void *))
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    at_end = function;
    pthread_once(&once, make_end_key);
    return pthread_setspecific(end_key, &once) == 0; // any value but NULL
}

#endif

void
system_thread_name(unsigned long number, char *name, size_t size)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/self/task/%lu/comm", number);
    int file = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t count = file < 0 ? 0 : read(file, name, size - 1);
    if (file >= 0) {
        close(file);
    }
    name[count > 0 ? count - 1 : 0] = '\0'; // without the newline
}

int64_t
system_thread_cpu(unsigned long number)
{
    struct timespec used;
    clockid_t clock = (clockid_t)(~(unsigned)number << 3 | 6); // as pthread_getcpuclockid makes it
    if (number == 0 || clock_gettime(clock, &used) != 0) {
        return -1;
    }
    return (int64_t)used.tv_sec * NANOSECONDS_PER_SECOND + used.tv_nsec;
}
