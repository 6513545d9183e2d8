#include "bridge/transfer/error.h"

#include "bridge/python/cpython.h"
#include "bridge/python/value.h"

// BARE: only the type; for when there is no memory or no stack to say more.
// DEADLINE, CLOSED: only its text; an atoll.timeout is over, an interpreter is closed.
typedef enum { FORM_PLAIN, FORM_CAPTURED, FORM_BARE, FORM_DEADLINE, FORM_CLOSED } error_form;

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

// Nobody else has it, so that nobody can tell which object arrives.
static bool
is_simple(PyObject *exception)
{
    PyBaseExceptionObject *self = (PyBaseExceptionObject *)exception;
    return cpython_is_shared_type(Py_TYPE(exception)) && self->traceback == NULL &&
           self->context == NULL && self->cause == NULL && Py_REFCNT(exception) == 1 &&
           (self->dict == NULL || PyDict_GET_SIZE(self->dict) == 0) && self->args != NULL &&
           value_is_plain(self->args) && !has_own_fields(Py_TYPE(exception));
}

static int
put_number(parcel *into, core_state *state, Py_ssize_t number)
{
    PyObject *object = PyLong_FromSsize_t(number);
    int result = object == NULL ? -1 : parcel_put(into, state, object, 0);
    Py_XDECREF(object);
    return result;
}

static int
put_form(parcel *into, core_state *state, error_form form, PyObject *type, PyObject *rest)
{
    int result = put_number(into, state, form);
    result = result < 0 ? -1 : parcel_put(into, state, type, 0);
    return result < 0 ? -1 : parcel_put(into, state, rest, 0);
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

// What a signal handler raised (Ctrl-C), or that there is no memory, is no answer to what was
// tried.
static bool
is_overtaking(PyObject *raised)
{
    return !PyErr_GivenExceptionMatches(raised, PyExc_Exception) ||
           PyErr_GivenExceptionMatches(raised, PyExc_MemoryError);
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

PyObject *
error_reduce(core_state *state, PyObject *exception, PyObject **arguments)
{
    PyBaseExceptionObject *self = (PyBaseExceptionObject *)exception;
    if (has_plain_arguments(exception) || (is_result(exception) && self->args != NULL)) {
        *arguments = Py_NewRef(self->args);
        return (PyObject *)Py_TYPE(exception);
    }
    PyObject *text = text_of(exception);
    if (text == NULL && !is_overtaking(PyErr_Occurred())) {
        PyErr_Clear();
        text = PyUnicode_FromString(Py_TYPE(exception)->tp_name);
    }
    *arguments = pack_text(text);
    return *arguments == NULL ? NULL : error_nearest_type(Py_TYPE(exception));
}

static bool
is_exactly(core_state *state, PyObject *exception, hook_id class_hook)
{
    PyObject *class = state_hook(state, class_hook);
    if (class == NULL) {
        PyErr_Clear();
    }
    return class != NULL && (PyObject *)Py_TYPE(exception) == class;
}

// A holder's own timeout ends what it calls; where it was set it is to be told so. That an
// interpreter is closed is known to both sides, and its class is in each.
static error_form
closed_form(core_state *state, PyObject *exception)
{
    return is_exactly(state, exception, HOOK_DEADLINE_EXCEEDED)    ? FORM_DEADLINE
           : is_exactly(state, exception, HOOK_INTERPRETER_CLOSED) ? FORM_CLOSED
                                                                   : FORM_PLAIN;
}

static int
put_reduced(parcel *into, core_state *state, PyObject *exception)
{
    PyObject *arguments = NULL;
    PyObject *type = error_reduce(state, exception, &arguments);
    int result = -1;
    if (type != NULL) {
        result = put_form(into, state, closed_form(state, exception), type, arguments);
    }
    Py_XDECREF(arguments);
    return result;
}

// ---- an exception that was taken apart ----

// One inside the other: exceptions that another one has among its values.
struct being_put {
    PyObject *exception;
    const struct being_put *outer;
    int depth;
};

bool
error_is_being_put(const parcel *self, const PyObject *exception)
{
    const struct being_put *each = self->exceptions;
    while (each != NULL && each->exception != exception) {
        each = each->outer;
    }
    return each != NULL;
}

static int
put_values(parcel *into, core_state *state, PyObject *values, unsigned flags)
{
    int result = put_number(into, state, PyTuple_GET_SIZE(values));
    for (Py_ssize_t i = 0; result == 0 && i < PyTuple_GET_SIZE(values); i++) {
        result = parcel_put_alone(into, state, PyTuple_GET_ITEM(values, i), flags);
    }
    return result;
}

static int
put_captured(parcel *into, core_state *state, PyObject *exception, unsigned flags)
{
    hook_id capture = flags & PARCEL_COPIES ? HOOK_TASK_CAPTURE : HOOK_CAPTURE;
    PyObject *captured = state_call_hook(state, capture, exception, NULL);
    PyObject *outline, *classes, *values;
    int result = -1;
    if (captured != NULL && PyArg_ParseTuple(captured, "OO!O!", &outline, &PyTuple_Type, &classes,
                                             &PyTuple_Type, &values)) {
        result = parcel_put(into, state, outline, 0);
        result = result < 0 ? -1 : put_values(into, state, classes, 0);
        result = result < 0 ? -1 : put_values(into, state, values, flags & PARCEL_COPIES);
    }
    Py_XDECREF(captured);
    return result;
}

int
error_put_captured(parcel *into, core_state *state, PyObject *exception, unsigned flags)
{
    const struct being_put *outer = into->exceptions;
    struct being_put this = {exception, outer, outer == NULL ? 0 : outer->depth + 1};
    if (this.depth > EXCEPTION_DEPTH_MAX) {
        PyErr_SetString(PyExc_RecursionError, "too many exceptions, one inside the other");
        return -1;
    }
    into->exceptions = &this;
    int result = put_captured(into, state, exception, flags);
    into->exceptions = outer;
    return result;
}

// One of the values, or None and an entry in the list of those that are lost.
static PyObject *
get_value(parcel *from, core_state *state, Py_ssize_t index, PyObject *lost)
{
    PyObject *why, *value = parcel_get_alone(from, state, &why);
    if (why == NULL) {
        return value;
    }
    PyObject *entry = Py_BuildValue("(nN)", index, why);
    int result = entry == NULL ? -1 : PyList_Append(lost, entry);
    Py_XDECREF(entry);
    return result < 0 ? NULL : Py_NewRef(Py_None);
}

// Two of them: the values, and a list of those that are lost.
static PyObject *
get_values(parcel *from, core_state *state)
{
    PyObject *number = parcel_get(from, state);
    Py_ssize_t count = number == NULL ? -1 : PyLong_AsSsize_t(number);
    PyObject *lost = count < 0 ? NULL : PyList_New(0);
    PyObject *values = lost == NULL ? NULL : PyTuple_New(count);
    Py_XDECREF(number);
    for (Py_ssize_t i = 0; values != NULL && i < count; i++) {
        PyObject *value = get_value(from, state, i, lost);
        if (value == NULL) {
            Py_CLEAR(values);
            break;
        }
        PyTuple_SET_ITEM(values, i, value);
    }
    PyObject *both = values == NULL ? NULL : PyTuple_Pack(2, values, lost);
    Py_XDECREF(values);
    Py_XDECREF(lost);
    return both;
}

// Begun before its values are there, which may have it among them.
static PyObject *
prepare(parcel *from, core_state *state)
{
    PyObject *outline = parcel_get(from, state);
    PyObject *classes = outline == NULL ? NULL : get_values(from, state);
    PyObject *prepared =
        classes == NULL ? NULL : state_call_hook(state, HOOK_PREPARE, outline, classes);
    Py_XDECREF(classes);
    Py_XDECREF(outline);
    return prepared;
}

PyObject *
error_get_captured(parcel *from, core_state *state, PyObject *arrival)
{
    PyObject *prepared = prepare(from, state);
    PyObject *values = prepared == NULL ? NULL : get_values(from, state);
    PyObject *both = values == NULL ? NULL : PyTuple_Pack(2, values, arrival);
    PyObject *exception =
        both == NULL ? NULL : state_call_hook(state, HOOK_REBUILD, prepared, both);
    Py_XDECREF(both);
    Py_XDECREF(values);
    Py_XDECREF(prepared);
    return exception;
}

// ---- what may fail ----

PyObject *
error_describe(void)
{
    PyObject *raised = PyErr_GetRaisedException();
    if (is_overtaking(raised)) {
        PyErr_SetRaisedException(raised);
        return NULL;
    }
    PyObject *text = PyObject_Str(raised);
    if (text == NULL && PyErr_ExceptionMatches(PyExc_Exception)) {
        PyErr_Clear();
        text = PyUnicode_FromString("<exception str() failed>");
    }
    PyObject *said =
        text == NULL ? NULL : PyUnicode_FromFormat("%s: %U", Py_TYPE(raised)->tp_name, text);
    Py_XDECREF(text);
    Py_DECREF(raised);
    return said;
}

static void
start_over(parcel *into)
{
    const struct restriction *narrowing = into->restriction;
    parcel_clear(into);
    parcel_init_closed(into, narrowing);
}

static int
put_in_full(parcel *into, core_state *state, PyObject *exception, unsigned flags)
{
    start_over(into);
    if (into->is_closed) {
        return put_reduced(into, state, exception);
    }
    if (!is_simple(exception)) {
        int result = put_number(into, state, FORM_CAPTURED);
        return result < 0 ? -1 : error_put_captured(into, state, exception, flags);
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
    bool is_overtaken = raised != NULL && is_overtaking(raised);
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

// As CPython says of C code that has failed, and not said why.
static PyObject *
raised_exception(void)
{
    if (!PyErr_Occurred()) {
        PyErr_SetString(PyExc_SystemError, "error return without exception set");
    }
    return PyErr_GetRaisedException();
}

void
error_pack(parcel *into, core_state *state, unsigned flags)
{
    PyObject *exception = raised_exception();
    int attempts = 3; // somebody may lean on Ctrl-C; memory may be back
    bool is_put = false;
    do {
        is_put = put_in_full(into, state, exception, flags) == 0;
    } while (!is_put && is_overtaken(&exception) && --attempts > 0);
    if (!is_put) {
        put_in_short(into, state, exception);
    }
    Py_DECREF(exception);
}

static PyObject *
rebuild_simple(parcel *from, core_state *state, error_form form)
{
    PyObject *type = parcel_get(from, state);
    PyObject *rest = type == NULL ? NULL : parcel_get(from, state);
    PyObject *exception = NULL;
    if (rest != NULL && form == FORM_PLAIN) {
        exception = PyObject_Call(type, rest, NULL);
    }
    else if (rest != NULL && form == FORM_DEADLINE) {
        exception = state_call_hook(state, HOOK_DEADLINE_PASSED, rest, NULL);
    }
    else if (rest != NULL && form == FORM_CLOSED) {
        PyObject *class = state_hook(state, HOOK_INTERPRETER_CLOSED);
        exception = class == NULL ? NULL : PyObject_Call(class, rest, NULL);
    }
    else if (rest != NULL) {
        PyErr_SetString(type, "raised in another interpreter, which could not say more");
    }
    Py_XDECREF(type);
    Py_XDECREF(rest);
    return exception;
}

static PyObject *
get(parcel *from, core_state *state, error_form *form, PyObject *arrival)
{
    PyObject *number = parcel_get(from, state);
    long is = number == NULL ? -1 : PyLong_AsLong(number);
    Py_XDECREF(number);
    *form = (error_form)is;
    if (is == FORM_CAPTURED && from->is_closed) {
        PyErr_SetString(PyExc_SystemError, "a closed parcel holds what it must not");
        return NULL;
    }
    return is < 0                ? NULL
           : is == FORM_CAPTURED ? error_get_captured(from, state, arrival)
                                 : rebuild_simple(from, state, *form);
}

PyObject *
error_get(parcel *from, core_state *state)
{
    error_form form;
    return get(from, state, &form, Py_None);
}

// What is handled here becomes its __context__, as of all that is raised: of one that was captured
// its chain may be longer, and rebuild() sees to it.
PyObject *
error_raise(parcel *from, core_state *state)
{
    PyObject *handled = PyErr_GetHandledException();
    error_form form;
    PyObject *exception = get(from, state, &form, handled == NULL ? Py_None : handled);
    Py_XDECREF(handled);
    if (exception != NULL && form == FORM_CAPTURED) {
        PyErr_SetRaisedException(exception);
    }
    else if (exception != NULL) {
        PyErr_SetObject((PyObject *)Py_TYPE(exception), exception);
        Py_DECREF(exception);
    }
    return NULL;
}
