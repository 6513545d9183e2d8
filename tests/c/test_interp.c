// interp, thread: records, guests and the registry, by threads that come, visit and end while
// "closers" reap what they left. Thread states are numbers here.
#include <string.h>

#include "check.h"
#include "ground/interpreter/interp.h"
#include "ground/interpreter/thread.h"

enum { SLOTS = 4, ROUNDS = 3000 };

static pthread_mutex_t slot_mutex[SLOTS] = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_MUTEX_INITIALIZER,
                                            PTHREAD_MUTEX_INITIALIZER, PTHREAD_MUTEX_INITIALIZER};
static interp *slots[SLOTS]; // counted; slot_mutex
static atomic_int states_made, states_deleted;
static atomic_llong next_id = 1;

static interp *
make_interp(void)
{
    char name[100];
    int64_t id = atomic_fetch_add(&next_id, 1);
    snprintf(name, sizeof name, "%s-%lld", id % 5 ? "short" : "a name that is longer than the field "
             "in which it is kept, by quite a lot of characters", (long long)id);
    interp *made = interp_new((void *)(intptr_t)(1000 + id), id, name, false, id % 2);
    CHECK(made != NULL && strlen(made->name) < sizeof made->name);
    CHECK(registry_add(made));
    return made;
}

// As crossing_new_host.
static guest *
become_guest(interp *host)
{
    thread *self = thread_get();
    CHECK(self != NULL);
    if (interp_get_phase(host) != INTERP_OPEN || !thread_reserve(self, host)) {
        return NULL;
    }
    guest *visitor = thread_guest(self, host);
    if (visitor != NULL) {
        return visitor;
    }
    pthread_mutex_lock(&host->mutex);
    if (interp_get_phase(host) == INTERP_OPEN) {
        visitor = guest_new_locked(host, (void *)1, true, self);
        thread_set_guest(self, host, visitor);
        atomic_fetch_add(&states_made, 1);
    }
    pthread_mutex_unlock(&host->mutex);
    return visitor;
}

// As delete_dead of crossing.c.
static void
delete_dead(interp *host)
{
    pthread_mutex_lock(&host->mutex);
    guest *dead = host->dead;
    host->dead = NULL;
    pthread_mutex_unlock(&host->mutex);
    while (dead != NULL) {
        guest *next = dead->next_dead;
        pthread_mutex_lock(&host->mutex);
        guest_unlink_locked(dead);
        pthread_mutex_unlock(&host->mutex);
        guest_free(dead);
        atomic_fetch_add(&states_deleted, 1);
        dead = next;
    }
}

// As reap_guests of lifecycle.c: afterwards no thread state may be left.
static void
close_interp(interp *target)
{
    pthread_mutex_lock(&target->mutex);
    interp_set_phase(target, INTERP_CLOSING);
    pthread_mutex_unlock(&target->mutex);
    while (interp_has_visitors(target, NULL)) {
        sched_yield();
    }
    delete_dead(target);
    for (;;) {
        pthread_mutex_lock(&target->mutex);
        guest *visitor = target->guests;
        while (visitor != NULL && visitor->is_dead) {
            visitor = visitor->next;
        }
        if (visitor != NULL) {
            guest_unlink_locked(visitor);
            visitor->is_reaped = true;
            atomic_fetch_add(&states_deleted, 1);
        }
        pthread_mutex_unlock(&target->mutex);
        if (visitor == NULL) {
            break;
        }
    }
    if (atomic_load(&target->attention) & ATTENTION_DEAD) {
        delete_dead(target);
    }
    CHECK(interp_count_owned(target) == 0);
    interp_set_phase(target, INTERP_CLOSED);
    registry_remove(target);
}

static interp *
borrow_slot(int index)
{
    pthread_mutex_lock(&slot_mutex[index]);
    interp *found = slots[index];
    if (found != NULL) {
        interp_incref(found);
    }
    pthread_mutex_unlock(&slot_mutex[index]);
    return found;
}

static void *
visit(void *number)
{
    uint32_t seed = (uint32_t)(intptr_t)number * 2654435761u + 1;
    for (int i = 0; i < 20; i++) {
        interp *host = borrow_slot((int)(next_random(&seed) % SLOTS));
        if (host == NULL) {
            continue;
        }
        guest *visitor = become_guest(host);
        if (visitor != NULL) {
            atomic_store(&visitor->presence, GUEST_ENTERING);
            if (interp_get_phase(host) == INTERP_OPEN) {
                visitor->depth++;
                atomic_store(&thread_self->current, host->id);
                atomic_store(&visitor->presence, GUEST_INSIDE);
                CHECK(thread_guest(thread_self, host) == visitor);
                CHECK(interp_count_visitors(host) >= 1);
                visitor->depth--;
            }
            atomic_store(&visitor->presence, GUEST_ABSENT);
        }
        interp_decref(host);
    }
    return NULL; // the destructor leaves the guests to their interpreters
}

static void *
visit_in_short_threads(void *number)
{
    for (int i = 0; i < ROUNDS / 10; i++) {
        pthread_t thread;
        CHECK(pthread_create(&thread, NULL, visit, (void *)((intptr_t)number * 10000 + i)) == 0);
        CHECK(pthread_join(thread, NULL) == 0);
    }
    return NULL;
}

static void *
close_and_make(void *number)
{
    uint32_t seed = (uint32_t)(intptr_t)number + 99;
    for (int i = 0; i < ROUNDS; i++) {
        int index = (int)(next_random(&seed) % SLOTS);
        pthread_mutex_lock(&slot_mutex[index]);
        interp *target = slots[index];
        slots[index] = target == NULL ? make_interp() : NULL;
        pthread_mutex_unlock(&slot_mutex[index]);
        if (target != NULL) {
            close_interp(target);
            interp_decref(target);
        }
    }
    return NULL;
}

static void *
look(void *unused)
{
    for (int i = 0; i < ROUNDS; i++) {
        int64_t last = -1;
        for (interp *each = registry_next_after(-1), *next; each != NULL; each = next) {
            CHECK(each->id > last);
            last = each->id;
            next = registry_next_after(each->id);
            interp_decref(each);
        }
        unsigned long ident = 0;
        int64_t where;
        while (thread_next_after(ident, &ident, &where)) {
            (void)thread_find_current(ident);
        }
    }
    return unused;
}

static void *
any(void *number)
{
    intptr_t me = (intptr_t)number;
    return me == 0 ? look(NULL) : me < 3 ? close_and_make(number) : visit_in_short_threads(number);
}

static void
end_with_hidden_ones(void)
{
    interp *ready = make_interp(), *retired = make_interp();
    registry_set_role(ready, ROLE_READY);
    CHECK(registry_count_ready() == 1 && registry_take_retired() == NULL);
    registry_show_all();
    registry_set_role(retired, ROLE_RETIRED); // too late to hide
    CHECK(registry_count_ready() == 0 && registry_take_retired() == NULL);
    CHECK(ready->role == ROLE_IN_USE && retired->role == ROLE_IN_USE);
    close_interp(ready);
    close_interp(retired);
    interp_decref(ready);
    interp_decref(retired);
}

int
main(void)
{
    interp *main_interp = interp_new((void *)1, 0, "main", true, true);
    CHECK(registry_add(main_interp) && registry_count() == 1);
    CHECK(registry_find((void *)1) == main_interp && registry_find((void *)2) == NULL);
    threads_run(any, THREADS);
    for (int i = 0; i < SLOTS; i++) {
        if (slots[i] != NULL) {
            close_interp(slots[i]);
            interp_decref(slots[i]);
        }
    }
    end_with_hidden_ones();
    CHECK(registry_count() == 1 && states_made == states_deleted);
    registry_remove(main_interp);
    registry_remove(main_interp); // twice is nothing
    CHECK(registry_count() == 0);
    CHECK(atomic_load(&main_interp->references) == 1);
    interp_decref(main_interp);
    return 0;
}
