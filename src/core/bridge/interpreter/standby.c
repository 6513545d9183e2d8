#include "bridge/interpreter/standby.h"

#include "ground/interpreter/standby_signal.h"
#include "ground/interpreter/thread.h"

void
standby_retire(core_state *state)
{
    interp *here = state->interp;
    if (state_count_exports(state) == 0 && here->due == NULL && atomic_load(&here->buffers) == 0 &&
        atomic_load(&here->role) == ROLE_IN_USE) {
        registry_set_role(here, ROLE_RETIRED);
        standby_signal_send();
    }
}

void
standby_abandon(core_state *state)
{
    state->interp->is_abandoned = true;
    standby_retire(state);
}

// The next visitor will delete the thread state: that needs the interpreter's GIL.
void
standby_leave(interp *made)
{
    thread *here = thread_self;
    guest *maker = here == NULL ? NULL : thread_guest(here, made);
    if (maker != NULL && maker->is_owned && maker->depth == 0) {
        thread_set_guest(here, made, NULL);
        guest_end(maker);
    }
}
