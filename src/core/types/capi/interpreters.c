// Interpreters, as atoll.h names them.
#include "bridge/transfer/handle.h"
#include "ground/interpreter/thread.h"
#include "types/capi/capi.h"
#include "types/reference.h"

// ---- which one is this? ----

__thread capi_known capi_known_here __attribute__((tls_model("initial-exec")));

interp *
capi_find_interp(PyInterpreterState *of)
{
    capi_known *known = &capi_known_here;
    unsigned version = atomic_load(&registry_version);
    interp *record = registry_find(of);
    if (known->version != version) {
        *known = (capi_known){.version = version};
    }
    if (record != NULL) {
        known->places[known->next].state = of;
        known->places[known->next].record = record;
        known->next = (known->next + 1) % CAPI_KNOWN;
    }
    return record;
}

Atoll_Interpreter *
capi_current(void)
{
    const PyThreadState *state = PyThreadState_GetUnchecked();
    return state == NULL ? NULL : capi_handle(capi_interp_of(state));
}

Atoll_Interpreter *
capi_main(void)
{
    static _Atomic(interp *) record;
    interp *found = atomic_load_explicit(&record, memory_order_acquire);
    if (UNLIKELY(found == NULL)) {
        found = registry_find(PyInterpreterState_Main());
        if (found != NULL) {
            interp_incref(found); // for ever
            atomic_store_explicit(&record, found, memory_order_release);
        }
    }
    return capi_handle(found);
}

// ---- others ----

Atoll_Interpreter *
capi_of_thread(unsigned long ident)
{
    const thread *here = thread_get();
    const interp *current = capi_interp(capi_current());
    bool is_own = current != NULL && here != NULL && here->ident == ident;
    int64_t id = is_own ? current->id : thread_find_current(ident);
    interp *found = id < 0 ? NULL : registry_next_after(id - 1);
    if (found == NULL) {
        return NULL;
    }
    bool is_it = found->id == id;
    if (is_it) {
        handle_incref(HANDLE_INTERPRETER, found);
    }
    interp_decref(found);
    return is_it ? capi_handle(found) : NULL;
}

static interp *
owner_of(core_state *state, PyObject *object)
{
    if (state_is_type(state, TYPE_REMOTE_METHOD, object)) {
        object = remote_method_owner(object);
    }
    const exported *target = reference_target(object);
    if (target == NULL) {
        return interpreter_of(state, object);
    }
    if (target->flags & EXPORT_RESTRICTED) { // its interpreter gives access to everything in it
        PyErr_SetString(PyExc_AttributeError,
                        "this proxy is restricted: its interpreter is not allowed "
                        "[docs: how-to/restrict]");
        return NULL;
    }
    return target->owner;
}

Atoll_Interpreter *
capi_of_object(Atoll_Interpreter *here, PyObject *object)
{
    int why;
    core_state *state = capi_here_with(here, object, "the object is NULL", &why);
    if (state == NULL) {
        return NULL;
    }
    interp *found = owner_of(state, object);
    if (found != NULL) {
        handle_incref(HANDLE_INTERPRETER, found);
    }
    return capi_handle(found);
}

PyObject *
capi_to_object(Atoll_Interpreter *here, Atoll_Interpreter *which)
{
    int why;
    core_state *state = capi_here_with(here, which, "the Atoll_Interpreter is NULL", &why);
    return state == NULL ? NULL : interpreter_handle(state, capi_interp(which));
}

void
capi_hold(Atoll_Interpreter *which)
{
    if (which != NULL) {
        handle_incref(HANDLE_INTERPRETER, which);
    }
}

void
capi_release(Atoll_Interpreter *which)
{
    if (which != NULL) {
        handle_decref(HANDLE_INTERPRETER, which);
    }
}

int64_t
capi_id(Atoll_Interpreter *which)
{
    return which == NULL ? -1 : capi_interp(which)->id;
}

const char *
capi_name(Atoll_Interpreter *which)
{
    return which == NULL ? NULL : capi_interp(which)->name;
}

int
capi_state(Atoll_Interpreter *which)
{
    if (which == NULL) {
        return ATOLL_STATE_CLOSED;
    }
    interp_phase phase = interp_get_phase(capi_interp(which));
    return phase == INTERP_OPEN     ? ATOLL_STATE_OPEN
           : phase == INTERP_CLOSED ? ATOLL_STATE_CLOSED
                                    : ATOLL_STATE_CLOSING;
}
