#include "bridge/gc/participants.h"

#include <stdlib.h>

// Interpreters that are kept ready have no exported objects, and must not be disturbed.
static bool
takes_part(interp *each)
{
    interp_role role = atomic_load(&each->role);
    return interp_get_phase(each) == INTERP_OPEN && (role == ROLE_IN_USE || role == ROLE_RETIRED);
}

static deputy_result
enlist(participants *self, interp *host, bool is_thorough)
{
    deputy *sent;
    deputy_result result = deputy_new(&sent, host);
    if (sent == NULL) {
        return result;
    }
    interp_incref(host);
    self->items[self->count++] = (participant){.host = host,
                                               .deputy = sent,
                                               .places = &self->places,
                                               .candidates = &self->candidates,
                                               .is_thorough = is_thorough};
    bool has_memory = pointer_map_set(&self->places, host, (void *)(uintptr_t)self->count);
    return has_memory ? DEPUTY_SENT : DEPUTY_NO_MEMORY;
}

deputy_result
participants_open(participants *self, bool is_thorough)
{
    size_t most = (size_t)registry_count();
    *self = (participants){
        .items = calloc(most + 1, sizeof *self->items),
        .holds = calloc(most * most + 1, sizeof *self->holds),
        .deputies = calloc(most + 1, sizeof(deputy *)),
        .selected = calloc(most + 1, sizeof(void *)),
    };
    bool has_memory = self->items != NULL && self->holds != NULL && self->deputies != NULL &&
                      self->selected != NULL;
    deputy_result result = has_memory ? DEPUTY_SENT : DEPUTY_NO_MEMORY;
    interp *host = registry_next_after(-1);
    while (host != NULL) {
        if (result == DEPUTY_SENT && self->count < most && takes_part(host)) {
            result = enlist(self, host, is_thorough);
        }
        interp *next = registry_next_after(host->id);
        interp_decref(host);
        host = next;
    }
    for (size_t i = 0; result == DEPUTY_SENT && i < self->count; i++) {
        self->items[i].holds = &self->holds[i * self->count];
    }
    return result;
}

void
participants_close(participants *self)
{
    for (size_t i = 0; i < self->count; i++) {
        deputy_end(self->items[i].deputy);
        interp_decref(self->items[i].host);
    }
    pointer_map_free(&self->places);
    pointer_map_free(&self->candidates);
    free(self->items);
    free(self->holds);
    free(self->deputies);
    free(self->selected);
}

void
participants_select(participants *self, bool (*is_meant)(const participant *each))
{
    self->selected_count = 0;
    for (size_t i = 0; i < self->count; i++) {
        if (is_meant(&self->items[i]) && !deputy_is_kept_out(self->items[i].deputy)) {
            self->deputies[self->selected_count] = self->items[i].deputy;
            self->selected[self->selected_count++] = &self->items[i];
        }
    }
}

void
participants_visit(participants *self, deputy_job job, int64_t deadline)
{
    deputies_visit(self->deputies, self->selected, self->selected_count, job, deadline);
}
