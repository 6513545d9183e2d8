// signals: tells the alarm of signals for which Python has a handler.
//
// Purpose. Python runs its handlers in the main interpreter only. While the main thread is inside
// another one, nothing would tell it of a signal. So the C handler of such a signal is wrapped by
// one that also calls alarm_ring. Each signal keeps its own handler, whoever installed that, with
// its flags.
//
// Threads. signals_watch: one at a time, under main's GIL. The wrapper is async-signal-safe, as
// CPython's handler is.
#ifndef ATOLL_BRIDGE_SIGNALS_H
#define ATOLL_BRIDGE_SIGNALS_H

#include <stdbool.h>

// Call when Python has installed its C handler. At the first call another may have replaced that.
void signals_watch(int number);
bool signals_is_watched(int number); // the wrapper is installed, or will be restored

#endif
