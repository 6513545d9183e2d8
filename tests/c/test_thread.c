// thread: the record, its stack limit, its guests' slots, and fork.
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"
#include "ground/interpreter/closing.h"
#include "ground/base/names.h"
#include "ground/interpreter/thread.h"

static void *
look_at_stack(void *unused)
{
    char here;
    thread *self = thread_get();
    CHECK(self != NULL && self == thread_self && thread_get() == self);
    CHECK(self->stack_limit != NULL && self->stack_limit < &here);
    CHECK(self->ident == (unsigned long)pthread_self() && self->current == -1);
    return unused;
}

static void
test_small_stacks(void)
{
    // ThreadSanitizer's thread-local data alone takes half a megabyte of each stack
#if defined(__SANITIZE_THREAD__)
    size_t smallest = 2 * 1024 * 1024;
#else
    size_t smallest = 128 * 1024;
#endif
    for (size_t size = smallest; size <= 16 * 1024 * 1024; size *= 2) {
        pthread_attr_t attributes;
        pthread_t made;
        pthread_attr_init(&attributes);
        pthread_attr_setstacksize(&attributes, size);
        CHECK(pthread_create(&made, &attributes, look_at_stack, NULL) == 0);
        CHECK(pthread_join(made, NULL) == 0);
        pthread_attr_destroy(&attributes);
    }
}

static void
fork_prepare(void)
{
    interp_fork_prepare();
    thread_fork_prepare();
    names_fork_prepare();
}

static void
fork_parent(void)
{
    names_fork_parent();
    thread_fork_parent();
    interp_fork_parent();
}

static void
fork_child(void)
{
    interp_fork_child();
    thread_fork_child();
    names_fork_child();
    closing_fork_child();
}

static atomic_bool must_stop;

static void *
disturb(void *unused)
{
    for (uint32_t i = 0; !must_stop; i++) {
        char text[32];
        size_t size = (size_t)snprintf(text, sizeof text, "n%u", i % 1000);
        (void)names_index(text, size, true);
        (void)thread_get();
        interp *made = interp_new((void *)&made, 100 + i, "x", false, false);
        CHECK(registry_add(made));
        closing_announce();
        registry_remove(made);
        interp_decref(made);
    }
    return unused;
}

static void
test_fork(void)
{
    interp *main_interp = interp_new((void *)1, 0, "main", true, true);
    interp *other = interp_new((void *)2, 1, "other", false, false);
    CHECK(registry_add(main_interp) && registry_add(other));
    thread *self = thread_get();
    interp *hosts[] = {main_interp, other};
    for (int i = 0; i < 2; i++) {
        CHECK(thread_reserve(self, hosts[i]));
        pthread_mutex_lock(&hosts[i]->mutex);
        thread_set_guest(self, hosts[i], guest_new_locked(hosts[i], (void *)3, i == 1, self));
        pthread_mutex_unlock(&hosts[i]->mutex);
    }
    pthread_t disturbers[3];
    for (int i = 0; i < 3; i++) {
        CHECK(pthread_create(&disturbers[i], NULL, disturb, NULL) == 0);
    }
    for (int i = 0; i < 100; i++) {
        pid_t child = fork();
        CHECK(child >= 0);
        if (child == 0) {
            alarm(10);
            CHECK(registry_count() == 1 && registry_find((void *)1) == main_interp);
            CHECK(interp_get_phase(other) == INTERP_CLOSED && other->is_forgotten);
            CHECK(thread_guest(self, main_interp)->next == NULL);
            CHECK(thread_guest(self, other)->is_reaped);
            CHECK(names_index("child", 5, true) == names_index("child", 5, true));
            closing_announce();
            interp *made = interp_new((void *)4, 5, "of the child", false, false);
            CHECK(registry_add(made) && thread_reserve(self, made));
            CHECK(thread_guest(self, made) == NULL);
            registry_remove(made);
            interp_decref(made);
            _exit(0);
        }
        int status;
        CHECK(waitpid(child, &status, 0) == child && status == 0);
    }
    must_stop = true;
    for (int i = 0; i < 3; i++) {
        pthread_join(disturbers[i], NULL);
    }
}

int
main(void)
{
    look_at_stack(NULL);
    threads_run(look_at_stack, THREADS);
    test_small_stacks();
    CHECK(pthread_atfork(fork_prepare, fork_parent, fork_child) == 0);
    test_fork();
    return 0;
}
