#include "ground/interpreter/door.h"

#include <sched.h>

#include "ground/base/clock.h"
#include "ground/base/shake.h"

#define PAUSE_FIRST (12 * INT64_C(1000)) // nanoseconds: some thirty calls of another thread
#define PAUSE_LAST  (2 * PAUSE_FIRST)
#define LIMIT       (5 * MILLISECOND)

// In pauses of the processor, each some 10 to 40 ns. Mere pauses leave a core to the other thread
// where both are threads of one core; reading the clock in between does not.
#define STEP     64 // longer than most calls
#define LEAVING  80 // how long a claim is held while its thread waits for the GIL
#define SETTLING 2  // CPython has its mutex for a moment longer than its flag says

#define CROWD_LASTS 1000 // visits

#define PATIENCE        2048 // departures, after which those who sleep in CPython are owed a turn
#define HAND_OVER_LIMIT MILLISECOND

static void
relax(int pauses)
{
    for (int pause = 0; pause < pauses; pause++) {
        cpu_relax();
    }
}

static unsigned
departures_of(const interp *host)
{
    return atomic_load_explicit(&((interp *)host)->departures, memory_order_relaxed);
}

static bool
claim(interp *host)
{
    int none = 0;
    return atomic_load_explicit(&host->claim, memory_order_relaxed) == 0 &&
           atomic_compare_exchange_strong_explicit(&host->claim, &none, 1, memory_order_acquire,
                                                   memory_order_relaxed);
}

void
door_open(interp *host)
{
    shake();
    atomic_store_explicit(&host->claim, 0, memory_order_release); // pairs with claim
}

// Claims the door, then waits for the GIL to be free; for so many pauses each.
static bool
look(interp *host, int patience)
{
    for (int pauses = 0; !claim(host); pauses++) {
        if (pauses >= patience) {
            return false;
        }
        cpu_relax();
    }
    shake();
    for (int pauses = 0; interp_is_running(host); pauses++) {
        if (pauses >= patience) {
            door_open(host);
            return false;
        }
        cpu_relax();
    }
    return true;
}

static bool
owes_a_turn(const interp *host)
{
    unsigned last = atomic_load_explicit(&((interp *)host)->handed_over, memory_order_relaxed);
    bool is_due = departures_of(host) - last > PATIENCE ||
                  atomic_load_explicit(&((interp *)host)->returning, memory_order_relaxed) > 0;
    return is_due && interp_has_sleepers(host);
}

// Keeps the GIL free for a sleeper: CPython has woken one when it became free. With the claim.
static void
hand_over(interp *host)
{
    atomic_store_explicit(&host->is_handing_over, true, memory_order_relaxed);
    int64_t limit = clock_now() + HAND_OVER_LIMIT;
    while (!interp_is_running(host) && interp_has_sleepers(host) && clock_now() < limit) {
        sched_yield();
    }
    atomic_store_explicit(&host->handed_over, departures_of(host), memory_order_relaxed);
    atomic_store_explicit(&host->is_handing_over, false, memory_order_relaxed);
}

// False: there was no need to.
static bool
wait_for_hand_over(const interp *host, int64_t limit)
{
    bool was_handing_over = false;
    while (atomic_load_explicit(&((interp *)host)->is_handing_over, memory_order_relaxed) &&
           clock_now() < limit) {
        was_handing_over = true;
        sched_yield();
    }
    return was_handing_over;
}

bool
door_try(interp *host)
{
    int crowd = atomic_load_explicit(&host->crowd, memory_order_relaxed);
    if (owes_a_turn(host) || !look(host, 0)) {
        return false;
    }
    if (crowd > 0) { // several threads may count at once: it is a hint
        atomic_store_explicit(&host->crowd, crowd - 1, memory_order_relaxed);
    }
    return true;
}

// Lets others make their calls for so long, or until there are none. Returns the time.
static int64_t
let_pass(const interp *host, int64_t now, int64_t pause)
{
    unsigned seen = departures_of(host);
    for (int64_t end = now + pause; now < end; now = clock_now()) {
        relax(STEP);
        unsigned latest = departures_of(host);
        if (latest == seen && !interp_is_running(host)) {
            break;
        }
        seen = latest;
    }
    return now;
}

bool
door_wait(interp *host)
{
    int64_t now = clock_now();
    int64_t limit = now + LIMIT;
    for (int64_t pause = PAUSE_FIRST; now < limit; pause = PAUSE_LAST) {
        atomic_store_explicit(&host->crowd, CROWD_LASTS, memory_order_relaxed);
        unsigned before = departures_of(host);
        now = let_pass(host, now, pause);
        if (look(host, LEAVING)) {
            if (!owes_a_turn(host)) {
                relax(SETTLING);
                return true;
            }
            hand_over(host);
            door_open(host);
        }
        else if (!wait_for_hand_over(host, limit) && departures_of(host) == before) {
            break; // a thread that stays: CPython wakes us
        }
    }
    door_open(host); // whoever has the claim may have ended
    return false;
}
