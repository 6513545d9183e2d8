#include "bridge/python/state.h"

#include "bridge/python/cpython.h"
#include "bridge/python/value.h"
#include "ground/interpreter/thread.h"
#include "ground/system/peek.h"

static const struct {
    const char *module, *attribute;
} hook_places[HOOK_COUNT] = {
    [HOOK_BIND_LOADED] = {"atoll", "_bind_loaded"},
    [HOOK_INTERPRETER_CLOSED] = {"atoll._transfer.errors", "InterpreterClosedError"},
    [HOOK_CAPTURE] = {"atoll._transfer.outlines", "capture"},
    [HOOK_PREPARE] = {"atoll._transfer.exceptions", "prepare"},
    [HOOK_REBUILD] = {"atoll._transfer.exceptions", "rebuild"},
    [HOOK_DUMP] = {"atoll._transfer.values", "dump"},
    [HOOK_LOAD] = {"atoll._transfer.values", "load"},
    [HOOK_RULE] = {"atoll._transfer.shapes", "rule_of"},
    [HOOK_FIND_CLASS] = {"atoll._transfer.shapes", "find_class"},
    [HOOK_MEMBER] = {"atoll._transfer.shapes", "member"},
    [HOOK_DESCRIBE] = {"atoll._transfer.describe", "describe"},
    [HOOK_DESCRIBE_GUEST] = {"atoll._transfer.describe", "describe_guest"},
    [HOOK_DESCRIBE_GONE] = {"atoll._transfer.describe", "describe_gone"},
    [HOOK_DESCRIBE_TOKEN] = {"atoll._transfer.describe", "describe_token"},
    [HOOK_CHANGEABLE] = {"atoll._transfer.describe", "CHANGEABLE"},
    [HOOK_ABC_MARKERS] = {"atoll._transfer.describe", "abc_markers"},
    [HOOK_END_THREADS] = {"atoll._interpreter.ending", "end_threads"},
    [HOOK_ARRAY_METHODS] = {"atoll._transfer.arrays", "METHODS"},
    [HOOK_ASK_LINEAGE] = {"atoll._transfer.twins", "ask_lineage"},
    [HOOK_PREPARE_SUBCLASS] = {"atoll._transfer.defining", "prepare_subclass"},
    [HOOK_MAKE_SUBCLASS] = {"atoll._transfer.defining", "make_subclass"},
    [HOOK_NEW_INSTANCE] = {"atoll._transfer.defining", "new_instance"},
    [HOOK_CLASS_ANNOTATIONS] = {"atoll._transfer.describe", "CLASS_ANNOTATIONS"},
    [HOOK_ANNOTATE] = {"atoll._transfer.describe", "annotate"},
    [HOOK_NAMESPACE] = {"atoll._transfer.describe", "namespace"},
    [HOOK_CLASS_BY_ID] = {"atoll._transfer.twins", "class_by_id"},
    [HOOK_FROM_MAIN] = {"atoll._interpreter.running", "from_main"},
    [HOOK_STANDBY] = {"atoll._interpreter.standby", "keep"},
    [HOOK_INTERPRETER] = {"atoll._interpreter.interpreter", "Interpreter"},
    [HOOK_QUEUE] = {"atoll._queue.queue", "Queue"},
    [HOOK_LIFO_QUEUE] = {"atoll._queue.queue", "LifoQueue"},
    [HOOK_PRIORITY_QUEUE] = {"atoll._queue.queue", "PriorityQueue"},
    [HOOK_BUFFER] = {"atoll._memory.buffer", "Buffer"},
    [HOOK_ATOMIC_INT] = {"atoll._core", "AtomicInt"},
    [HOOK_EMPTY] = {"queue", "Empty"},
    [HOOK_FULL] = {"queue", "Full"},
    [HOOK_SHUT_DOWN] = {"queue", "ShutDown"},
    [HOOK_APPLY] = {"atoll._transfer.operators", "apply"},
    [HOOK_OPERATE] = {"atoll._transfer.operators", "operate"},
    [HOOK_USE_WITHOUT] = {"atoll._transfer.operators", "use_without"},
    [HOOK_DEADLINE_ERROR] = {"atoll._transfer.errors", "deadline_error"},
    [HOOK_DEADLINE_EXCEEDED] = {"atoll._transfer.errors", "DeadlineExceeded"},
    [HOOK_DEADLINE_PASSED] = {"atoll._transfer.exceptions", "deadline_passed"},
    [HOOK_TASK_DUMP] = {"atoll._executor.tasks", "dump"},
    [HOOK_TASK_LOAD] = {"atoll._executor.tasks", "load"},
    [HOOK_TASK_FUNCTION] = {"atoll._transfer.remaking", "load_function"},
    [HOOK_TASK_CAPTURE] = {"atoll._executor.tasks", "capture"},
    [HOOK_RUN_COROUTINE] = {"atoll._interpreter.asynchronous", "run_coroutine"},
    [HOOK_REGISTER_EXIT] = {"atoll._interpreter.exit", "register"},
    [HOOK_CANCELLED_ERROR] = {"concurrent.futures", "CancelledError"},
    [HOOK_TASK_BROKEN] = {"atoll._executor.executor", "broken_error"},
    [HOOK_SHARE_ERROR] = {"atoll._share.share", "share_error"},
    [HOOK_REDUCE] = {"atoll._transfer.values", "reduce_proxy"},
};

bool
state_peek_counts(uintptr_t state, state_counts *into)
{
    const size_t exports = offsetof(core_state, exports) + offsetof(pointer_map, count);
    const size_t proxies = offsetof(core_state, proxies) + offsetof(pointer_map, count);
    size_t internal;
    if (!peek(&into->exports, state + exports, sizeof into->exports) ||
        !peek(&internal, state + offsetof(core_state, internal_exports), sizeof internal) ||
        !peek(&into->proxies, state + proxies, sizeof into->proxies)) {
        return false;
    }
    into->exports -= Py_MIN(internal, into->exports);
    return true;
}

PyObject *
state_hook(core_state *state, hook_id hook)
{
    if (state->hooks[hook] == NULL) {
        thread *masked = thread_mask();
        PyObject *module = cpython_import_named(hook_places[hook].module);
        thread_unmask(masked);
        PyObject *found =
            module == NULL ? NULL : PyObject_GetAttrString(module, hook_places[hook].attribute);
        Py_XSETREF(state->hooks[hook], found); // another thread may have set it meanwhile
        Py_XDECREF(module);
    }
    return state->hooks[hook];
}

PyObject *
state_call_hook(core_state *state, hook_id hook, PyObject *first, PyObject *second)
{
    PyObject *function = state_hook(state, hook);
    if (function == NULL) {
        return NULL;
    }
    thread *masked = thread_mask();
    PyObject *result = PyObject_CallFunctionObjArgs(function, first, second, NULL);
    thread_unmask(masked);
    return result;
}

void
state_let_go(core_state *state)
{
    Py_CLEAR(state->hold);
}

void
state_raise_closed(core_state *state, const interp *owner)
{
    PyObject *class = state_hook(state, HOOK_INTERPRETER_CLOSED);
    if (class == NULL && PyErr_ExceptionMatches(PyExc_ImportError)) { // at the very end
        PyErr_Clear();
        class = PyExc_ReferenceError;
    }
    PyObject *name = class == NULL ? NULL : PyUnicode_FromString(owner->name);
    if (name != NULL) {
        PyErr_Format(class, "interpreter %R is closed%s [docs: explanation/lifetimes]", name,
                     owner->is_forgotten ? " (interpreters do not survive os.fork())" : "");
        Py_DECREF(name);
    }
}

void
state_prepare_end(core_state *state)
{
    if (state->proxies.count + state->handles.count == 0) {
        return;
    }
    PyObject *done = state_hook(state, HOOK_INTERPRETER_CLOSED) == NULL
                         ? NULL
                         : state_call_hook(state, HOOK_BIND_LOADED, NULL, NULL);
    if (done == NULL) {
        PyErr_WriteUnraisable(NULL);
    }
    Py_XDECREF(done);
}

// ---- names ----

name_ref
name_refer_slow(core_state *state, PyObject *name)
{
    Py_ssize_t size;
    // A name in source code is interned and immortal (SSTATE_INTERNED_IMMORTAL, 3.13).
    if (!PyUnicode_CheckExact(name) || PyUnicode_CHECK_INTERNED(name) < 2) {
        return (name_ref){NAME_NONE, name}; // made up at run time: not worth a number
    }
    const char *utf8 = PyUnicode_AsUTF8AndSize(name, &size);
    if (utf8 == NULL) {
        PyErr_Clear(); // lone surrogates
        return (name_ref){NAME_NONE, name};
    }
    int32_t index = names_index(utf8, (size_t)size, false);
    if (index != NAME_NONE) {
        name_cache_entry *entry = &state->name_cache[((uintptr_t)name >> 4) % NAME_CACHE_SIZE];
        Py_XSETREF(entry->name, Py_NewRef(name));
        entry->index = index;
    }
    return (name_ref){index, name};
}

static int
reserve_names(core_state *state, int32_t index)
{
    int32_t capacity = (index + 64) & ~63;
    PyObject **names = PyMem_Realloc(state->names, (size_t)capacity * sizeof *names);
    if (names == NULL) {
        PyErr_NoMemory();
        return -1;
    }
    for (int32_t i = state->names_capacity; i < capacity; i++) {
        names[i] = NULL;
    }
    state->names = names;
    state->names_capacity = capacity;
    return 0;
}

PyObject *
name_here_slow(core_state *state, name_ref name)
{
    if (name.index == NAME_NONE) {
        return value_copy(name.text);
    }
    if (name.index >= state->names_capacity && reserve_names(state, name.index) < 0) {
        return NULL;
    }
    size_t size;
    const char *text = names_text(name.index, &size);
    PyObject *string = PyUnicode_DecodeUTF8(text, (Py_ssize_t)size, NULL);
    if (string == NULL) {
        return NULL;
    }
    PyUnicode_InternInPlace(&string);
    state->names[name.index] = Py_NewRef(string);
    return string;
}
