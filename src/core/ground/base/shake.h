// shake: a moment's rest at a racy point, in builds that look for races.
//
// Purpose. Most schedules never happen on an idle machine. With -DATOLL_SHAKE every call gives up
// the CPU, spins or sleeps, now and then and at random, so that the other thread gets in between;
// without it there is no code. tools/shake.sh runs the stress scripts so.
//
// Threads. Any, with or without a GIL, also under our locks.
#ifndef ATOLL_GROUND_SHAKE_H
#define ATOLL_GROUND_SHAKE_H

#ifdef ATOLL_SHAKE
void shake(void);
#else
static inline void
shake(void)
{
}
#endif

#endif
