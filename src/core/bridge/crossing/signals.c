#include "bridge/crossing/signals.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>

#include "ground/interpreter/alarm.h"
#include "ground/traceback/reporter.h"

#define SIGNALS 65 // _NSIG

typedef void (*plain_handler)(int number);
typedef void (*informed_handler)(int number, siginfo_t *info, void *context);

// The handler that each signal had. Usually CPython's, the same for all signals; but it may have
// been replaced by one that calls CPython's, or does not (faulthandler.register).
static _Atomic(plain_handler) plain[SIGNALS];
static _Atomic(informed_handler) informed[SIGNALS];

static void on_signal(int number);
static void on_informed_signal(int number, siginfo_t *info, void *context);

static bool
is_informed(const struct sigaction *action)
{
    return (action->sa_flags & SA_SIGINFO) != 0;
}

static bool
is_ours(const struct sigaction *action)
{
    return is_informed(action) ? action->sa_sigaction == on_informed_signal
                               : action->sa_handler == on_signal;
}

static bool
is_handled(const struct sigaction *action)
{
    return is_informed(action) || (action->sa_handler != SIG_DFL && action->sa_handler != SIG_IGN);
}

static void
set_ours(struct sigaction *action)
{
    if (is_informed(action)) {
        action->sa_sigaction = on_informed_signal;
    }
    else {
        action->sa_handler = on_signal;
    }
}

static bool
wrap(int number, struct sigaction *action)
{
    if (!is_handled(action) || is_ours(action)) {
        return false;
    }
    if (is_informed(action)) {
        atomic_store(&informed[number], action->sa_sigaction);
    }
    else {
        atomic_store(&plain[number], action->sa_handler);
    }
    set_ours(action);
    return true;
}

// ---- the wrapper ----

// A handler that calls the one that it replaced restores that meanwhile, and then installs itself,
// in our place. Any other handler that is now installed has ours to restore.
static bool
is_back(const struct sigaction *now, plain_handler called, informed_handler called_informed)
{
    return is_informed(now) ? now->sa_sigaction == called_informed
                            : called != NULL && now->sa_handler == called;
}

static void
finish(int number, int saved, plain_handler called, informed_handler called_informed)
{
    struct sigaction now;
    if (sigaction(number, NULL, &now) == 0 && is_back(&now, called, called_informed)) {
        set_ours(&now);
        (void)sigaction(number, &now, NULL);
    }
    alarm_ring();
    errno = saved;
}

static void
on_signal(int number)
{
    int saved = errno;
    plain_handler inner = atomic_load(&plain[number]);
    inner(number);
    finish(number, saved, inner, NULL);
}

static void
on_informed_signal(int number, siginfo_t *info, void *context)
{
    int saved = errno;
    informed_handler inner = atomic_load(&informed[number]);
    inner(number, info, context);
    finish(number, saved, NULL, inner);
}

// ---- watching ----

static bool
is_ours_beneath(int number, struct sigaction *action)
{
    return is_ours(action);
}

bool
signals_is_watched(int number)
{
    struct sigaction action;
    bool is_so = false;
    if (number > 0 && number < SIGNALS && !reporter_look_beneath(number, is_ours_beneath, &is_so) &&
        sigaction(number, NULL, &action) == 0) {
        is_so = is_ours(&action);
    }
    return is_so;
}

void
signals_watch(int number)
{
    struct sigaction action;
    bool is_changed;
    if (number > 0 && number < SIGNALS && !reporter_look_beneath(number, wrap, &is_changed) &&
        sigaction(number, NULL, &action) == 0 && wrap(number, &action)) {
        (void)sigaction(number, &action, NULL);
    }
}
