// The table of atoll.h, its capsule, and what all its functions check.
#include "types/capi/capi.h"
#include "types/reference.h"

// ---- checks ----

COLD int
capi_fail(int why, PyObject *type, const char *text)
{
    if (PyThreadState_GetUnchecked() == NULL) {
        return why;
    }
    if (why == ATOLL_ERROR_MEMORY) {
        PyErr_NoMemory();
    }
    else {
        PyErr_SetString(type, text);
    }
    return why;
}

COLD core_state *
capi_here_slow(Atoll_Interpreter *named, int *why)
{
    const PyThreadState *state = PyThreadState_GetUnchecked();
    interp *here = state == NULL ? NULL : capi_interp_of(state), *wanted = capi_interp(named);
    if (state == NULL) {
        *why = ATOLL_ERROR_DETACHED;
    }
    else if (here == NULL || here->core_state == NULL) {
        *why = capi_fail(ATOLL_ERROR_DETACHED, PyExc_RuntimeError,
                         "this thread is in an interpreter that atoll does not know, or that ends");
    }
    else if (wanted == NULL) {
        *why = capi_fail(ATOLL_ERROR_ARGUMENT, PyExc_ValueError, "the Atoll_Interpreter is NULL");
    }
    else if (interp_get_phase(wanted) == INTERP_CLOSED) {
        state_raise_closed(here->core_state, wanted);
        *why = ATOLL_ERROR_CLOSED;
    }
    else {
        PyErr_Format(PyExc_RuntimeError,
                     "this thread is in interpreter '%s', not in '%s': give the function the "
                     "former, or call Atoll_Enter() [docs: reference/c-api]",
                     here->name, wanted->name);
        *why = ATOLL_ERROR_ARGUMENT;
    }
    return NULL;
}

// ---- the table ----

// Main's exit handlers must know that threads may come in which Python does not know.
static int
prepare(void)
{
    interp *here = capi_interp(capi_current());
    if (here == NULL) {
        return capi_fail(ATOLL_ERROR_DETACHED, PyExc_RuntimeError,
                         "Atoll_Import() needs a thread that is attached");
    }
    if (!here->is_main) {
        return ATOLL_OK; // it was made by atoll, which is prepared
    }
    PyObject *done = state_call_hook(here->core_state, HOOK_REGISTER_EXIT, NULL, NULL);
    Py_XDECREF(done);
    return done == NULL ? ATOLL_RAISED : ATOLL_OK;
}

static const Atoll_Functions functions = {
    .version = ATOLL_API_VERSION,
    .size = sizeof functions,
    .prepare = prepare,
    .current = capi_current,
    .main = capi_main,
    .of_thread = capi_of_thread,
    .of_object = capi_of_object,
    .to_object = capi_to_object,
    .hold = capi_hold,
    .release = capi_release,
    .id = capi_id,
    .name = capi_name,
    .state = capi_state,
    .enter = capi_enter,
    .enter_within = capi_enter_within,
    .leave = capi_leave,
    .export_object = capi_export,
    .resolve = capi_resolve,
    .hold_ref = capi_hold_ref,
    .release_ref = capi_release_ref,
    .owner = capi_owner,
    .call = capi_call,
    .call_function = capi_call_function,
    .get_attr = capi_get_attr,
    .set_attr = capi_set_attr,
    .share = capi_share,
    .is_shared = capi_is_shared,
    .wrap_memory = capi_wrap_memory,
    .new_atomic_int = capi_new_atomic_int,
    .cell = capi_cell,
    .slot = capi_slot,
};

int
capi_add_capsule(PyObject *module)
{
    PyObject *capsule = PyCapsule_New((void *)&functions, "atoll._core._C_API", NULL);
    int result = capsule == NULL ? -1 : PyModule_AddObjectRef(module, "_C_API", capsule);
    Py_XDECREF(capsule);
    return result;
}
