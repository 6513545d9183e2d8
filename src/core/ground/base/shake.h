// shake: a random pause at a racy point, in builds that look for races.
//
// Purpose. Most schedules never happen on an idle machine. With -DATOLL_SHAKE some calls, chosen at
// random, yield the CPU, spin or sleep, so that another thread gets in between. Without it a call
// compiles to nothing. tools/shake.sh builds with it and runs the stress scripts.
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
