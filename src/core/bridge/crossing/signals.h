// signals: the alarm hears of signals for which Python has a handler.
//
// Purpose. Python runs its handlers in the main interpreter only. While the main thread is inside
// another one, nobody would tell it; so CPython's own C handler is wrapped by one that also rings.
//
// Threads. signals_watch: the main one. The wrapper is async-signal-safe, as CPython's handler is.
#ifndef ATOLL_BRIDGE_SIGNALS_H
#define ATOLL_BRIDGE_SIGNALS_H

void signals_watch(int number); // for which Python has just installed its C handler

#endif
