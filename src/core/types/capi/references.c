// References of atoll.h: objects seen from any interpreter, calls and attributes.
#include "bridge/operation/dispatch.h"
#include "bridge/python/caller.h"
#include "types/capi/capi.h"
#include "types/reference.h"

static exported *
target_of(Atoll_Ref reference)
{
    return reference.object;
}

static core_state *
here_with_target(Atoll_Interpreter *here, Atoll_Ref target, int *why)
{
    return capi_here_with(here, target.object, "the Atoll_Ref refers to nothing", why);
}

// ---- life ----

// What an object, which is no Proxy's, is known as elsewhere; counted. NULL: exception.
static exported *
export_any(core_state *state, PyObject *object)
{
    exported *known = reference_target(object);
    if (known != NULL) {
        return export_ref(known).target;
    }
    if (!state_is_type(state, TYPE_REMOTE_METHOD, object)) {
        return export_object(state, object);
    }
    PyObject *method = remote_method_resolve(object);
    known = method == NULL                                     ? NULL
            : state_is_type(state, TYPE_REMOTE_METHOD, method) ? export_object(state, method)
                                                               : export_any(state, method);
    Py_XDECREF(method);
    return known;
}

int
capi_export(Atoll_Interpreter *here, PyObject *object, Atoll_Ref *reference)
{
    int why = ATOLL_OK;
    if (reference != NULL) {
        *reference = (Atoll_Ref){NULL};
    }
    core_state *state = capi_here_with(here, object, "the object is NULL", &why);
    if (state == NULL) {
        return why;
    }
    if (reference == NULL) {
        return capi_fail(ATOLL_ERROR_ARGUMENT, PyExc_ValueError, "the Atoll_Ref * is NULL");
    }
    reference->object = export_any(state, object);
    return reference->object == NULL ? ATOLL_RAISED : ATOLL_OK;
}

PyObject *
capi_resolve(Atoll_Interpreter *here, Atoll_Ref reference)
{
    int why;
    core_state *state = here_with_target(here, reference, &why);
    return state == NULL
               ? NULL
               : state->references->import(state, export_ref(target_of(reference)).target);
}

void
capi_hold_ref(Atoll_Ref reference)
{
    if (reference.object != NULL) {
        (void)export_ref(target_of(reference));
    }
}

void
capi_release_ref(Atoll_Ref reference)
{
    if (reference.object != NULL) {
        export_unref((foreign_ref){target_of(reference)});
    }
}

Atoll_Interpreter *
capi_owner(Atoll_Ref reference)
{
    return reference.object == NULL ? NULL : capi_handle(target_of(reference)->owner);
}

// ---- calls ----

static int
check_call(PyObject *name, PyObject *const *arguments, size_t count, PyObject *keyword_names)
{
    if (UNLIKELY(keyword_names != NULL && !PyTuple_Check(keyword_names))) {
        return capi_fail(ATOLL_ERROR_ARGUMENT, PyExc_TypeError, "keyword names must be a tuple");
    }
    if (UNLIKELY(arguments == NULL &&
                 (PyVectorcall_NARGS(count) > 0 ||
                  (keyword_names != NULL && PyTuple_GET_SIZE(keyword_names) > 0)))) {
        return capi_fail(ATOLL_ERROR_ARGUMENT, PyExc_ValueError, "the arguments are NULL");
    }
    return name == NULL ? 0 : state_check_name(name);
}

// The object lives where the caller is.
static COLD PyObject *
call_here(core_state *state, exported *target, PyObject *name, PyObject *const *arguments,
          size_t count, PyObject *keyword_names)
{
    PyObject *object = state->references->import(state, export_ref(target).target);
    PyObject *function =
        object == NULL || name == NULL ? Py_XNewRef(object) : PyObject_GetAttr(object, name);
    PyObject *result = function == NULL
                           ? NULL
                           : PyObject_Vectorcall(function, arguments,
                                                 (size_t)PyVectorcall_NARGS(count), keyword_names);
    Py_XDECREF(function);
    Py_XDECREF(object);
    return result;
}

PyObject *
capi_call(Atoll_Interpreter *here, Atoll_Ref reference, PyObject *name, PyObject *const *arguments,
          size_t count, PyObject *keyword_names)
{
    int why;
    core_state *state = here_with_target(here, reference, &why);
    if (UNLIKELY(state == NULL || check_call(name, arguments, count, keyword_names) < 0)) {
        return NULL;
    }
    exported *target = target_of(reference);
    if (UNLIKELY(target->owner == state->interp)) {
        return call_here(state, target, name, arguments, count, keyword_names);
    }
    operation op = {.kind = name == NULL ? OPERATION_CALL : OPERATION_METHOD,
                    .owner = target->owner,
                    .target = target,
                    .arguments = arguments,
                    .count = PyVectorcall_NARGS(count),
                    .keyword_names = keyword_names};
    if (name != NULL) {
        op.name = name_refer(state, name);
    }
    return operation_perform(state, &op, NULL);
}

static COLD PyObject *
call_function_here(core_state *state, PyObject *name, PyObject *const *arguments, size_t count,
                   PyObject *keyword_names)
{
    PyObject *found = dispatch_find(name);
    PyObject *function = found == NULL ? NULL : caller_provide(state, found);
    PyObject *result = function == NULL
                           ? NULL
                           : PyObject_Vectorcall(function, arguments,
                                                 (size_t)PyVectorcall_NARGS(count), keyword_names);
    Py_XDECREF(function);
    return result;
}

PyObject *
capi_call_function(Atoll_Interpreter *here, Atoll_Interpreter *where, PyObject *name,
                   PyObject *const *arguments, size_t count, PyObject *keyword_names)
{
    int why;
    core_state *state = capi_here_with(here, where, "the Atoll_Interpreter is NULL", &why);
    if (state == NULL) {
        return NULL;
    }
    if (name == NULL) {
        PyErr_SetString(PyExc_ValueError, "the name of the function is NULL");
        return NULL;
    }
    if (check_call(name, arguments, count, keyword_names) < 0) {
        return NULL;
    }
    if (capi_interp(where) == state->interp) {
        return call_function_here(state, name, arguments, count, keyword_names);
    }
    operation op = {.kind = OPERATION_FUNCTION,
                    .owner = capi_interp(where),
                    .name = name_refer(state, name),
                    .arguments = arguments,
                    .count = PyVectorcall_NARGS(count),
                    .keyword_names = keyword_names};
    return operation_perform(state, &op, NULL);
}

// ---- attributes ----

// Of what stands for the object here, as Python code has it.
static PyObject *
resolve_for_name(Atoll_Interpreter *here, Atoll_Ref target, PyObject *name)
{
    int why;
    core_state *state = capi_here_with(here, name, "the name of the attribute is NULL", &why);
    return state == NULL || state_check_name(name) < 0 ? NULL : capi_resolve(here, target);
}

PyObject *
capi_get_attr(Atoll_Interpreter *here, Atoll_Ref target, PyObject *name)
{
    PyObject *object = resolve_for_name(here, target, name);
    PyObject *value = object == NULL ? NULL : PyObject_GetAttr(object, name);
    Py_XDECREF(object);
    return value;
}

int
capi_set_attr(Atoll_Interpreter *here, Atoll_Ref target, PyObject *name, PyObject *value)
{
    int why = ATOLL_RAISED;
    if (capi_here(here, &why) == NULL) {
        return why;
    }
    PyObject *object = resolve_for_name(here, target, name);
    int result = object == NULL  ? -1
                 : value == NULL ? PyObject_DelAttr(object, name)
                                 : PyObject_SetAttr(object, name, value);
    Py_XDECREF(object);
    return result < 0 ? ATOLL_RAISED : ATOLL_OK;
}
