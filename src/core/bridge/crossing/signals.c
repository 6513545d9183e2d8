#include "bridge/crossing/signals.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>

#include "ground/interpreter/alarm.h"

typedef void (*signal_handler)(int number);

static _Atomic(signal_handler) pythons; // CPython has one for all signals

static void
on_signal(int number)
{
    int saved = errno;
    signal_handler inner = atomic_load(&pythons);
    if (inner != NULL) {
        inner(number);
    }
    alarm_ring();
    errno = saved;
}

void
signals_watch(int number)
{
    struct sigaction action;
    if (sigaction(number, NULL, &action) < 0 || (action.sa_flags & SA_SIGINFO) ||
        action.sa_handler == SIG_DFL || action.sa_handler == SIG_IGN ||
        action.sa_handler == on_signal) {
        return;
    }
    atomic_store(&pythons, action.sa_handler);
    action.sa_handler = on_signal;
    (void)sigaction(number, &action, NULL);
}
