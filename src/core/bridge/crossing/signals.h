// signals: the alarm hears of signals for which Python has a handler.
//
// Purpose. Python runs its handlers in the main interpreter only. While the main thread is inside
// another one, nobody would tell it; so the C handler of such a signal is wrapped by one that also
// rings. Each signal keeps its own, whoever's that is, with its flags.
//
// Threads. signals_watch: one at a time, under main's GIL. The wrapper is async-signal-safe, as
// CPython's handler is.
#ifndef ATOLL_BRIDGE_SIGNALS_H
#define ATOLL_BRIDGE_SIGNALS_H

#include <stdbool.h>

// Python has installed its C handler; or the first time, when another may have replaced that.
void signals_watch(int number);
bool signals_is_watched(int number); // the wrapper is what it has, or will have again

#endif
