#include "bridge/python/disturbance.h"

#include "ground/interpreter/alarm.h"
#include "ground/interpreter/thread.h"

unsigned
disturbance_count(void)
{
    const thread *here = thread_get();
    if (here == NULL) {
        return 0;
    }
    return here->broken_off + (here->is_main ? alarm_count_signals() : 0);
}

void
disturbance_note(void)
{
    thread *here = thread_get();
    if (here != NULL) {
        here->broken_off++;
    }
}

int
disturbance_begin(core_state *here, unsigned *before)
{
    if (here->interp->is_main && PyErr_CheckSignals() < 0) {
        return -1;
    }
    *before = disturbance_count();
    return 0;
}

bool
disturbance_is_why(unsigned before)
{
    return !PyErr_ExceptionMatches(PyExc_Exception) || disturbance_count() != before;
}
