// The end of a set of libraries: all destructors are run, then all is unloaded; or why not.
#include <signal.h>
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
    while (LOADING_UNLOADS && each != NULL && each->stays == NULL) {
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

static bool
has_code(const libraries *self, const void *code)
{
    Dl_info found;
    const library *each = loading_find(code, &found, NULL, 0) ? self->newest : NULL;
    while (each != NULL && !(each->is_copy && strcmp(each->copy.shown, found.dli_fname) == 0)) {
        each = each->next;
    }
    return each != NULL;
}

void
libraries_hold_for(libraries *self, const void *code, const char *reason)
{
    if (!unload_guard_is_held(&self->guard) && has_code(self, code)) {
        unload_guard_hold_for(&self->guard, code, reason);
    }
}

// Others may have kept a handler of ours, to call it or to set it again: it holds for good.
static void
hold_for_signals(libraries *self)
{
    for (int number = 1; number < NSIG; number++) {
        struct sigaction action;
        if (sigaction(number, NULL, &action) == 0 && action.sa_handler != SIG_DFL &&
            action.sa_handler != SIG_IGN) {
            char reason[32];
            text_fit(reason, sizeof reason, "it handles signal %d", number);
            libraries_hold_for(self, (void *)action.sa_handler, reason);
        }
    }
}

// As the system ends a process: this thread's variables, then what was registered for the end, the
// latest first, then each library before those that it needs.
static bool
finalize(libraries *self)
{
    hold_for_signals(self);
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
    unique_free(&self->unique);
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
    unload_guard_lock();
    const unload_guard_hold *holds = self->guard.holds; // only ever grows
    unload_guard_unlock();
    for (; holds != NULL; holds = holds->next) {
        tell(origin_of(holds->code), holds->reason, argument);
    }
}
