#include "bridge/crossing/perform.h"

#include "bridge/crossing/crossing.h"
#include "bridge/operation/answer.h"
#include "bridge/operation/arguments.h"
#include "bridge/operation/dispatch.h"
#include "bridge/transfer/specials.h"

static void
perform_in_host(core_state *host, const operation *op, const interp *home, argument_list *arguments,
                answer *result)
{
    restriction used, *narrowing = NULL;
    if (UNLIKELY(operation_is_closed(op))) {
        used = restriction_of_answer(op->target, home);
        narrowing = &used;
    }
    PyObject *value = NULL, *name = NULL;
    int status = -1;
    result->form = ANSWER_ERROR;
    result->attribute = ATTRIBUTE_VALUE;
    specials_refresh(host);
    if (LIKELY(op->kind == OPERATION_CALL || (name = name_here(host, op->name)) != NULL)) {
        if (LIKELY(arguments_unpack(arguments, host, op) == 0)) {
            value = UNLIKELY(!arguments->is_simple && arguments->is_exit)
                        ? dispatch_exit(host, op, name, narrowing, arguments)
                        : dispatch(host, op, name, narrowing, arguments);
            if (UNLIKELY(value == NULL && narrowing == NULL)) {
                value = dispatch_annotate_again(host, op, arguments);
            }
        }
        if (UNLIKELY(op->flags & OPERATION_PLAIN_RESULT) && value != NULL) {
            value = answer_make_plain(value);
        }
    }
    if (LIKELY(value != NULL)) {
        if ((op->flags & OPERATION_FUSE) &&
            (result->attribute = answer_classify(host, arguments->host[1], value,
                                                 narrowing != NULL)) != ATTRIBUTE_VALUE) {
            status = answer_pack(host, home, op, NULL, Py_None, NULL, result);
        }
        else {
            status = answer_pack(host, home, op, arguments->host[1], value, narrowing, result);
        }
    }
    Py_XDECREF(value);
    Py_XDECREF(name);
    if (UNLIKELY(status < 0)) {
        answer_pack_error(host, narrowing, result);
    }
    arguments_drop(arguments);
    specials_publish(host);
}

// A held result is copied while the host cannot close, then dropped there.
static COLD PyObject *
fetch_held(core_state *home, crossing *over, answer *result)
{
    crossing_return(over);
    PyObject *held = result->parcel.held;
    PyObject *value = answer_unpack(home, result);
    PyObject *raised = PyErr_GetRaisedException();
    crossing_revisit(over);
    Py_DECREF(held);
    crossing_leave(over);
    PyErr_SetRaisedException(raised);
    return value;
}

PyObject *
operation_perform(core_state *home, const operation *self, attribute_kind *attribute)
{
    argument_list arguments;
    PyObject *value = NULL;
    if (LIKELY(arguments_pack(&arguments, home, self) == 0)) {
        crossing over;
        crossing_result why =
            crossing_enter(&over, home->interp, self->owner, (crossing_purpose){.operation = self});
        if (LIKELY(why == CROSSING_OK)) {
            answer result;
            perform_in_host(self->owner->core_state, self, home->interp, &arguments, &result);
            if (attribute != NULL) {
                *attribute = result.attribute;
            }
            if (UNLIKELY(result.form == ANSWER_PARCEL && result.parcel.held != NULL)) {
                value = fetch_held(home, &over, &result);
            }
            else {
                crossing_leave(&over);
                value = answer_unpack(home, &result);
            }
        }
        else {
            crossing_raise(home, self->owner, why);
        }
    }
    else if (interp_get_phase(self->owner) == INTERP_CLOSED &&
             PyErr_ExceptionMatches(PyExc_Exception)) {
        state_raise_closed(home, self->owner); // at exit, what packing needs may be gone
    }
    arguments_free(&arguments);
    specials_refresh(home);
    return value;
}
