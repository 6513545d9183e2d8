#include "bridge/crossing/description.h"

#include "bridge/python/cpython.h"
#include "bridge/crossing/crossing.h"
#include "bridge/transfer/error.h"
#include "bridge/python/objects.h"
#include "bridge/transfer/parcel.h"
#include "bridge/transfer/restriction.h"
#include "bridge/classes/twin.h"

static exported *
export_class(core_state *host, PyTypeObject *class)
{
    return class == NULL || cpython_is_shared_type(class) ? NULL
                                                          : export_object(host, (PyObject *)class);
}

static PyObject *
describe_view(core_state *host, const restricted_object *view)
{
    PyObject *object = restriction_object(view);
    if (object == NULL) {
        return NULL;
    }
    bool is_whole = view->kind == VIEW_GUEST && view->names == NULL;
    return state_call_hook(host, is_whole ? HOOK_DESCRIBE_GUEST : HOOK_DESCRIBE,
                           (PyObject *)Py_TYPE(object), view->names);
}

static int
describe_in_host(core_state *host, exported *target, description *result, parcel *packed)
{
    PyObject *object = target->object;
    PyObject *told = NULL;
    PyTypeObject *class = NULL;
    *result = (description){0};
    if (object == NULL) {
        state_raise_closed(host, target->owner);
    }
    else if (target->flags & EXPORT_RESTRICTED) {
        told = describe_view(host, (restricted_object *)object);
    }
    else {
        class = target->flags & EXPORT_CLASS ? (PyTypeObject *)object : Py_TYPE(object);
        result->class = export_class(host, class);
        if (result->class != NULL) {
            export_watch_class(host, result->class); // before the class is read
        }
        twin_watch(host);
        result->twin_epoch = twin_epoch(host->interp);
        bool is_watched =
            !PyErr_Occurred() && (result->class == NULL ||
                                  specials_describe(host, result->class, &result->specials) == 0);
        told = is_watched ? state_call_hook(host, HOOK_DESCRIBE, (PyObject *)class, NULL) : NULL;
    }
    result->type_key = class;
    if (told == NULL || parcel_put(packed, host, told, 0) < 0) {
        Py_XDECREF(told);
        error_pack(packed, host, 0);
        return -1;
    }
    Py_DECREF(told);
    result->metaclass = export_class(host, class == NULL ? NULL : Py_TYPE(class));
    return 0;
}

int
description_bring(core_state *home, exported *target, description *result)
{
    // Allowed while the owner is closing: the close may fail, and a description is asked for only
    // once.
    crossing over;
    crossing_result why =
        crossing_enter_until(&over, home->interp, PyThreadState_GetUnchecked(), target->owner,
                             INTERP_CLOSING, CROSSING_FOR("describe"));
    if (why != CROSSING_OK) {
        crossing_raise(home, target->owner, why);
        return -1;
    }
    restriction closing = restriction_of_answer(target, home->interp);
    parcel packed;
    parcel_init_closed(&packed, target->flags & EXPORT_RESTRICTED ? &closing : NULL);
    int status = describe_in_host(target->owner->core_state, target, result, &packed);
    packed.restriction = NULL;
    crossing_leave(&over);
    if (status < 0) {
        (void)error_raise(&packed, home);
        PyObject *raised = PyErr_GetRaisedException();
        description_clear(result);
        PyErr_SetRaisedException(raised);
    }
    else {
        result->tuple = parcel_get(&packed, home);
        if (result->tuple == NULL) {
            description_clear(result);
            status = -1;
        }
    }
    parcel_clear(&packed);
    return status;
}

void
description_clear(description *self)
{
    Py_XDECREF(self->tuple);
    if (self->class != NULL) {
        export_unref((foreign_ref){self->class});
    }
    if (self->metaclass != NULL) {
        export_unref((foreign_ref){self->metaclass});
    }
}
