// The end of a set of libraries: all destructors are run, then all is unloaded; or why not.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ground/modules/constructors.h"
#include "ground/modules/exit_handlers.h"
#include "ground/modules/library_set.h"
#include "ground/system/loading.h"
#include "ground/modules/origin.h"
#include "ground/modules/thread_destructors.h"
#include "ground/system/system_thread.h"
#include "ground/base/text.h"

void
library_free(library *self)
{
    elf_copy_forget(&self->copy);
    if (self->file != NULL) {
        if (self->is_copy) {
            elf_copy_drop(&self->copy);
        }
        elf_close(self->file);
    }
    free(self->needed);
    free(self->path);
    free(self->name);
    free(self);
}

library_totals
libraries_count(libraries *self)
{
    libraries_lock(self);
    library_totals totals = self->totals;
    libraries_unlock(self);
    totals.threads = unload_guard_count_threads(&self->guard);
    return totals;
}

// ---- the steps ----

static bool
must_stay(const libraries *self)
{
    const library *each = self->newest;
    while (each != NULL && each->stays == NULL) {
        each = each->next;
    }
    return each != NULL;
}

static void
rest(const libraries *self)
{
    for (const library *each = self->newest; each != NULL; each = each->next) {
        if (each->may_rest) {
            elf_copy_rest(&each->copy);
        }
    }
}

// As the system ends a process: this thread's variables, then what was registered for the end, the
// latest first, then each library before those that it needs.
static bool
finalize(libraries *self)
{
    if (must_stay(self) || !thread_destructors_end(&self->guard)) {
        rest(self);
        return false;
    }
    exit_handlers_run(&self->guard);
    for (const library *each = self->newest; each != NULL; each = each->next) {
        if (each->is_copy) {
            destructors_run(each->handle);
        }
    }
    self->is_finalized = true;
    return true;
}

// Copies may have opened others by dlopen, and not closed them.
static void
close_all(const libraries *self)
{
    for (const library *each = self->newest; each != NULL; each = each->next) {
        (void)loading_close(each->handle);
    }
    for (const library *each = self->newest; each != NULL; each = each->next) {
        while (each->is_copy && elf_copy_is_loaded(&each->copy) && loading_close(each->handle)) {
        }
    }
}

static void
drop_unloaded(libraries *self)
{
    for (library **each = &self->newest; *each != NULL;) {
        library *here = *each;
        if (here->is_copy && elf_copy_is_loaded(&here->copy)) {
            each = &here->next;
        }
        else {
            *each = here->next;
            library_free(here);
        }
    }
}

static void
free_set(libraries *self)
{
    for (int i = 0; i < LIBRARY_TRAMPOLINES; i++) {
        trampolines_free(self->bound[i]);
    }
    pthread_mutex_destroy(&self->mutex);
    for (root *each = self->roots, *next; each != NULL; each = next) {
        next = each->next;
        free(each);
    }
    free(self);
}

bool
libraries_end(libraries *self)
{
    if (!self->is_finalized && !finalize(self)) {
        return false;
    }
    if (!self->is_closed) {
        // Destructors may have made thread-local variables, or started threads.
        if (!thread_destructors_end(&self->guard)) {
            return false;
        }
        unload_guard_end(&self->guard);
        close_all(self);
        self->is_closed = true;
    }
    drop_unloaded(self);
    bool is_gone = self->newest == NULL;
    if (is_gone) {
        free_set(self);
    }
    return is_gone;
}

// ---- why it stays ----

static void
explain_threads(libraries *self, libraries_listener *tell, void *argument)
{
    unload_guard_thread threads[LIBRARIES_NAMED_THREADS];
    int count = unload_guard_list(&self->guard, threads, LIBRARIES_NAMED_THREADS);
    for (int i = 0; i < count; i++) {
        char name[32], reason[96];
        system_thread_name((unsigned long)threads[i].id, name, sizeof name);
        text_fit(reason, sizeof reason, "its thread %d (%s) runs", (int)threads[i].id, name);
        tell(origin_of(threads[i].code), reason, argument);
    }
}

void
libraries_explain(libraries *self, libraries_listener *tell, void *argument)
{
    for (const library *each = self->newest; each != NULL; each = each->next) {
        if (each->stays != NULL) {
            tell(each->path, each->stays, argument);
        }
        else if (self->is_closed) {
            tell(each->path, "another library of the process needs it", argument);
        }
    }
    explain_threads(self, tell, argument);
}
