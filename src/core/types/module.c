// The module atoll._core: one instance and one state per interpreter.
#include "bridge/iteration/iterators.h"
#include "bridge/transfer/export.h"
#include "bridge/classes/shape.h"
#include "bridge/transfer/identity.h"
#include "bridge/classes/twin.h"
#include "bridge/interpreter/creation.h"
#include "bridge/interpreter/process.h"
#include "bridge/gc/verification.h"
#include "types/queue.h"
#include "types/reference.h"

// ---- which interpreter is this? ----

static interp *
add_main(PyInterpreterState *interpreter)
{
    interp *made =
        interp_new(interpreter, PyInterpreterState_GetID(interpreter), "main", true, true);
    if (made == NULL) {
        return (interp *)PyErr_NoMemory();
    }
    creation_locate(made, interpreter);
    if (!registry_add(made)) {
        interp_decref(made);
        return (interp *)PyErr_NoMemory();
    }
    return made;
}

// This interpreter's record, counted.
static interp *
find_interp(void)
{
    PyInterpreterState *interpreter = PyInterpreterState_Get();
    interp *made = creation_of(interpreter);
    if (made == NULL) {
        made = registry_find(interpreter);
    }
    if (made != NULL && made->core_state != NULL) {
        PyErr_SetString(PyExc_ImportError, "atoll._core is already loaded in this interpreter");
        return NULL;
    }
    if (made == NULL && interpreter == PyInterpreterState_Main()) {
        return add_main(interpreter);
    }
    if (made == NULL) {
        PyErr_SetString(PyExc_ImportError,
                        "atoll works in the main interpreter and in those that it makes; "
                        "this one was made by something else [docs: explanation/choosing]");
        return NULL;
    }
    interp_incref(made);
    return made;
}

// ---- functions ----

// Python code cannot make the argument of sys.unraisablehook.
static PyObject *
write_unraisable(PyObject *module, PyObject *const *arguments, Py_ssize_t count)
{
    if (count != 3 || !PyExceptionInstance_Check(arguments[0])) {
        return PyErr_Format(PyExc_TypeError, "write_unraisable(exception, object, message)");
    }
    PyErr_SetRaisedException(Py_NewRef(arguments[0]));
    if (arguments[2] == Py_None) {
        PyErr_WriteUnraisable(arguments[1] == Py_None ? NULL : arguments[1]);
    }
    else {
        PyErr_FormatUnraisable("%S", arguments[2]);
    }
    Py_RETURN_NONE;
}

static PyMethodDef module_functions[] = {
    {"write_unraisable", (PyCFunction)(void (*)(void))write_unraisable, METH_FASTCALL,
     PyDoc_STR("write_unraisable($module, exception, object, message, /)\n--\n\n"
               "Give an exception to sys.unraisablehook.")},
    {NULL},
};

// ---- life ----

static int
init_strings(core_state *state)
{
    state->str_class = PyUnicode_InternFromString("__class__");
    state->str_reduce = PyUnicode_InternFromString("__reduce__");
    state->str_reduce_ex = PyUnicode_InternFromString("__reduce_ex__");
    state->str_next = PyUnicode_InternFromString("__next__");
    state->str_keys = PyUnicode_InternFromString("keys");
    state->str_getitem = PyUnicode_InternFromString("__getitem__");
    state->str_name = PyUnicode_InternFromString("_name_");
    state->str_value = PyUnicode_InternFromString("_value_");
    state->str_member_map = PyUnicode_InternFromString("_member_map_");
    state->str_dict = PyUnicode_InternFromString("__dict__");
    state->str_globals = PyUnicode_InternFromString("__globals__");
    return state->str_class && state->str_reduce && state->str_reduce_ex && state->str_name &&
                   state->str_value && state->str_member_map && state->str_dict &&
                   state->str_globals && state->str_next && state->str_keys && state->str_getitem
               ? 0
               : -1;
}

static int
exec(PyObject *module)
{
    core_state *state = PyModule_GetState(module);
    process_init();
    state->module = module;
    state->watcher = state->modules_watcher = WATCHER_NONE;
    state->references = &local_references;
    state->interp = find_interp();
    if (state->interp == NULL || init_strings(state) < 0 || iterators_find() < 0 ||
        share_init(module) < 0 || special_method_add_type(module, state) < 0 ||
        proxy_add_types(module, state) < 0 || remote_class_add_type(module, state) < 0 ||
        remote_method_add_type(module, state) < 0 || mark_add_types(module, state) < 0 ||
        identity_add_type(module, state) < 0 || deadline_add_types(module, state) < 0 ||
        traceback_add_type(module, state) < 0 || interpreter_add_types(module, state) < 0 ||
        queue_add_types(module, state) < 0 || buffer_add_type(module, state) < 0 ||
        atomic_int_add_type(module, state) < 0 || task_add_type(module, state) < 0 ||
        worker_pool_add_type(module, state) < 0 ||
        PyModule_AddFunctions(module, module_functions) < 0 ||
        PyModule_AddFunctions(module, interpreter_functions) < 0 ||
        PyModule_AddFunctions(module, thread_functions) < 0 ||
        PyModule_AddFunctions(module, process_end_functions) < 0 ||
        PyModule_AddFunctions(module, fork_functions) < 0 ||
        PyModule_AddFunctions(module, environment_functions) < 0 ||
        PyModule_AddFunctions(module, mark_functions) < 0 ||
        PyModule_AddFunctions(module, identity_functions) < 0 ||
        PyModule_AddFunctions(module, extension_functions) < 0 ||
        PyModule_AddFunctions(module, deadline_functions) < 0 ||
        PyModule_AddFunctions(module, traceback_functions) < 0 ||
        PyModule_AddFunctions(module, standby_functions) < 0 ||
        PyModule_AddFunctions(module, queue_functions) < 0 ||
        PyModule_AddFunctions(module, queue_wait_functions) < 0 ||
        PyModule_AddFunctions(module, buffer_functions) < 0 ||
        PyModule_AddFunctions(module, worker_pool_functions) < 0 ||
        PyModule_AddFunctions(module, collector_functions) < 0 ||
        PyModule_AddFunctions(module, trace_functions) < 0 ||
        PyModule_AddFunctions(module, metrics_functions) < 0 ||
        PyModule_AddFunctions(module, monitor_functions) < 0 ||
        PyModule_AddFunctions(module, share_functions) < 0 || capi_add_capsule(module) < 0) {
        return -1;
    }
    state->interp->core_state = state;
    state->hold = Py_NewRef(module);
    return 0;
}

static int
traverse(PyObject *module, visitproc visit, void *arg)
{
    core_state *state = PyModule_GetState(module);
    for (int i = 0; i < TYPE_COUNT; i++) {
        Py_VISIT(state->types[i]);
    }
    size_t position = 0;
    pointer_pair pair;
    while (pointer_map_next(&state->specials, &position, &pair)) {
        Py_VISIT((PyObject *)pair.value);
    }
    for (int i = 0; i < HOOK_COUNT; i++) {
        Py_VISIT(state->hooks[i]);
    }
    for (size_t i = 0; !state->is_traced && i < Py_ARRAY_LENGTH(state->recent_classes); i++) {
        Py_VISIT(state->recent_classes[i]);
    }
    Py_VISIT(state->callbacks);
    return shape_traverse_all(state, visit, arg);
}

static int
clear(PyObject *module)
{
    core_state *state = PyModule_GetState(module);
    state->is_cleared = true;
    if (state->watcher >= 0 && PyType_ClearWatcher(state->watcher) < 0) {
        PyErr_Clear();
    }
    state->watcher = WATCHER_REFUSED;
    twin_unwatch(state);
    if (state->interp != NULL && state->interp->core_state == state) {
        detained_drop(state);
        export_drop_all(state);
    }
    for (size_t i = 0; i < Py_ARRAY_LENGTH(state->recent_classes); i++) {
        Py_CLEAR(state->recent_classes[i]);
    }
    shape_forget_all(state);
    for (int i = 0; i < HOOK_COUNT; i++) {
        Py_CLEAR(state->hooks[i]);
    }
    Py_CLEAR(state->callbacks);
    return 0;
}

static void
drop_names(core_state *state)
{
    for (int i = 0; i < NAME_CACHE_SIZE; i++) {
        Py_CLEAR(state->name_cache[i].name);
    }
    for (int32_t i = 0; i < state->names_capacity; i++) {
        Py_CLEAR(state->names[i]);
    }
    PyMem_Free(state->names);
    Py_CLEAR(state->str_class);
    Py_CLEAR(state->str_reduce);
    Py_CLEAR(state->str_reduce_ex);
    Py_CLEAR(state->str_next);
    Py_CLEAR(state->str_keys);
    Py_CLEAR(state->str_getitem);
    Py_CLEAR(state->str_name);
    Py_CLEAR(state->str_value);
    Py_CLEAR(state->str_member_map);
    Py_CLEAR(state->str_dict);
    Py_CLEAR(state->str_globals);
}

static void
drop_types(core_state *state)
{
    size_t position = 0;
    pointer_pair pair;
    while (pointer_map_next(&state->specials, &position, &pair)) {
        Py_DECREF((PyObject *)pair.value);
    }
    for (int i = 0; i < TYPE_COUNT; i++) {
        Py_CLEAR(state->types[i]);
    }
}

static void
free_module(void *module)
{
    core_state *state = PyModule_GetState(module);
    (void)clear(module);
    capi_free_slots(state);
    drop_types(state);
    drop_names(state);
    pointer_map_free(&state->exports);
    pointer_map_free(&state->proxies);
    pointer_map_free(&state->classes);
    pointer_map_free(&state->subclasses);
    pointer_map_free(&state->handles);
    pointer_map_free(&state->tokens);
    pointer_map_free(&state->guests);
    pointer_map_free(&state->identities);
    pointer_map_free(&state->specials);
    if (state->interp != NULL) {
        if (state->interp->core_state == state) {
            state->interp->core_state = NULL;
        }
        interp_decref(state->interp);
        state->interp = NULL;
    }
}

static PyModuleDef_Slot slots[] = {
    {Py_mod_exec, exec},
    {Py_mod_multiple_interpreters, Py_MOD_PER_INTERPRETER_GIL_SUPPORTED},
    {0, NULL},
};

struct PyModuleDef core_module = {PyModuleDef_HEAD_INIT,
                                  "atoll._core",
                                  PyDoc_STR("The C core of atoll: mechanism, no policy."),
                                  sizeof(core_state),
                                  NULL,
                                  slots,
                                  traverse,
                                  clear,
                                  free_module};

PyMODINIT_FUNC
PyInit__core(void)
{
    return PyModuleDef_Init(&core_module);
}
