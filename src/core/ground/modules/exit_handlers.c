#include "ground/modules/exit_handlers.h"

#include <stdlib.h>

typedef struct exit_handler {
    struct exit_handler *next;
    void (*function)(void *);
    void *argument;
    void *object; // the address by which the library names itself
} exit_handler;

void __cxa_finalize(void *object); // of the C++ ABI

static int
add(void (*function)(void *), void *argument, void *object, unload_guard *of)
{
    exit_handler *made = malloc(sizeof *made);
    if (made == NULL) {
        return -1;
    }
    unload_guard_lock();
    *made = (exit_handler){of->exit_handlers, function, argument, object};
    of->exit_handlers = made;
    unload_guard_unlock();
    return 0;
}

// The latest of a library, or, if `object` is NULL, of all. It is unlinked.
static exit_handler *
take(unload_guard *of, const void *object)
{
    unload_guard_lock();
    exit_handler **each = &of->exit_handlers;
    while (*each != NULL && object != NULL && (*each)->object != object) {
        each = &(*each)->next;
    }
    exit_handler *taken = *each;
    if (taken != NULL) {
        *each = taken->next;
    }
    unload_guard_unlock();
    return taken;
}

static void
run(unload_guard *of, const void *object)
{
    for (exit_handler *each; (each = take(of, object)) != NULL; free(each)) {
        each->function(each->argument);
    }
}

// A library calls it in its last destructor, for itself.
static void
finalize(void *object, unload_guard *of)
{
    run(of, object);
    if (object != NULL) {
        __cxa_finalize(object); // what others registered for it
    }
}

const interposition exit_handlers_table[] = {
    {"__cxa_atexit", add, 3, NULL},
    {"__cxa_finalize", finalize, 1, NULL},
};

const size_t exit_handlers_table_size = sizeof exit_handlers_table / sizeof *exit_handlers_table;

void
exit_handlers_run(unload_guard *of)
{
    run(of, NULL);
}
