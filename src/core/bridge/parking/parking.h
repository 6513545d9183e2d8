// parking: a GIL that nobody wants is not released.
//
// Purpose. Half of a crossing is the release and the acquisition of two GILs. A thread that leaves
// an interpreter, for the host or for home, leaves its GIL taken there, `parked` by its guest, and
// is detached all the same. When it comes back, and nobody was there meanwhile, both are a few
// stores.
//
// Protocol. interp.parked is the guest whose thread state holds the GIL while its thread is
// elsewhere. interp.takers counts the threads that take the GIL or wait for it.
//   Leaving (leave): detach; parked = own guest; (full barrier) if there are takers, take
//   it back and release it. Coming back (resume): parked from own guest to NULL; attach.
//   Taking (parking_announce, then as ever, then parking_arrive): takers + 1; (full barrier) if it
//   is parked, revoke it. So a leaver sees the taker, or the taker sees what is parked. Revoking:
//   parked to NULL, which makes this thread the GIL's only user; attach the thread state found
//   there, and swap it out with PyThreadState_Swap. All of CPython's own bookkeeping is done by
//   that, and by the taker's swap.
// Whoever changes `parked` to NULL has the GIL.
//
// Who else may want the GIL? Threads that CPython lets in without asking us: an interpreter's own,
// and visitors that detached while inside. Where there is one, nothing is parked (is_alone), unless
// it is the standby thread, which announces itself (parking_sleep). One may
// still come later: a thread state is made by something that does not know us
// (PyGILState_Ensure, the module _interpreters). So nothing stays parked: the alarm's thread
// revokes all every PARKING_LIMIT (parking_tick). Such a thread waits no longer than that, once:
// from then on it is seen.
//
// Who asks whether a GIL is taken takes a parked one for free (interp_is_running).
//
// What it rests on. See bridge/parking/current.h for the private parts of CPython. New thread
// states become the head of their interpreter's list: as long as that is the same, and the guests
// are, own threads need not be counted again. While a GIL is parked, its thread state is CPython's
// last holder: pending calls and requests to drop the GIL are marked there, and seen on coming
// back.
//
// Adaptive. Where the GIL was revoked by another thread it is not parked the next times that it is
// left, twice as often each time; parking that pays lowers the number. So two threads in strict
// alternation hardly ever park.
//
// Lifetime. On from the first interpreter that is made, unless ATOLL_PARKING is 0 then or CPython
// is not as expected; where it is off, one test for each crossing. While it is on, the alarm's
// thread runs. parking_stop ends it for good before that thread ends. A forked child parks nothing
// more; what its thread has parked it comes back to. A thread state that is revoked is used by its
// revoker until it is swapped out; as long as there are `revokers`, nobody deletes one
// (parking_await_revokers), and its own thread waits. The interpreter is kept by the revoker, a
// present guest, or by the alarm's pin.
//
// Threads. `parked`, `takers` and `revokers` are atomic; the rest is under the interpreter's GIL,
// which whoever has it parked holds too.
#ifndef ATOLL_BRIDGE_PARKING_H
#define ATOLL_BRIDGE_PARKING_H

#include <Python.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "ground/base/attributes.h"
#include "ground/interpreter/interp.h"

extern atomic_bool parking_is_on; // GILs may be parked, or were

// The first interpreter has been made. Call attached to `here`, a thread state of the main
// interpreter or of a visitor; `other` is one of the new interpreter, attached by nobody.
void parking_start(PyThreadState *here, PyThreadState *other);
void parking_stop(void); // detached; for good
void parking_fork_child(void);
const char *parking_obstacle(void); // why it is off; NULL: it is on
int64_t parking_tick(void);         // for the alarm: revoke what is parked; when to call it again

// This thread goes from one interpreter to another. It leaves through `from`, which may be NULL, or
// not be attached, and parks the GIL there if it may. True: the other one's GIL was parked by
// `visitor`, and the thread is inside. Otherwise it is detached, or still attached as it was.
bool parking_pass(guest *from, guest *visitor, PyThreadState *state);

// Around taking a GIL by other means: nobody parks it meanwhile, and it is not parked. This thread
// is detached if it was parked.
void parking_announce(interp *host);
void parking_arrive(interp *host, guest *visitor); // the GIL is held; NULL: through no guest

// Instead of PyEval_SaveThread and PyEval_RestoreThread, for an own thread that waits for long: its
// interpreter's GIL may be parked meanwhile.
PyThreadState *parking_sleep(interp *here);
void parking_wake(interp *here, PyThreadState *state);

// The guest's thread state is about to be deleted, under the GIL.
void parking_forget(guest *visitor);

// Before a thread state is deleted, under the GIL: no other thread uses one any more that it has
// revoked here. None waits for this GIL.
void parking_await_revokers(interp *host);

#endif
