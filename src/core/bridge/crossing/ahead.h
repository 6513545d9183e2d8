// ahead: items of a remote iterator, or values of a dict, that are here before they are asked for.
//
// Purpose. `for item in p` would cross once for each item. If `p` is one of CPython's own
// containers and the next items are small values, one crossing brings several, and the following
// `next` do not cross. The iterator itself is advanced when somebody is about to use it, by as many
// items as were taken (bridge/iteration/bookmark). So nothing is lost or doubled if a loop ends
// early, or if several threads or interpreters use one iterator.
//
// dict(p), {**p} and d.update(p) ask for the keys of a mapping first, then for the value of each.
// If p[key] follows p.keys(), and its key is the dict's next one or its first, the entries that
// come after it may be brought as well (bridge/iteration/entries). They are used if they are asked
// for in this order.
//
// What is exact about it. Items are only brought while the export has the only reference to the
// iterator, so that all who use it settle the bookmark first. (Only gc.get_objects() and
// gc.get_referrers() of the owner can show an iterator that is behind.) Items of a container that
// cannot change stay right. Those of another are right as long as nobody has run in its interpreter
// since, which its GIL tells: the thread state that had it last is the one that this thread has
// there, and this thread has not left there again (departures). Otherwise the rest is thrown away,
// and the iterator finds what has changed: an appended item, "changed size during iteration".
// Generators, iterators of classes, subclasses of dict and what is restricted never run ahead. Once
// the owner has closed, items that are here are not given out either.
//
// Lifetime. A batch belongs to one Proxy. It holds no references.
//
// Threads. Under the GIL of the Proxy. While a batch is being filled, nobody else has it.
#ifndef ATOLL_BRIDGE_AHEAD_H
#define ATOLL_BRIDGE_AHEAD_H

#include "bridge/transfer/export.h"
#include "bridge/python/state.h"

typedef struct ahead_batch ahead_batch;

// The next item of an iterator of a known type, as tp_iternext. *own: the Proxy's, NULL at first.
PyObject *ahead_next(core_state *home, exported *target, ahead_batch **own);
// target[key] of a dict whose keys were asked for: with the value come the entries that follow.
PyObject *ahead_value(core_state *home, exported *target, PyObject *key, ahead_batch **own);
void ahead_free(ahead_batch *self); // or NULL

#endif
