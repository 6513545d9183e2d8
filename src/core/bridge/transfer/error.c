#include "bridge/transfer/error.h"

#include "bridge/python/cpython.h"
#include "bridge/python/value.h"

// BARE: only the type; for when there is no memory or no stack to say more.
// DEADLINE: only its text; an atoll.timeout is over.
typedef enum { FORM_PLAIN, FORM_CAPTURED, FORM_BARE, FORM_DEADLINE } error_form;

// Their constructors want more than args, or they keep more than args.
static bool
has_own_fields(PyTypeObject *type)
{
    PyObject *const special[] = {PyExc_OSError,     PyExc_UnicodeError, PyExc_ImportError,
                                 PyExc_SyntaxError, PyExc_NameError,    PyExc_BaseExceptionGroup};
    for (size_t i = 0; i < Py_ARRAY_LENGTH(special); i++) {
        if (PyType_IsSubtype(type, (PyTypeObject *)special[i])) {
            return true;
        }
    }
    return false;
}

static bool
is_simple(PyObject *exception)
{
    PyBaseExceptionObject *self = (PyBaseExceptionObject *)exception;
    return cpython_is_shared_type(Py_TYPE(exception)) && self->traceback == NULL &&
           self->context == NULL && self->cause == NULL && self->notes == NULL &&
           (self->dict == NULL || PyDict_GET_SIZE(self->dict) == 0) && self->args != NULL &&
           value_is_plain(self->args) && !has_own_fields(Py_TYPE(exception));
}

static int
put_form(parcel *into, core_state *state, error_form form, PyObject *type, PyObject *rest)
{
    PyObject *number = PyLong_FromLong(form);
    int result = number == NULL || parcel_put(into, state, number, 0) < 0 ||
                         parcel_put(into, state, type, 0) < 0 ||
                         parcel_put(into, state, rest, 0) < 0
                     ? -1
                     : 0;
    Py_XDECREF(number);
    return result;
}

// Those that cannot be made of a text.
static bool
wants_more(PyTypeObject *type)
{
    return type == (PyTypeObject *)PyExc_UnicodeDecodeError ||
           type == (PyTypeObject *)PyExc_UnicodeEncodeError ||
           type == (PyTypeObject *)PyExc_UnicodeTranslateError ||
           type == (PyTypeObject *)PyExc_BaseExceptionGroup;
}

PyObject *
error_nearest_type(PyTypeObject *type)
{
    PyObject *bases = type->tp_mro;
    for (Py_ssize_t i = 0; bases != NULL && i < PyTuple_GET_SIZE(bases); i++) {
        PyTypeObject *base = (PyTypeObject *)PyTuple_GET_ITEM(bases, i);
        if (PyExceptionClass_Check(base) && cpython_is_shared_type(base) && !wants_more(base)) {
            return (PyObject *)base;
        }
    }
    return PyExc_BaseException;
}

// What an exception says of itself, as an exact str.
static PyObject *
text_of(PyObject *exception)
{
    PyObject *text = PyObject_Str(exception);
    if (text != NULL) {
        Py_SETREF(text, PyUnicode_FromObject(text));
    }
    return text;
}

static PyObject *
pack_text(PyObject *text_steal)
{
    PyObject *arguments = text_steal == NULL ? NULL : PyTuple_Pack(1, text_steal);
    Py_XDECREF(text_steal);
    return arguments;
}

// The nearest builtin type, and what the exception says of itself.
static int
put_summary(parcel *into, core_state *state, PyObject *exception)
{
    PyObject *type = error_nearest_type(Py_TYPE(exception));
    PyObject *text = text_of(exception);
    if (text == NULL) {
        PyErr_Clear();
        text = PyUnicode_FromString(Py_TYPE(exception)->tp_name);
    }
    PyObject *arguments = pack_text(text);
    int result = arguments == NULL ? -1 : put_form(into, state, FORM_PLAIN, type, arguments);
    Py_XDECREF(arguments);
    return result;
}

// ---- closed ----

// How a generator or coroutine returns.
static bool
is_result(PyObject *exception)
{
    return Py_TYPE(exception) == (PyTypeObject *)PyExc_StopIteration ||
           Py_TYPE(exception) == (PyTypeObject *)PyExc_StopAsyncIteration;
}

static bool
has_plain_arguments(PyObject *exception)
{
    PyTypeObject *type = Py_TYPE(exception);
    PyObject *arguments = ((PyBaseExceptionObject *)exception)->args;
    return cpython_is_shared_type(type) && !has_own_fields(type) && arguments != NULL &&
           value_is_plain(arguments);
}

// No exception of the exception's own code takes its place, only what is of more weight.
static bool
is_urgent(void)
{
    return !PyErr_ExceptionMatches(PyExc_Exception) || PyErr_ExceptionMatches(PyExc_MemoryError);
}

PyObject *
error_reduce(core_state *state, PyObject *exception, PyObject **arguments)
{
    PyBaseExceptionObject *self = (PyBaseExceptionObject *)exception;
    if (has_plain_arguments(exception) || (is_result(exception) && self->args != NULL)) {
        *arguments = Py_NewRef(self->args);
        return (PyObject *)Py_TYPE(exception);
    }
    PyObject *text = text_of(exception);
    if (text == NULL && !is_urgent()) {
        PyErr_Clear();
        text = PyUnicode_FromString(Py_TYPE(exception)->tp_name);
    }
    *arguments = pack_text(text);
    return *arguments == NULL ? NULL : error_nearest_type(Py_TYPE(exception));
}

// A holder's own timeout ends what it calls; where it was set it is to be told so.
static bool
is_deadline(core_state *state, PyObject *exception)
{
    PyObject *class = state_hook(state, HOOK_DEADLINE_EXCEEDED);
    if (class == NULL) {
        PyErr_Clear();
    }
    return class != NULL && (PyObject *)Py_TYPE(exception) == class;
}

static int
put_reduced(parcel *into, core_state *state, PyObject *exception)
{
    PyObject *arguments = NULL;
    PyObject *type = error_reduce(state, exception, &arguments);
    int result = -1;
    if (type != NULL) {
        error_form form = is_deadline(state, exception) ? FORM_DEADLINE : FORM_PLAIN;
        result = put_form(into, state, form, type, arguments);
    }
    Py_XDECREF(arguments);
    return result;
}

static int
put_captured(parcel *into, core_state *state, PyObject *exception, hook_id capture)
{
    PyObject *captured = state_call_hook(state, capture, exception, NULL);
    int result = captured == NULL ? -1 : put_form(into, state, FORM_CAPTURED, Py_None, captured);
    Py_XDECREF(captured);
    return result;
}

static void
start_over(parcel *into)
{
    const struct restriction *narrowing = into->restriction;
    parcel_clear(into);
    parcel_init_closed(into, narrowing);
}

void
error_pack(parcel *into, core_state *state)
{
    error_pack_as(into, state, HOOK_CAPTURE);
}

static int
put_in_full(parcel *into, core_state *state, PyObject *exception, hook_id capture)
{
    start_over(into);
    if (into->is_closed) {
        return put_reduced(into, state, exception);
    }
    if (!is_simple(exception)) {
        return put_captured(into, state, exception, capture);
    }
    PyObject *arguments = ((PyBaseExceptionObject *)exception)->args;
    return put_form(into, state, FORM_PLAIN, (PyObject *)Py_TYPE(exception), arguments);
}

// Packing failed. What a signal handler raised meanwhile (Ctrl-C), or that there is no memory,
// takes the place of the exception, as it would anywhere in Python; anything else is only why it
// failed.
static bool
is_overtaken(PyObject **exception)
{
    PyObject *raised = PyErr_GetRaisedException();
    bool is_overtaken = raised != NULL && (!PyErr_GivenExceptionMatches(raised, PyExc_Exception) ||
                                           PyErr_GivenExceptionMatches(raised, PyExc_MemoryError));
    if (is_overtaken) {
        Py_SETREF(*exception, raised);
    }
    else {
        Py_XDECREF(raised);
    }
    return is_overtaken;
}

static void
put_in_short(parcel *into, core_state *state, PyObject *exception)
{
    start_over(into);
    if (put_summary(into, state, exception) < 0) {
        PyErr_Clear();
        start_over(into);
        int is_put =
            put_form(into, state, FORM_BARE, error_nearest_type(Py_TYPE(exception)), Py_None);
        assert(is_put == 0); // three records that need no memory
        (void)is_put;
    }
}

void
error_pack_as(parcel *into, core_state *state, hook_id capture)
{
    PyObject *exception = PyErr_GetRaisedException();
    int attempts = 3; // somebody may lean on Ctrl-C; memory may be back
    bool is_put = false;
    do {
        is_put = put_in_full(into, state, exception, capture) == 0;
    } while (!is_put && is_overtaken(&exception) && --attempts > 0);
    if (!is_put) {
        put_in_short(into, state, exception);
    }
    Py_DECREF(exception);
}

PyObject *
error_get(parcel *from, core_state *state)
{
    PyObject *number = parcel_get(from, state);
    PyObject *type = number == NULL ? NULL : parcel_get(from, state);
    PyObject *rest = type == NULL ? NULL : parcel_get(from, state);
    PyObject *exception = NULL;
    long form = rest == NULL ? -1 : PyLong_AsLong(number);
    if (form == FORM_PLAIN) {
        exception = PyObject_Call(type, rest, NULL);
    }
    else if (form == FORM_BARE) {
        exception = PyObject_CallFunction(
            type, "s", "raised in another interpreter, which could not say more");
    }
    else if (form == FORM_DEADLINE) {
        exception = state_call_hook(state, HOOK_DEADLINE_PASSED, rest, NULL);
    }
    else if (form == FORM_CAPTURED && !from->is_closed) {
        exception = state_call_hook(state, HOOK_REBUILD, rest, NULL);
    }
    Py_XDECREF(number);
    Py_XDECREF(type);
    Py_XDECREF(rest);
    return exception;
}

PyObject *
error_raise(parcel *from, core_state *state)
{
    PyObject *exception = error_get(from, state);
    if (exception != NULL) {
        PyErr_SetRaisedException(exception);
    }
    return NULL;
}
