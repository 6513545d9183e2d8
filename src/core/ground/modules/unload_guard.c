#include "ground/modules/unload_guard.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>

// One round less than there are: in the last, sanitizers drop their own record of the thread.
#define DESTRUCTOR_ROUNDS (PTHREAD_DESTRUCTOR_ITERATIONS - 1)

typedef struct {
    void *(*function)(void *);
    void *argument;
    unload_guard *of;
    int rounds; // how many rounds of destructors have run as its thread ends
} started_thread;

static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_key_t thread_end;

static void
forget_thread(started_thread *self)
{
    atomic_fetch_sub(&self->of->threads, 1);
    free(self);
}

// A thread counts until the destructors of its other keys have run: they may be the copy's.
static void
end_thread(void *argument)
{
    started_thread *self = argument;
    if (++self->rounds < DESTRUCTOR_ROUNDS) {
        pthread_setspecific(thread_end, self);
    }
    else {
        forget_thread(self);
    }
}

static void
make_thread_end(void)
{
    if (pthread_key_create(&thread_end, end_thread) != 0) {
        abort(); // all 1,024 keys were taken before the first library was loaded
    }
}

static void *
run_thread(void *argument)
{
    started_thread *self = argument;
    if (pthread_setspecific(thread_end, self) != 0) {
        atomic_store(&self->of->has_uncounted, true);
    }
    return self->function(self->argument);
}

static int
create_thread(pthread_t *thread, const pthread_attr_t *attributes, void *(*function)(void *),
              void *argument, unload_guard *self)
{
    started_thread *started = malloc(sizeof *started);
    if (started == NULL) {
        return EAGAIN;
    }
    *started = (started_thread){function, argument, self, 0};
    atomic_fetch_add(&self->threads, 1);
    int result = pthread_create(thread, attributes, run_thread, started);
    if (result != 0) {
        forget_thread(started);
    }
    return result;
}

// std::thread starts threads in libstdc++, which is not copied: its pthread_create is not replaced.
static _Atomic(void *) start_cpp_thread;

static void
create_cpp_thread(void *thread, void *state, void *depend, unload_guard *self)
{
    atomic_store(&self->has_uncounted, true);
    ((void (*)(void *, void *, void *))atomic_load(&start_cpp_thread))(thread, state, depend);
}

// Notes keys with destructors: a thread that ends after the copy is unloaded would call them.
static int
create_key(pthread_key_t *number, void (*destructor)(void *), unload_guard *self)
{
    unload_guard_key *made = destructor == NULL ? NULL : malloc(sizeof *made);
    if (destructor != NULL && made == NULL) {
        return ENOMEM;
    }
    int result = pthread_key_create(number, destructor);
    if (result != 0 || made == NULL) {
        free(made);
        return result;
    }
    pthread_mutex_lock(&self->mutex);
    *made = (unload_guard_key){self->keys, *number};
    self->keys = made;
    pthread_mutex_unlock(&self->mutex);
    return 0;
}

static int
delete_key(pthread_key_t number, unload_guard *self)
{
    unload_guard_key *found = NULL;
    pthread_mutex_lock(&self->mutex);
    for (unload_guard_key **each = &self->keys; *each != NULL; each = &(*each)->next) {
        if ((*each)->number == number) {
            found = *each;
            *each = found->next;
            break;
        }
    }
    pthread_mutex_unlock(&self->mutex);
    free(found);
    return pthread_key_delete(number);
}

const interposition unload_guard_table[] = {
    {"pthread_create", create_thread, 4, NULL},
    {"pthread_key_create", create_key, 2, NULL},
    {"pthread_key_delete", delete_key, 1, NULL},
    {"_ZNSt6thread15_M_start_threadESt10unique_ptrINS_6_StateESt14default_deleteIS1_EEPFvvE",
     create_cpp_thread, 3, &start_cpp_thread},
};

const size_t unload_guard_table_size = sizeof unload_guard_table / sizeof *unload_guard_table;

void
unload_guard_init(unload_guard *self)
{
    pthread_once(&once, make_thread_end);
    *self = (unload_guard){.threads = 0};
    pthread_mutex_init(&self->mutex, NULL);
}

bool
unload_guard_has_threads(const unload_guard *self)
{
    return atomic_load(&self->has_uncounted) || atomic_load(&self->threads) > 0;
}

void
unload_guard_end(unload_guard *self)
{
    while (self->keys != NULL) {
        unload_guard_key *each = self->keys;
        self->keys = each->next;
        pthread_key_delete(each->number);
        free(each);
    }
    pthread_mutex_destroy(&self->mutex);
}
