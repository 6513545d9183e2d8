#include "bridge/crossing/interruption.h"

#include "bridge/crossing/crossing.h"
#include "bridge/transfer/error.h"
#include "bridge/transfer/parcel.h"
#include "bridge/crossing/wakeup.h"

// ---- interruptions that wait ----

static void
free_parcel(parcel *packed)
{
    if (packed != NULL) {
        parcel_clear(packed);
        PyMem_RawFree(packed);
    }
}

static bool
is_awaited_locked(const guest *each)
{
    return !each->is_dead && (each->is_interruptible || each->interruption != NULL);
}

// Is there still a thread that the interpreter's interruption is for?
static bool
is_common_awaited_locked(const interp *host)
{
    const guest *each = host->guests;
    while (each != NULL && (each->is_dead || !each->is_interruptible)) {
        each = each->next;
    }
    return each != NULL || host->may_interrupt_own;
}

static bool
is_any_awaited_locked(const interp *host)
{
    const guest *each = host->guests;
    while (each != NULL && !is_awaited_locked(each)) {
        each = each->next;
    }
    return each != NULL || host->may_interrupt_own;
}

static void
update_wakeup_locked(guest *each)
{
    if (is_awaited_locked(each)) {
        atomic_fetch_or(&each->thread->wakeup, WAKEUP_INTERRUPTION);
    }
    else if (!each->is_dead) {
        atomic_fetch_and(&each->thread->wakeup, ~(unsigned)WAKEUP_INTERRUPTION);
    }
}

// A waiting interruption counts in `waiting`: so crossing_return posts the pending call again, even
// if its thread takes the GIL without telling us.
static void
update_attention_locked(interp *host)
{
    bool was_raised = (atomic_load(&host->attention) & ATTENTION_INTERRUPTION) != 0;
    bool is_raised = is_any_awaited_locked(host);
    if (is_raised && !was_raised) {
        atomic_fetch_add(&host->waiting, 1);
        interp_raise_attention(host, ATTENTION_INTERRUPTION);
    }
    else if (was_raised && !is_raised) {
        atomic_fetch_and(&host->attention, ~(unsigned)ATTENTION_INTERRUPTION);
        atomic_fetch_sub(&host->waiting, 1);
    }
}

static parcel *
take_common_locked(interp *host)
{
    parcel *taken = host->interruption;
    host->interruption = NULL;
    host->may_interrupt_own = false;
    for (guest *each = host->guests; each != NULL; each = each->next) {
        if (each->is_interruptible) {
            each->is_interruptible = false;
            update_wakeup_locked(each);
        }
    }
    update_attention_locked(host);
    return taken;
}

static parcel *
take_own_locked(interp *host, guest *whose)
{
    parcel *taken = whose->interruption;
    if (taken != NULL) {
        whose->interruption = NULL;
        update_wakeup_locked(whose);
        update_attention_locked(host);
    }
    return taken;
}

// Nobody is inside, so only the interpreter's own interruption can be left.
void
interruption_drop(interp *host)
{
    pthread_mutex_lock(&host->mutex);
    parcel *taken = take_common_locked(host);
    pthread_mutex_unlock(&host->mutex);
    free_parcel(taken);
}

void
interruption_pass_over(interp *host, guest *leaver)
{
    parcel *common = NULL;
    pthread_mutex_lock(&host->mutex);
    parcel *own = take_own_locked(host, leaver);
    if (leaver->is_interruptible) {
        leaver->is_interruptible = false;
        update_wakeup_locked(leaver);
    }
    if (!is_common_awaited_locked(host)) {
        common = take_common_locked(host);
    }
    pthread_mutex_unlock(&host->mutex);
    free_parcel(own);
    free_parcel(common);
    if (thread_self != NULL) {
        interruption_tidy(thread_self); // one may wait in another interpreter
    }
}

// Sets `wakeup`, so that thread_unmask posts again. The interpreter's own threads have no such mark
// yet.
void
interruption_postpone(interp *host, thread *here)
{
    const guest *own = thread_guest(here, host);
    pthread_mutex_lock(&host->mutex);
    bool is_waiting = host->interruption != NULL || (own != NULL && own->interruption != NULL);
    pthread_mutex_unlock(&host->mutex);
    if (is_waiting) {
        atomic_fetch_or(&here->wakeup, WAKEUP_INTERRUPTION);
    }
}

static bool
is_awaited_by(const guest *visitor)
{
    interp *host = visitor->interp;
    pthread_mutex_lock(&host->mutex);
    bool is_awaited = is_awaited_locked(visitor) || (host->is_main && host->may_interrupt_own);
    pthread_mutex_unlock(&host->mutex);
    return is_awaited;
}

// Cleared before looking: an interruption that comes meanwhile sets it again.
void
interruption_tidy(thread *here)
{
    atomic_fetch_and(&here->wakeup, ~(unsigned)WAKEUP_INTERRUPTION);
    for (uint32_t index = 0; index < here->capacity; index++) {
        const guest *visitor = here->guests[index];
        bool may_be_meant = visitor != NULL && (visitor->depth > 0 || here->is_main);
        if (may_be_meant && is_awaited_by(visitor)) {
            atomic_fetch_or(&here->wakeup, WAKEUP_INTERRUPTION);
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
    error_pack(packed, home, 0);
    return packed;
}

// Inside, or about to enter; not a worker that waits for its next call, nor who closes it.
static bool
is_meant(const guest *visitor)
{
    return visitor->is_owned && !visitor->is_dead && !visitor->is_reaped &&
           !atomic_load((atomic_bool *)&visitor->is_idle) &&
           atomic_load((atomic_uint *)&visitor->presence) != GUEST_ABSENT;
}

// False: nobody is there to be interrupted, and nothing was put. In the main interpreter only the
// main thread is interrupted, not visitors that work in the background.
static bool
put_common_locked(interp *host, parcel *packed)
{
    bool is_any = false;
    host->interruption = packed;
    for (guest *each = host->guests; each != NULL; each = each->next) {
        each->is_interruptible = is_meant(each) && !host->is_main;
        if (each->is_interruptible) {
            is_any = true;
            update_wakeup_locked(each);
        }
    }
    // There is no visitor, but the GIL is held: by a thread of the interpreter's own.
    host->may_interrupt_own = !is_any && interp_is_running(host);
    update_attention_locked(host);
    barrier_heavy(); // pairs with crossing_dismiss: a guest that left before has not cleared its
                     // mark
    for (guest *each = host->guests; each != NULL; each = each->next) {
        if (each->is_interruptible && atomic_load(&each->presence) == GUEST_ABSENT) {
            each->is_interruptible = false;
            update_wakeup_locked(each);
        }
    }
    bool is_put = is_common_awaited_locked(host);
    if (!is_put) {
        (void)take_common_locked(host);
    }
    return is_put;
}

static bool
put_own_locked(interp *host, guest *whose, const void *errand, parcel *packed)
{
    whose->interruption = packed;
    update_wakeup_locked(whose);
    update_attention_locked(host);
    barrier_heavy(); // as above; and with guest_set_errand
    bool is_put = atomic_load(&whose->presence) != GUEST_ABSENT &&
                  (errand == NULL || atomic_load(&whose->errand) == errand);
    if (!is_put) {
        (void)take_own_locked(host, whose);
    }
    return is_put;
}

// For which thread an interruption is, or for whichever runs an errand; neither: for all inside.
typedef struct {
    const thread *thread;
    const void *errand;
} addressee;

static guest *
find_meant_locked(interp *host, addressee whom)
{
    guest *each = host->guests;
    while (each != NULL &&
           !(is_meant(each) && (whom.errand == NULL ? each->thread == whom.thread
                                                    : atomic_load(&each->errand) == whom.errand))) {
        each = each->next;
    }
    return each;
}

// For all that are inside, or for one thread. An interruption that it replaces is returned in
// `before`.
static bool
put_locked(interp *host, addressee whom, parcel *packed, parcel **before)
{
    if (whom.thread == NULL && whom.errand == NULL) {
        *before = take_common_locked(host);
        return put_common_locked(host, packed);
    }
    guest *meant = find_meant_locked(host, whom);
    if (meant == NULL) {
        return false;
    }
    *before = take_own_locked(host, meant);
    return put_own_locked(host, meant, whom.errand, packed);
}

typedef struct {
    unsigned long ident;
    const thread *found;
} search;

static void
find_thread(thread *each, void *argument)
{
    search *wanted = argument;
    if (each->ident == wanted->ident) {
        wanted->found = each;
    }
}

static void
mark_main_thread(thread *each, void *unused)
{
    if (each->is_main) {
        atomic_fetch_or(&each->wakeup, WAKEUP_INTERRUPTION);
    }
}

int
interruption_ask(core_state *home, interp *host, PyObject *exception, unsigned long ident,
                 const void *errand)
{
    search wanted = {ident, NULL};
    if (ident != 0) {
        thread_each(find_thread, &wanted);
        if (wanted.found == NULL) {
            return 0;
        }
    }
    addressee whom = {wanted.found, errand};
    parcel *before = NULL, *packed = pack(home, exception);
    if (packed == NULL) {
        return -1;
    }
    pthread_mutex_lock(&host->mutex);
    bool may_run = phase_is_living(interp_get_phase(host)); // its closer may wait for it
    bool is_put = may_run && put_locked(host, whom, packed, &before);
    if (is_put) {
        interp_pin_locked(host);
    }
    pthread_mutex_unlock(&host->mutex);
    free_parcel(before);
    if (!is_put) {
        free_parcel(packed);
        return 0;
    }
    if (host->is_main && ident == 0 && errand == NULL) {
        thread_each(mark_main_thread, NULL); // after it is put: else interruption_tidy clears it
    }
    crossing_post(host);
    interp_unpin(host);
    return 1;
}

// ---- delivering ----

// An interruption for this thread alone comes first.
static parcel *
take_locked(interp *host, guest *own)
{
    bool is_visitor = own != NULL && own->is_owned && own->depth > 0;
    bool may_be_own = !host->is_main || thread_is_main();
    if (is_visitor && own->interruption != NULL) {
        return take_own_locked(host, own);
    }
    return host->interruption != NULL &&
                   (is_visitor ? own->is_interruptible : host->may_interrupt_own && may_be_own)
               ? take_common_locked(host)
               : NULL;
}

int
interruption_deliver(core_state *state, guest *own)
{
    interp *host = state->interp;
    pthread_mutex_lock(&host->mutex);
    parcel *taken = take_locked(host, own);
    bool is_missed = is_any_awaited_locked(host);
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
