// Interpreter, the handle: the C half of atoll.Interpreter, and the functions that take one.
#include "bridge/parking/parking.h"
#include "bridge/python/cpython.h"
#include "bridge/crossing/crossing.h"
#include "bridge/crossing/own_threads.h"
#include "bridge/transfer/handle.h"
#include "bridge/interpreter/creation.h"
#include "bridge/interpreter/lifecycle.h"
#include "bridge/queue/waiting.h"
#include "types/reference.h"

// ---- handles ----

static interp *
interp_of(PyObject *handle)
{
    return ((handle_object *)handle)->record;
}

PyObject *
interpreter_handle(core_state *state, interp *of)
{
    return handle_of(state, HANDLE_INTERPRETER, of);
}

PyObject *
interpreter_hand_out(core_state *state, interp *of)
{
    PyObject *handle = interpreter_handle(state, of);
    if (handle == NULL) {
        char who[OWN_THREADS_TEXT_SIZE];
        PyObject *raised = PyErr_GetRaisedException();
        (void)lifecycle_close(state, of, DEADLINE_NEVER, true, who);
        PyErr_SetRaisedException(raised);
    }
    handle_drop_interp(of);
    interp_decref(of);
    return handle;
}

static PyObject *
handle_id(PyObject *self, void *unused)
{
    return PyLong_FromLongLong(interp_of(self)->id);
}

static PyObject *
handle_name(PyObject *self, void *unused)
{
    return PyUnicode_FromString(interp_of(self)->name);
}

static PyObject *
handle_is_closed(PyObject *self, void *unused)
{
    return PyBool_FromLong(interp_get_phase(interp_of(self)) == INTERP_CLOSED);
}

static PyObject *
handle_is_preemptive(PyObject *self, void *unused)
{
    return PyBool_FromLong(interp_of(self)->is_preemptive);
}

static Py_hash_t
handle_hash(PyObject *self)
{
    return (Py_hash_t)interp_of(self)->id;
}

static PyGetSetDef handle_getset[] = {
    {"id", handle_id, NULL, "CPython's number of the interpreter; 0 is the main one.", NULL},
    {"name", handle_name, NULL, "The name given when it was made.", NULL},
    {"is_closed", handle_is_closed, NULL, "Has it been closed, or lost in a fork?", NULL},
    {"is_preemptive", handle_is_preemptive, NULL,
     "May its threads be interrupted between two bytecodes?", NULL},
    {NULL},
};

static PyType_Slot handle_slots[] = {
    {Py_tp_doc, "The C half of atoll.Interpreter."},
    {Py_tp_dealloc, handle_dealloc},
    {Py_tp_traverse, handle_traverse},
    {Py_tp_clear, handle_clear},
    {Py_tp_hash, handle_hash},
    {Py_tp_getset, handle_getset},
    {Py_tp_members, handle_members},
    {0, NULL},
};

static PyType_Spec handle_spec = {"atoll._core.Handle", sizeof(handle_object), 0,
                                  Py_TPFLAGS_DEFAULT | Py_TPFLAGS_IMMUTABLETYPE |
                                      Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_BASETYPE |
                                      Py_TPFLAGS_DISALLOW_INSTANTIATION,
                                  handle_slots};

static PyStructSequence_Field statistics_fields[] = {
    {"crossings", "entries into the interpreter since it was made"},
    {"visitors", "threads of other interpreters inside it now, waiting ones included"},
    {"thread_states", "thread states kept for visitors"},
    {"exports", "its objects that others hold proxies to"},
    {"proxies", "objects of others that it holds proxies to"},
    {"buffers", "buffers of its objects in use elsewhere"},
    {"parked", "how often its GIL was left parked; 0: parking is off"},
    {"revoked", "how often a parked GIL was taken away, also by time"},
    {NULL},
};

static PyStructSequence_Desc statistics_desc = {
    "atoll.Statistics",
    "What an interpreter has done so far; see Interpreter.statistics().\n\n"
    "Example:\n"
    "    >>> interpreter.statistics().exports\n"
    "    3",
    statistics_fields, 6};

int
interpreter_add_types(PyObject *module, core_state *state)
{
    state->types[TYPE_INTERPRETER] =
        (PyTypeObject *)PyType_FromModuleAndSpec(module, &handle_spec, NULL);
    PyTypeObject *statistics = PyStructSequence_NewType(&statistics_desc);
    state->types[TYPE_STATISTICS] = statistics;
    if (state->types[TYPE_INTERPRETER] == NULL || statistics == NULL ||
        PyModule_AddObjectRef(module, "Statistics", (PyObject *)statistics) < 0) {
        return -1;
    }
    cpython_seal_type(statistics);
    return PyModule_AddObjectRef(module, "Handle", (PyObject *)state->types[TYPE_INTERPRETER]);
}

// ---- functions ----

interp *
interpreter_of(core_state *state, PyObject *handle)
{
    if (!PyObject_TypeCheck(handle, state->types[TYPE_INTERPRETER])) {
        PyErr_Format(PyExc_TypeError, "an Interpreter is required, not '%.100s'",
                     Py_TYPE(handle)->tp_name);
        return NULL;
    }
    return interp_of(handle);
}

interp *
interpreter_closable(core_state *state, PyObject *handle)
{
    interp *target = interpreter_of(state, handle);
    if (target != NULL && (target->is_main || target == state->interp)) {
        PyErr_SetString(PyExc_ValueError, "not possible with the main interpreter or this one");
        return NULL;
    }
    return target;
}

static PyObject *
create(PyObject *module, PyObject *arguments)
{
    core_state *state = PyModule_GetState(module);
    const char *name;
    int is_preemptive;
    PyObject *path, *modules;
    if (!PyArg_ParseTuple(arguments, "spO!O!", &name, &is_preemptive, &PyTuple_Type, &path,
                          &PyTuple_Type, &modules)) {
        return NULL;
    }
    interp *made = creation_make(state, name, is_preemptive, ROLE_IN_USE, path, modules);
    return made == NULL ? NULL : interpreter_hand_out(state, made);
}

static PyObject *
close_interpreter(PyObject *module, PyObject *const *arguments, Py_ssize_t count)
{
    core_state *state = PyModule_GetState(module);
    interp *target = count == 2 ? interpreter_of(state, arguments[0]) : NULL;
    if (target == NULL) {
        return PyErr_Occurred() ? NULL : PyErr_Format(PyExc_TypeError, "close(handle, timeout)");
    }
    int64_t deadline;
    char who[OWN_THREADS_TEXT_SIZE];
    if (waiting_deadline(arguments[1], &deadline) < 0 ||
        lifecycle_close(state, target, deadline, false, who) < 0) {
        return NULL;
    }
    return PyUnicode_FromString(who);
}

static PyObject *
current(PyObject *module, PyObject *unused)
{
    core_state *state = PyModule_GetState(module);
    return interpreter_handle(state, state->interp);
}

static PyObject *
list_interpreters(PyObject *module, PyObject *unused)
{
    core_state *state = PyModule_GetState(module);
    PyObject *list = PyList_New(0);
    interp *each = registry_next_after(-1);
    while (each != NULL) {
        if (list != NULL && atomic_load(&each->role) == ROLE_IN_USE) {
            PyObject *handle = interpreter_handle(state, each);
            if (handle == NULL || PyList_Append(list, handle) < 0) {
                Py_CLEAR(list);
            }
            Py_XDECREF(handle);
        }
        interp *next = registry_next_after(each->id);
        interp_decref(each);
        each = next;
    }
    return list;
}

static PyObject *
own_name(PyObject *module, PyObject *unused)
{
    core_state *state = PyModule_GetState(module);
    return PyUnicode_FromString(state->interp->name);
}

static PyObject *
own_id(PyObject *module, PyObject *unused)
{
    core_state *state = PyModule_GetState(module);
    return PyLong_FromLongLong(state->interp->id);
}

// The other is not handed out any more: it was made as nobody knew of the subclass.
static PyObject *
handle_as(PyObject *module, PyObject *args)
{
    core_state *state = PyModule_GetState(module);
    PyTypeObject *base = state->types[TYPE_INTERPRETER], *class;
    PyObject *handle;
    if (!PyArg_ParseTuple(args, "O!O!", base, &handle, &PyType_Type, &class)) {
        return NULL;
    }
    if (!PyType_IsSubtype(class, Py_TYPE(handle))) {
        return PyErr_Format(PyExc_TypeError, "%R is no subclass of %R", class, Py_TYPE(handle));
    }
    handle_incref(HANDLE_INTERPRETER, interp_of(handle));
    return handle_make(state, class, HANDLE_INTERPRETER, interp_of(handle));
}

static PyObject *
make_statistics(core_state *state, interp *target, size_t exports, size_t proxies)
{
    const long long values[] = {(long long)target->crossings, interp_count_visitors(target),
                                interp_count_owned(target),   (long long)exports,
                                (long long)proxies,           atomic_load(&target->buffers),
                                (long long)target->parkings,  (long long)target->revocations};
    PyObject *record = PyStructSequence_New(state->types[TYPE_STATISTICS]);
    for (Py_ssize_t i = 0; record != NULL && i < (Py_ssize_t)Py_ARRAY_LENGTH(values); i++) {
        PyObject *value = PyLong_FromLongLong(values[i]);
        if (value == NULL) {
            Py_CLEAR(record);
            break;
        }
        PyStructSequence_SetItem(record, i, value);
    }
    return record;
}

static PyObject *
parking_is_off(PyObject *module, PyObject *unused)
{
    const char *why = parking_obstacle();
    return why == NULL ? Py_None : PyUnicode_FromString(why);
}

// Counts of another interpreter are read under its GIL. The visit for that is not counted.
static PyObject *
statistics(PyObject *module, PyObject *handle)
{
    core_state *state = PyModule_GetState(module);
    interp *target = interpreter_of(state, handle);
    if (target == NULL) {
        return NULL;
    }
    if (target == state->interp) {
        return make_statistics(state, target, state_count_exports(state), state->proxies.count);
    }
    crossing visit;
    crossing_result why = crossing_enter(&visit, state->interp, target, CROSSING_FOR("statistics"));
    if (why != CROSSING_OK) {
        crossing_raise(state, target, why);
        return NULL;
    }
    interp_count_crossings(target, -1);
    const core_state *inside = target->core_state;
    size_t exports = state_count_exports(inside), proxies = inside->proxies.count;
    crossing_leave(&visit);
    return make_statistics(state, target, exports, proxies);
}

static PyObject *
invoke_with_keywords(core_state *state, operation *op, PyObject *positional, PyObject *keywords)
{
    Py_ssize_t count = PyTuple_GET_SIZE(positional), extra = PyDict_GET_SIZE(keywords);
    PyObject **all = PyMem_New(PyObject *, count + extra);
    PyObject *names = PyTuple_New(extra), *result = NULL, *name, *value;
    if (all != NULL && names != NULL) {
        memcpy(all, ((PyTupleObject *)positional)->ob_item, (size_t)count * sizeof *all);
        Py_ssize_t position = 0;
        for (Py_ssize_t i = 0; PyDict_Next(keywords, &position, &name, &value); i++) {
            PyTuple_SET_ITEM(names, i, Py_NewRef(name));
            all[count + i] = Py_NewRef(value); // the dict may change meanwhile
        }
        op->arguments = all;
        op->keyword_names = names;
        result = operation_perform(state, op, NULL);
        for (Py_ssize_t i = 0; i < extra; i++) {
            Py_DECREF(all[count + i]);
        }
    }
    else {
        PyErr_NoMemory();
    }
    Py_XDECREF(names);
    PyMem_Free(all);
    return result;
}

static PyObject *
invoke(PyObject *module, PyObject *arguments)
{
    core_state *state = PyModule_GetState(module);
    PyObject *handle, *function, *positional, *keywords;
    if (!PyArg_ParseTuple(arguments, "OUO!O", &handle, &function, &PyTuple_Type, &positional,
                          &keywords)) {
        return NULL;
    }
    interp *target = handle == Py_None ? registry_find(PyInterpreterState_Main())
                                       : interpreter_of(state, handle);
    if (target == NULL) {
        return NULL;
    }
    if (target == state->interp) {
        PyErr_SetString(PyExc_ValueError, "invoke() is for other interpreters");
        return NULL;
    }
    operation op = {.kind = OPERATION_FUNCTION,
                    .owner = target,
                    .name = name_refer(state, function),
                    .arguments = ((PyTupleObject *)positional)->ob_item,
                    .count = PyTuple_GET_SIZE(positional)};
    if (PyDict_Check(keywords) && PyDict_GET_SIZE(keywords) > 0) {
        return invoke_with_keywords(state, &op, positional, keywords);
    }
    return operation_perform(state, &op, NULL);
}

static PyObject *
visitor_count(PyObject *module, PyObject *handle)
{
    interp *target = interpreter_of(PyModule_GetState(module), handle);
    return target == NULL ? NULL : PyLong_FromLong(interp_count_visitors(target));
}

static int32_t
value_name(PyObject *name)
{
    Py_ssize_t size;
    const char *utf8 = PyUnicode_AsUTF8AndSize(name, &size);
    if (utf8 == NULL) {
        return NAME_NONE;
    }
    int32_t index = names_index(utf8, (size_t)size, true);
    if (index == NAME_NONE) {
        PyErr_SetString(PyExc_MemoryError, "too many names of types");
    }
    return index;
}

static PyObject *
register_value_name(PyObject *module, PyObject *name)
{
    int32_t index = value_name(name);
    if (index == NAME_NONE) {
        return NULL;
    }
    names_mark_value(index);
    Py_RETURN_NONE;
}

static PyObject *
is_value_name(PyObject *module, PyObject *name)
{
    int32_t index = value_name(name);
    if (index == NAME_NONE) {
        PyErr_Clear();
        Py_RETURN_FALSE;
    }
    return PyBool_FromLong(names_is_value(index));
}

static PyObject *
checkpoint(PyObject *module, PyObject *unused)
{
    core_state *state = PyModule_GetState(module);
    interp *here = state->interp;
    thread *self = thread_self;
    pthread_mutex_lock(&here->mutex);
    bool has_entering =
        interp_has_entering_locked(here, self == NULL ? NULL : thread_guest(self, here));
    pthread_mutex_unlock(&here->mutex);
    if (has_entering) {
        crossing_give_way(here, false);
    }
    else {
        Py_BEGIN_ALLOW_THREADS
        Py_END_ALLOW_THREADS
    }
    Py_RETURN_NONE;
}

static PyObject *
is_proxy(PyObject *module, PyObject *object)
{
    core_state *state = PyModule_GetState(module);
    return PyBool_FromLong(reference_target(object) != NULL ||
                           state_is_type(state, TYPE_REMOTE_METHOD, object));
}

static PyObject *
is_handle(PyObject *module, PyObject *object)
{
    return PyBool_FromLong(handle_check(PyModule_GetState(module), object));
}

static PyObject *
checked_reference(core_state *state, PyObject *object)
{
    if (state_is_type(state, TYPE_REMOTE_METHOD, object)) {
        return remote_method_owner(object);
    }
    if (reference_target(object) == NULL) {
        PyErr_Format(PyExc_TypeError, "a Proxy is required, not '%.100s'",
                     Py_TYPE(object)->tp_name);
        return NULL;
    }
    return object;
}

static PyObject *
owner(PyObject *module, PyObject *object)
{
    core_state *state = PyModule_GetState(module);
    PyObject *reference = checked_reference(state, object);
    exported *target = reference == NULL ? NULL : reference_target(reference);
    if (target == NULL) {
        return NULL;
    }
    if (target->flags & EXPORT_RESTRICTED) { // its interpreter gives access to everything in it
        PyErr_SetString(PyExc_AttributeError,
                        "this proxy is restricted: its interpreter is not allowed "
                        "[docs: how-to/restrict]");
        return NULL;
    }
    return interpreter_handle(state, target->owner);
}

static PyObject *
type_of(PyObject *module, PyObject *object)
{
    core_state *state = PyModule_GetState(module);
    if (state_is_type(state, TYPE_REMOTE_METHOD, object)) {
        PyObject *resolved = remote_method_resolve(object);
        PyObject *type = resolved == NULL ? NULL : type_of(module, resolved);
        Py_XDECREF(resolved);
        return type;
    }
    PyObject *reference = checked_reference(state, object);
    return reference == NULL ? NULL : remote_class_type_of(reference);
}

static PyObject *
local_twin(PyObject *module, PyObject *object)
{
    PyTypeObject *class = is_proxy_instance(object) ? Py_TYPE(object)
                          : is_remote_class(object) ? (PyTypeObject *)object
                                                    : NULL;
    PyObject *twin = NULL;
    if (class != NULL && remote_class_data(class)->state != NULL &&
        remote_class_twin(class, &twin) < 0) {
        return NULL;
    }
    return twin == NULL ? Py_NewRef(Py_None) : twin;
}

static PyObject *
note_classes(PyObject *module, PyObject *unused)
{
    remote_class_find_twins(PyModule_GetState(module));
    Py_RETURN_NONE;
}

PyMethodDef interpreter_functions[] = {
    {"create", create, METH_VARARGS,
     PyDoc_STR(
         "create($module, name, is_preemptive, path, modules, /)\n--\n\nMake an interpreter.")},
    {"handle_as", handle_as, METH_VARARGS,
     PyDoc_STR("handle_as($module, handle, class, /)\n--\n\nMake the handle anew, of a subclass.")},
    {"close", (PyCFunction)(void (*)(void))close_interpreter, METH_FASTCALL,
     PyDoc_STR("close($module, handle, timeout, /)\n--\n\n"
               "End an interpreter; '', or which threads are left behind in it.")},
    {"current", current, METH_NOARGS,
     PyDoc_STR("current($module, /)\n--\n\nThe interpreter that this runs in.")},
    {"interpreters", list_interpreters, METH_NOARGS,
     PyDoc_STR("interpreters($module, /)\n--\n\nAll that are open, the main one first.")},
    {"own_name", own_name, METH_NOARGS,
     PyDoc_STR("own_name($module, /)\n--\n\nThe name of this interpreter.")},
    {"own_id", own_id, METH_NOARGS,
     PyDoc_STR("own_id($module, /)\n--\n\nThe id of this interpreter.")},
    {"parking_obstacle", parking_is_off, METH_NOARGS,
     PyDoc_STR("parking_obstacle($module, /)\n--\n\nWhy no GIL is parked; None: it is on.")},
    {"statistics", statistics, METH_O,
     PyDoc_STR(
         "statistics($module, handle, /)\n--\n\nReturn what an interpreter has done so far.")},
    {"invoke", invoke, METH_VARARGS,
     PyDoc_STR("invoke($module, handle, function, arguments, keywords, /)\n--\n\n"
               "Call 'module:function' in another interpreter; None is the main one.")},
    {"visitor_count", visitor_count, METH_O,
     PyDoc_STR("visitor_count($module, handle, /)\n--\n\nThreads of others inside it.")},
    {"register_value_name", register_value_name, METH_O,
     PyDoc_STR("register_value_name($module, name, /)\n--\n\n"
               "Have instances of 'module:type' go by value.")},
    {"is_value_name", is_value_name, METH_O,
     PyDoc_STR(
         "is_value_name($module, name, /)\n--\n\nDo instances of 'module:type' go by value?")},
    {"checkpoint", checkpoint, METH_NOARGS,
     PyDoc_STR("checkpoint($module, /)\n--\n\nLet others into this interpreter.")},
    {"is_proxy", is_proxy, METH_O,
     PyDoc_STR(
         "is_proxy($module, object, /)\n--\n\nDoes it refer to an object of another interpreter?")},
    {"is_handle", is_handle, METH_O,
     PyDoc_STR("is_handle($module, object, /)\n--\n\nDoes it cross as a handle?")},
    {"owner", owner, METH_O,
     PyDoc_STR("owner($module, proxy, /)\n--\n\nThe interpreter of the original.")},
    {"local_twin", local_twin, METH_O,
     PyDoc_STR("local_twin($module, reference, /)\n--\n\n"
               "The class here that is the same as a remote class, or a Proxy's; or None.")},
    {"note_classes", note_classes, METH_NOARGS,
     PyDoc_STR("note_classes($module, /)\n--\n\nA class has come or gone by value.")},
    {"type_of", type_of, METH_O,
     PyDoc_STR("type_of($module, proxy, /)\n--\n\nThe type of the original.")},
    {NULL},
};
