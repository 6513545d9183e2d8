#include "ground/modules/exit_handlers.h"

#include <stdlib.h>

typedef struct exit_handler {
    struct exit_handler *next;
    void (*function)(void *);
    void *argument;
    void *object; // the address by which the library names itself; on_exit is not told
    bool wants_status;
} exit_handler;

void __cxa_finalize(void *object); // of the C++ ABI

static int
note(unload_guard *of, exit_handler handler)
{
    exit_handler *made = malloc(sizeof *made);
    if (made == NULL) {
        return -1;
    }
    *made = handler;
    unload_guard_lock();
    made->next = of->exit_handlers;
    of->exit_handlers = made;
    unload_guard_unlock();
    return 0;
}

static int
add(void (*function)(void *), void *argument, void *object, unload_guard *of)
{
    return note(of, (exit_handler){NULL, function, argument, object, false});
}

static int
add_with_status(void (*function)(int, void *), void *argument, unload_guard *of)
{
    return note(of, (exit_handler){NULL, (void *)function, argument, NULL, true});
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
call(const exit_handler *self)
{
    if (self->wants_status) {
        ((void (*)(int, void *))(void *)self->function)(0, self->argument);
    }
    else {
        self->function(self->argument);
    }
}

static void
run(unload_guard *of, const void *object)
{
    for (exit_handler *each; (each = take(of, object)) != NULL; free(each)) {
        call(each);
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
    {"on_exit", add_with_status, 2, NULL},
    {"__cxa_finalize", finalize, 1, NULL},
};

const size_t exit_handlers_table_size = sizeof exit_handlers_table / sizeof *exit_handlers_table;

void
exit_handlers_run(unload_guard *of)
{
    run(of, NULL);
}
