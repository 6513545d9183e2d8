#include "ground/modules/thread_destructors.h"

#include <stdlib.h>

#include "ground/system/system_thread.h"

typedef struct thread_destructor {
    struct thread_destructor *next;
    unload_guard *of;
    const void *thread; // see `mark`
    void (*function)(void *);
    void *argument;
} thread_destructor;

static thread_destructor *newest; // of all threads; under the guards' lock

// Its address names the thread, its value says that run_all will be called when the thread ends.
static __thread bool mark;

static bool
is_wanted(const thread_destructor *self, const unload_guard *of, const void *thread)
{
    return (of == NULL || self->of == of) && (thread == NULL || self->thread == thread);
}

// The latest of these libraries and this thread; NULL stands for all. It is unlinked.
static thread_destructor *
take_locked(const unload_guard *of, const void *thread)
{
    thread_destructor **each = &newest;
    while (*each != NULL && !is_wanted(*each, of, thread)) {
        each = &(*each)->next;
    }
    thread_destructor *taken = *each;
    if (taken != NULL) {
        *each = taken->next;
    }
    return taken;
}

static thread_destructor *
take(const unload_guard *of)
{
    unload_guard_lock();
    thread_destructor *taken = take_locked(of, &mark);
    if (taken != NULL) {
        taken->of->ending++;
    }
    unload_guard_unlock();
    return taken;
}

// Runs this thread's; a destructor may register more.
static void
run(const unload_guard *of)
{
    for (thread_destructor *each; (each = take(of)) != NULL; free(each)) {
        each->function(each->argument);
        unload_guard_lock();
        each->of->ending--;
        unload_guard_unlock();
    }
}

static void
run_all(void *unused)
{
    mark = false;
    run(NULL);
}

static int
add(void (*function)(void *), void *argument, void *object, unload_guard *of)
{
    thread_destructor *made = malloc(sizeof *made);
    if (made == NULL || (!mark && !system_thread_at_end(run_all))) {
        free(made);
        return -1;
    }
    mark = true;
    unload_guard_lock();
    *made = (thread_destructor){newest, of, &mark, function, argument};
    newest = made;
    unload_guard_unlock();
    return 0;
}

const interposition thread_destructors_table[] = {
    {"__cxa_thread_atexit", add, 3, NULL},
    {"__cxa_thread_atexit_impl", add, 3, NULL},
};

const size_t thread_destructors_table_size =
    sizeof thread_destructors_table / sizeof *thread_destructors_table;

// ---- the end of the libraries ----

// Moves those of other threads, of these libraries or (NULL) of all, to a list, which is returned.
static thread_destructor *
take_others_locked(const unload_guard *of)
{
    thread_destructor *taken = NULL;
    for (thread_destructor **each = &newest; *each != NULL;) {
        thread_destructor *here = *each;
        if (is_wanted(here, of, NULL) && here->thread != &mark) {
            *each = here->next;
            here->next = taken;
            taken = here;
        }
        else {
            each = &here->next;
        }
    }
    return taken;
}

static void
drop(thread_destructor *list)
{
    while (list != NULL) {
        thread_destructor *next = list->next;
        free(list);
        list = next;
    }
}

bool
thread_destructors_end(unload_guard *of)
{
    unload_guard_lock();
    bool is_idle = unload_guard_is_idle_locked(of);
    thread_destructor *others = is_idle ? take_others_locked(of) : NULL;
    unload_guard_unlock();
    drop(others);
    if (is_idle) {
        run(of);
    }
    return is_idle;
}

void
thread_destructors_fork_child_locked(void)
{
    drop(take_others_locked(NULL));
}
