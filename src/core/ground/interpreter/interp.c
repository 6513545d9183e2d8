#include "ground/interpreter/interp.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "ground/base/clock.h"
#include "ground/interpreter/closing.h"
#include "ground/base/text.h"
#include "ground/interpreter/thread.h"
#include "ground/trace/trace.h"

deferred deferred_shut_mark;

static struct {
    pthread_mutex_t mutex; // guards all of it, and interp.next
    interp *newest;
    bool *taken; // by index
    uint32_t capacity;
    int count;
    atomic_uint_least64_t former_crossings;
    bool hides_none; // the process ends: the code that closes all interpreters must see all
} registry = {.mutex = PTHREAD_MUTEX_INITIALIZER};

// ---- records ----

static void
init_locks(interp *self)
{
    pthread_mutex_init(&self->mutex, NULL);
    condition_init(&self->moved);
}

interp *
interp_new(void *python_state, int64_t id, const char *name, bool is_main, bool is_preemptive)
{
    interp *self = calloc(1, sizeof *self);
    if (self == NULL) {
        return NULL;
    }
    self->references = 1;
    self->python_state = python_state;
    self->id = id;
    self->is_main = is_main;
    self->is_preemptive = is_preemptive;
    self->handles = 1;
    self->dropped.kind = DEFERRED_NOTE_DROPPED;
    text_fit(self->name, sizeof self->name, "%s", name);
    init_locks(self);
    return self;
}

void
interp_incref(interp *self)
{
    atomic_fetch_add_explicit(&self->references, 1, memory_order_relaxed);
}

void
interp_decref(interp *self)
{
    if (atomic_fetch_sub_explicit(&self->references, 1, memory_order_acq_rel) == 1) {
        pthread_mutex_destroy(&self->mutex);
        pthread_cond_destroy(&self->moved);
        free(self);
    }
}

void
interp_set_phase(interp *self, interp_phase phase)
{
    atomic_store_explicit(&self->phase, phase, memory_order_seq_cst);
}

void
interp_raise_attention(interp *self, unsigned bits)
{
    if ((atomic_load_explicit(&self->attention, memory_order_relaxed) & bits) != bits) {
        atomic_fetch_or_explicit(&self->attention, bits, memory_order_release);
    }
}

void
interp_pin_locked(interp *self)
{
    self->pins++;
}

bool
interp_pin(interp *self, interp_phase latest)
{
    pthread_mutex_lock(&self->mutex);
    bool is_pinned = interp_get_phase(self) <= latest;
    if (is_pinned) {
        interp_pin_locked(self);
    }
    pthread_mutex_unlock(&self->mutex);
    return is_pinned;
}

void
interp_unpin(interp *self)
{
    pthread_mutex_lock(&self->mutex);
    bool is_free = --self->pins == 0;
    bool may_end = is_free && interp_get_phase(self) == INTERP_CLOSING;
    if (is_free) {
        pthread_cond_broadcast(&self->moved);
    }
    pthread_mutex_unlock(&self->mutex);
    if (may_end) {
        closing_announce();
    }
}

// ---- guests ----

guest *
guest_new_locked(interp *self, void *thread_state, bool is_owned, thread *whose)
{
    guest *visitor = calloc(1, sizeof *visitor);
    if (visitor == NULL) {
        return NULL;
    }
    visitor->thread_state = thread_state;
    visitor->is_owned = is_owned;
    visitor->thread = whose;
    visitor->interp = self;
    interp_incref(self);
    visitor->next = self->guests;
    if (self->guests != NULL) {
        self->guests->previous = visitor;
    }
    self->guests = visitor;
    atomic_fetch_add_explicit(&self->guests_version, 1, memory_order_relaxed);
    return visitor;
}

void
guest_announce_locked(guest *newcomer)
{
    newcomer->is_new = true;
    interp_raise_attention(newcomer->interp, ATTENTION_NEWCOMER);
}

bool
guest_welcome_locked(guest *visitor)
{
    bool was_new = visitor->is_new;
    visitor->is_new = false;
    const guest *each = visitor->interp->guests;
    while (each != NULL && !each->is_new) {
        each = each->next;
    }
    if (each == NULL) {
        atomic_fetch_and(&visitor->interp->attention, ~(unsigned)ATTENTION_NEWCOMER);
    }
    return was_new;
}

void
guest_unlink_locked(guest *visitor)
{
    if (visitor->previous != NULL) {
        visitor->previous->next = visitor->next;
    }
    else {
        visitor->interp->guests = visitor->next;
    }
    if (visitor->next != NULL) {
        visitor->next->previous = visitor->previous;
    }
    atomic_fetch_add_explicit(&visitor->interp->guests_version, 1, memory_order_relaxed);
}

void
guest_free(guest *visitor)
{
    interp *host = visitor->interp;
    free(visitor);
    interp_decref(host);
}

void
guest_end(guest *visitor)
{
    interp *host = visitor->interp;
    pthread_mutex_lock(&host->mutex);
    bool leave_to_host = visitor->is_owned && !visitor->is_reaped;
    if (leave_to_host) {
        // Only a holder of the host's GIL may delete the thread state: its next visitor will.
        visitor->is_dead = true;
        visitor->next_dead = host->dead;
        host->dead = visitor;
        interp_raise_attention(host, ATTENTION_DEAD); // under the mutex: a closer then sees it
    }
    else if (!visitor->is_reaped) {
        guest_unlink_locked(visitor);
    }
    pthread_mutex_unlock(&host->mutex);
    if (!leave_to_host) {
        guest_free(visitor);
    }
}

static guest_presence
presence_of(const guest *visitor)
{
    // acquire: pairs with crossing_attach
    return visitor->is_dead ? GUEST_ABSENT
                            : atomic_load_explicit(&visitor->presence, memory_order_acquire);
}

static bool
is_entering(const guest *visitor)
{
    guest_presence presence = presence_of(visitor);
    return presence == GUEST_ENTERING || presence == GUEST_RETURNING;
}

bool
interp_has_entering_locked(interp *self, const guest *except)
{
    const guest *visitor = self->guests;
    while (visitor != NULL && (visitor == except || !is_entering(visitor))) {
        visitor = visitor->next;
    }
    return visitor != NULL;
}

void
interp_await_entering_locked(interp *self, const guest *except)
{
    for (guest *visitor = self->guests; visitor != NULL; visitor = visitor->next) {
        visitor->is_awaited = visitor != except && is_entering(visitor);
    }
}

bool
interp_has_awaited_locked(interp *self)
{
    const guest *visitor = self->guests;
    while (visitor != NULL && !(visitor->is_awaited && is_entering(visitor))) {
        visitor = visitor->next;
    }
    return visitor != NULL;
}

bool
interp_has_woken_locked(interp *self, const guest *except, unsigned why, bool only_entering)
{
    for (guest *visitor = self->guests; visitor != NULL; visitor = visitor->next) {
        guest_presence presence = presence_of(visitor);
        bool is_there = only_entering ? presence == GUEST_ENTERING : presence != GUEST_ABSENT;
        // In this order: the thread of a dead guest is gone, and its record with it.
        if (is_there && visitor != except && (atomic_load(&visitor->thread->wakeup) & why) != 0) {
            return true;
        }
    }
    return false;
}

bool
interp_has_detached_locked(interp *self, const guest *except)
{
    for (guest *visitor = self->guests; visitor != NULL; visitor = visitor->next) {
        if (visitor != except && visitor->is_owned && presence_of(visitor) == GUEST_INSIDE &&
            atomic_load(&visitor->thread->current) == self->id) {
            return true;
        }
    }
    return false;
}

bool
interp_has_present_locked(interp *self, const thread *whose)
{
    for (guest *visitor = self->guests; visitor != NULL; visitor = visitor->next) {
        if (visitor->thread == whose && presence_of(visitor) != GUEST_ABSENT) {
            return true;
        }
    }
    return false;
}

bool
interp_has_visitors(interp *self, const guest *except)
{
    pthread_mutex_lock(&self->mutex);
    bool found = self->pins > 0;
    for (guest *visitor = self->guests; visitor != NULL && !found; visitor = visitor->next) {
        found = visitor != except && visitor->is_owned && !visitor->is_dead &&
                atomic_load_explicit(&visitor->presence, memory_order_acquire) != GUEST_ABSENT;
    }
    pthread_mutex_unlock(&self->mutex);
    return found;
}

static int
count_guests(interp *self, bool present_only)
{
    int count = 0;
    pthread_mutex_lock(&self->mutex);
    for (guest *visitor = self->guests; visitor != NULL; visitor = visitor->next) {
        count +=
            visitor->is_owned && (present_only ? atomic_load(&visitor->presence) != GUEST_ABSENT
                                               : visitor->thread_state != NULL);
    }
    pthread_mutex_unlock(&self->mutex);
    return count;
}

int
interp_count_owned(interp *self)
{
    return count_guests(self, false);
}

int
interp_count_visitors(interp *self)
{
    return count_guests(self, true);
}

// ---- the registry ----

static bool
grow_registry_locked(void)
{
    uint32_t capacity = registry.capacity == 0 ? 16 : registry.capacity * 2;
    bool *taken = realloc(registry.taken, capacity * sizeof *taken);
    if (taken == NULL) {
        return false;
    }
    memset(taken + registry.capacity, 0, (capacity - registry.capacity) * sizeof *taken);
    registry.taken = taken;
    registry.capacity = capacity;
    return true;
}

static void
set_role_locked(interp *self, interp_role role)
{
    atomic_store(&self->role, registry.hides_none ? ROLE_IN_USE : role);
}

bool
registry_add(interp *self)
{
    pthread_mutex_lock(&registry.mutex);
    uint32_t index = 0;
    while (index < registry.capacity && registry.taken[index]) {
        index++;
    }
    bool has_room = index < registry.capacity || grow_registry_locked();
    if (has_room) {
        registry.taken[index] = true;
        set_role_locked(self, self->role);
        self->index = index;
        self->next = registry.newest;
        registry.newest = self;
        registry.count++;
        interp_incref(self);
        if (trace_is_on()) { // under the mutex: registry_trace sees it, or it sees the trace
            interp_raise_attention(self, ATTENTION_TRACED);
        }
    }
    pthread_mutex_unlock(&registry.mutex);
    return has_room;
}

void
registry_remove(interp *self)
{
    pthread_mutex_lock(&registry.mutex);
    interp **link = &registry.newest;
    while (*link != NULL && *link != self) {
        link = &(*link)->next;
    }
    bool found = *link == self;
    if (found) {
        *link = self->next;
        registry.taken[self->index] = false;
        registry.count--;
        registry.former_crossings += self->crossings;
    }
    pthread_mutex_unlock(&registry.mutex);
    if (found) {
        if (trace_is_on()) {
            trace_note_name(self->id, self->name);
        }
        interp_decref(self);
    }
}

uint64_t
registry_former_crossings(void)
{
    return atomic_load(&registry.former_crossings);
}

static void
set_traced(interp *each, void *is_on)
{
    if (is_on != NULL) {
        interp_raise_attention(each, ATTENTION_TRACED);
    }
    else {
        atomic_fetch_and(&each->attention, ~(unsigned)ATTENTION_TRACED);
    }
}

void
registry_trace(bool is_on)
{
    registry_each(set_traced, is_on ? &registry : NULL);
}

interp *
registry_find(const void *python_state)
{
    pthread_mutex_lock(&registry.mutex);
    interp *found = registry.newest;
    while (found != NULL && found->python_state != python_state) {
        found = found->next;
    }
    pthread_mutex_unlock(&registry.mutex);
    return found;
}

interp *
registry_next_after(int64_t id)
{
    interp *best = NULL;
    pthread_mutex_lock(&registry.mutex);
    for (interp *each = registry.newest; each != NULL; each = each->next) {
        if (each->id > id && (best == NULL || each->id < best->id)) {
            best = each;
        }
    }
    if (best != NULL) {
        interp_incref(best);
    }
    pthread_mutex_unlock(&registry.mutex);
    return best;
}

int
registry_count(void)
{
    pthread_mutex_lock(&registry.mutex);
    int count = registry.count;
    pthread_mutex_unlock(&registry.mutex);
    return count;
}

void
registry_each(void (*visit)(interp *each, void *argument), void *argument)
{
    pthread_mutex_lock(&registry.mutex);
    for (interp *each = registry.newest; each != NULL; each = each->next) {
        visit(each, argument);
    }
    pthread_mutex_unlock(&registry.mutex);
}

// ---- roles ----

void
registry_set_role(interp *self, interp_role role)
{
    pthread_mutex_lock(&registry.mutex);
    set_role_locked(self, role);
    pthread_mutex_unlock(&registry.mutex);
}

void
registry_show_all(void)
{
    pthread_mutex_lock(&registry.mutex);
    registry.hides_none = true;
    for (interp *each = registry.newest; each != NULL; each = each->next) {
        set_role_locked(each, ROLE_IN_USE);
    }
    pthread_mutex_unlock(&registry.mutex);
}

static bool
is_ready(const interp *self)
{
    interp_role role = atomic_load(&((interp *)self)->role);
    return (role == ROLE_READY || role == ROLE_PREWARMED) && interp_get_phase(self) == INTERP_OPEN;
}

int
registry_count_ready(void)
{
    int count = 0;
    pthread_mutex_lock(&registry.mutex);
    for (interp *each = registry.newest; each != NULL; each = each->next) {
        count += is_ready(each);
    }
    pthread_mutex_unlock(&registry.mutex);
    return count;
}

// The oldest of those that a user prewarmed, else the oldest of the others.
interp *
registry_take_ready(const char *name)
{
    interp *best = NULL;
    pthread_mutex_lock(&registry.mutex);
    for (interp *each = registry.newest; each != NULL; each = each->next) {
        if (is_ready(each) && (best == NULL || each->role >= best->role)) {
            best = each;
        }
    }
    if (best != NULL) {
        text_fit(best->name, sizeof best->name, "%s", name); // nobody else has seen it yet
        registry.former_crossings += best->crossings;
        best->crossings = 0;
        atomic_fetch_add(&best->handles, 1); // before others can find it without
        atomic_store(&best->role, ROLE_IN_USE);
        interp_incref(best);
    }
    pthread_mutex_unlock(&registry.mutex);
    return best;
}

interp *
registry_take_retired(void)
{
    pthread_mutex_lock(&registry.mutex);
    interp *found = registry.newest;
    while (found != NULL && found->role != ROLE_RETIRED) {
        found = found->next;
    }
    if (found != NULL) {
        atomic_fetch_add(&found->handles, 1);
        atomic_store(&found->role, ROLE_MADE);
        interp_incref(found);
    }
    pthread_mutex_unlock(&registry.mutex);
    return found;
}

// ---- fork ----

void
interp_fork_prepare(void)
{
    pthread_mutex_lock(&registry.mutex);
    for (interp *each = registry.newest; each != NULL; each = each->next) {
        pthread_mutex_lock(&each->mutex);
    }
}

void
interp_fork_parent(void)
{
    for (interp *each = registry.newest; each != NULL; each = each->next) {
        pthread_mutex_unlock(&each->mutex);
    }
    pthread_mutex_unlock(&registry.mutex);
}

// Only the main interpreter and the forking thread live on. The other records are forgotten, not
// freed.
void
interp_fork_child(void)
{
    pthread_mutex_init(&registry.mutex, NULL);
    interp *survivor = NULL;
    for (interp *each = registry.newest, *next; each != NULL; each = next) {
        next = each->next;
        init_locks(each);
        each->guests = NULL;
        each->dead = NULL;
        each->yielders = 0;
        each->lookers = 0;
        each->pins = 0;
        each->is_noted = false;
        each->reservations = 0;
        each->interruption = NULL;
        each->waiting = 0;
        each->takers = 0;
        each->revokers = 0;
        each->claim = 0;
        each->crowd = 0;
        each->is_handing_over = false;
        each->returning = 0;
        each->posted = 0;
        // No yielder and no dead guest is left. Deferred jobs that were taken are still due.
        atomic_fetch_and(&each->attention, ATTENTION_DEFERRED);
        if (each->is_main) {
            survivor = each;
        }
        else {
            each->is_forgotten = true;
            interp_set_phase(each, INTERP_CLOSED);
            (void)deferred_shut(&each->deferred);
            // Its index stays taken: this thread may be inside, below the fork.
        }
    }
    if (survivor != NULL) {
        survivor->next = NULL;
    }
    registry.newest = survivor;
    registry.count = survivor != NULL;
}
