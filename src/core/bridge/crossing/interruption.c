#include "bridge/crossing/interruption.h"

#include "bridge/crossing/crossing.h"
#include "bridge/transfer/error.h"
#include "bridge/transfer/parcel.h"
#include "bridge/crossing/summons.h"

// ---- the waiting one ----

static void
free_parcel(parcel *packed)
{
    if (packed != NULL) {
        parcel_clear(packed);
        PyMem_RawFree(packed);
    }
}

static void
unmark_locked(guest *each)
{
    if (each->is_interruptible && !each->is_dead) {
        atomic_fetch_and(each->summons, ~(unsigned)SUMMONS_INTERRUPTION);
    }
    each->is_interruptible = false;
}

static parcel *
take_locked(interp *host)
{
    parcel *taken = host->interruption;
    host->interruption = NULL;
    host->may_interrupt_own = false;
    for (guest *each = host->guests; each != NULL; each = each->next) {
        unmark_locked(each);
    }
    atomic_fetch_and(&host->attention, ~(unsigned)ATTENTION_INTERRUPTION);
    return taken;
}

void
interruption_drop(interp *host)
{
    pthread_mutex_lock(&host->mutex);
    parcel *taken = take_locked(host);
    pthread_mutex_unlock(&host->mutex);
    free_parcel(taken);
}

static bool
has_interruptible_locked(const interp *host)
{
    const guest *each = host->guests;
    while (each != NULL && !(each->is_interruptible && !each->is_dead)) {
        each = each->next;
    }
    return each != NULL || host->may_interrupt_own;
}

void
interruption_pass_over(interp *host, guest *leaver)
{
    parcel *taken = NULL;
    pthread_mutex_lock(&host->mutex);
    unmark_locked(leaver);
    if (!has_interruptible_locked(host)) {
        taken = take_locked(host);
    }
    pthread_mutex_unlock(&host->mutex);
    free_parcel(taken);
}

// So that it is called again when it listens; a thread of the interpreter's own is not marked.
void
interruption_postpone(interp *host, thread *here)
{
    pthread_mutex_lock(&host->mutex);
    bool is_waiting = host->interruption != NULL;
    pthread_mutex_unlock(&host->mutex);
    if (is_waiting) {
        atomic_fetch_or(&here->summons, SUMMONS_INTERRUPTION);
    }
}

static bool
is_awaited_by(const guest *visitor)
{
    interp *host = visitor->interp;
    pthread_mutex_lock(&host->mutex);
    bool is_awaited = visitor->is_interruptible || (host->is_main && host->may_interrupt_own);
    pthread_mutex_unlock(&host->mutex);
    return is_awaited;
}

// Cleared before the look: whoever asks meanwhile sets it after that.
void
interruption_tidy(thread *here)
{
    atomic_fetch_and(&here->summons, ~(unsigned)SUMMONS_INTERRUPTION);
    for (uint32_t index = 0; index < here->capacity; index++) {
        const guest *visitor = here->guests[index];
        bool may_be_meant = visitor != NULL && (visitor->depth > 0 || here->is_main);
        if (may_be_meant && is_awaited_by(visitor)) {
            atomic_fetch_or(&here->summons, SUMMONS_INTERRUPTION);
        }
    }
}

// ---- asking ----

static parcel *
pack(core_state *home, PyObject *exception)
{
    parcel *packed = PyMem_RawMalloc(sizeof *packed);
    if (packed == NULL) {
        return (parcel *)PyErr_NoMemory();
    }
    PyErr_SetRaisedException(Py_NewRef(exception));
    parcel_init(packed);
    error_pack(packed, home);
    return packed;
}

static bool
is_meant(const guest *visitor, const atomic_uint *whom)
{
    return visitor->is_owned && !visitor->is_dead && !visitor->is_reaped &&
           (whom == NULL || visitor->summons == whom) &&
           atomic_load((atomic_uint *)&visitor->presence) != GUEST_ABSENT;
}

// Of the main interpreter only its main thread is meant, not one that works in the background.
static bool
mark_meant_locked(interp *host, const atomic_uint *whom)
{
    bool is_any = false;
    for (guest *each = host->guests; each != NULL; each = each->next) {
        each->is_interruptible = is_meant(each, whom) && (whom != NULL || !host->is_main);
        if (each->is_interruptible) {
            is_any = true;
            atomic_fetch_or(each->summons, SUMMONS_INTERRUPTION);
        }
    }
    // Nobody visits, and yet somebody runs: a thread of the interpreter's own.
    host->may_interrupt_own = !is_any && whom == NULL && interp_is_running(host);
    return is_any || host->may_interrupt_own;
}

// Who left before he could see the attention has not passed himself over.
static bool
pass_over_absent_locked(interp *host)
{
    barrier_heavy(); // pairs with crossing_dismiss
    for (guest *each = host->guests; each != NULL; each = each->next) {
        if (each->is_interruptible && atomic_load(&each->presence) == GUEST_ABSENT) {
            unmark_locked(each);
        }
    }
    return has_interruptible_locked(host);
}

typedef struct {
    unsigned long ident;
    const atomic_uint *summons;
} search;

static void
find_thread(thread *each, void *argument)
{
    search *wanted = argument;
    if (each->ident == wanted->ident) {
        wanted->summons = &each->summons;
    }
}

static void
mark_main_thread(thread *each, void *unused)
{
    if (each->is_main) {
        atomic_fetch_or(&each->summons, SUMMONS_INTERRUPTION);
    }
}

int
interruption_ask(core_state *home, interp *host, PyObject *exception, unsigned long ident)
{
    search whom = {ident, NULL};
    if (ident != 0) {
        thread_each(find_thread, &whom);
        if (whom.summons == NULL) {
            return 0;
        }
    }
    parcel *before = NULL, *packed = pack(home, exception);
    if (packed == NULL) {
        return -1;
    }
    bool is_asked = false;
    pthread_mutex_lock(&host->mutex);
    if (interp_get_phase(host) == INTERP_OPEN) {
        before = take_locked(host);
        host->interruption = packed;
        if (mark_meant_locked(host, whom.summons)) {
            interp_raise_attention(host, ATTENTION_INTERRUPTION);
            is_asked = pass_over_absent_locked(host);
        }
        if (is_asked) {
            interp_pin_locked(host);
        }
        else {
            packed = take_locked(host);
        }
    }
    pthread_mutex_unlock(&host->mutex);
    free_parcel(before);
    if (is_asked) {
        if (host->is_main && ident == 0) {
            thread_each(mark_main_thread, NULL); // not before: it would be tidied away
        }
        crossing_post(host);
        interp_unpin(host);
    }
    else {
        free_parcel(packed);
    }
    return is_asked;
}

// ---- delivering ----

int
interruption_deliver(core_state *state, const guest *own)
{
    interp *host = state->interp;
    bool is_visitor = own != NULL && own->is_owned && own->depth > 0;
    bool may_be_own = !host->is_main || thread_is_main();
    parcel *taken = NULL;
    pthread_mutex_lock(&host->mutex);
    if (host->interruption != NULL &&
        (is_visitor ? own->is_interruptible : host->may_interrupt_own && may_be_own)) {
        taken = take_locked(host);
    }
    bool is_missed = host->interruption != NULL && has_interruptible_locked(host);
    pthread_mutex_unlock(&host->mutex);
    if (is_missed) {
        alarm_retry();
    }
    if (taken == NULL) {
        return 0;
    }
    (void)error_raise(taken, state);
    free_parcel(taken);
    return -1;
}
