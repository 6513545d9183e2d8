// What modules are made from: private copies of shared objects [PEP 489, PEP 793], and code that
// was compiled before.
#include "bridge/modules/extension.h"

#include <dlfcn.h>
#include <marshal.h>

#include "bridge/modules/large_blocks.h"
#include "bridge/modules/module_create.h"
#include "ground/modules/code.h"
#include "ground/base/text.h"
#include "ground/system/loading.h"
#include "types/reference.h"

#if PY_VERSION_HEX >= 0x030F0000
#    define OLD_SLOT_MULTIPLE_INTERPRETERS 3 // in modules compiled earlier for the stable ABI
#else
#    define OLD_SLOT_MULTIPLE_INTERPRETERS Py_mod_multiple_interpreters
#endif

// What a module declares about interpreters with their own GIL.
static const char *
declaration(const void *value)
{
    return value == Py_MOD_PER_INTERPRETER_GIL_SUPPORTED         ? "supported"
           : value == Py_MOD_MULTIPLE_INTERPRETERS_NOT_SUPPORTED ? "not supported"
                                                                 : "shared GIL only";
}

static const char *
declared_by(const PyModuleDef_Slot *slots)
{
    for (const PyModuleDef_Slot *each = slots; each != NULL && each->slot != 0; each++) {
        if (each->slot == Py_mod_multiple_interpreters ||
            each->slot == OLD_SLOT_MULTIPLE_INTERPRETERS) {
            return declaration(each->value);
        }
    }
    return "nothing";
}

// Single-phase: PyInit_x has returned the module itself. (CPython would call it in the main
// interpreter.)
static PyObject *
adopt(PyObject *module)
{
    PyModuleDef *definition = PyModule_GetDef(module);
    if (definition == NULL) {
        PyErr_Clear();
    }
    else if (PyState_FindModule(definition) != module &&
             PyState_AddModule(module, definition) < 0) {
        Py_CLEAR(module);
    }
    return module;
}

// Turns the result of PyInit_x into (module, what it declares). Steals `made`.
static PyObject *
finish(PyObject *made, const char *symbol, PyObject *spec)
{
    if (made == NULL || PyErr_Occurred()) {
        if (!PyErr_Occurred()) {
            PyErr_Format(PyExc_SystemError, "%s failed without raising an exception", symbol);
        }
        Py_XDECREF(made);
        return NULL;
    }
    if (PyObject_TypeCheck(made, &PyModuleDef_Type)) {
        PyObject *module =
            module_create_from_definition((PyModuleDef *)made, spec, PYTHON_API_VERSION);
        return module == NULL
                   ? NULL
                   : Py_BuildValue("Ns", module, declared_by(((PyModuleDef *)made)->m_slots));
    }
    if (!PyModule_Check(made)) {
        PyErr_Format(PyExc_SystemError, "%s returned %R, which is not a module", symbol, made);
        Py_DECREF(made);
        return NULL;
    }
    PyObject *module = adopt(made);
    return module == NULL ? NULL : Py_BuildValue("Ns", module, "single-phase");
}

static PyObject *
initialize(core_state *state, PyObject *(*function)(void), PyObject *spec)
{
    PyObject *name = PyObject_GetAttrString(spec, "name");
    const char *full_name = name == NULL ? NULL : PyUnicode_AsUTF8(name);
    PyObject *made = NULL;
    if (full_name != NULL) {
        const char *before = extension_begin(state, full_name);
        made = function();
        (void)extension_begin(state, before);
    }
    Py_XDECREF(name);
    return made;
}

static PyObject *
create_by_init(core_state *state, void *library, const char *name, PyObject *spec)
{
    char symbol[256];
    PyOS_snprintf(symbol, sizeof symbol, "PyInit%s", name);
    PyObject *(*function)(void) = (PyObject * (*)(void)) dlsym(library, symbol);
    if (function == NULL) {
        PyErr_Format(PyExc_ImportError,
                     "dynamic module does not define module export function (%s)", symbol);
        return NULL;
    }
    return finish(initialize(state, function, spec), symbol, spec);
}

#if PY_VERSION_HEX >= 0x030F0000

static const char *
declared_by_new(const PySlot *slots)
{
    while (slots->sl_id != 0 && slots->sl_id != Py_mod_multiple_interpreters) {
        slots++;
    }
    return slots->sl_id == 0 ? "nothing" : declaration(slots->sl_ptr);
}

static PyObject *
create(core_state *state, void *library, const char *name, PyObject *spec)
{
    char symbol[256];
    PyOS_snprintf(symbol, sizeof symbol, "PyModExport%s", name);
    const PySlot *(*export)(void) = (const PySlot *(*)(void))dlsym(library, symbol);
    if (export == NULL) {
        return create_by_init(state, library, name, spec);
    }
    const PySlot *slots = export();
    if (slots == NULL) {
        return finish(NULL, symbol, spec);
    }
    PyObject *module = module_create_from_slots(slots, spec);
    return module == NULL ? NULL : Py_BuildValue("Ns", module, declared_by_new(slots));
}

#else

static PyObject *
create(core_state *state, void *library, const char *name, PyObject *spec)
{
    return create_by_init(state, library, name, spec);
}

#endif

static PyObject *
load_extension(PyObject *module, PyObject *arguments)
{
    core_state *state = PyModule_GetState(module);
    const char *path, *tree, *name;
    PyObject *spec;
    if (!PyArg_ParseTuple(arguments, "sssO", &path, &tree, &name, &spec)) {
        return NULL;
    }
    void *library = extension_load(state, path, tree);
    if (library == NULL) {
        return NULL;
    }
    large_blocks_open(); // PyInit_x may do all
    PyObject *made = create(state, library, name, spec);
    large_blocks_shut();
    return made;
}

// The loader's attribute has led here, this once.
static PyObject *
execute_noted(PyObject *module, PyObject *arguments)
{
    PyObject *loader, *made;
    if (!PyArg_ParseTuple(arguments, "OO", &loader, &made)) {
        return NULL;
    }
    if (PyObject_DelAttrString(loader, "exec_module") < 0) {
        PyErr_Clear(); // another has taken it away
    }
    large_blocks_open();
    PyObject *done = PyObject_CallMethod(loader, "exec_module", "O", made);
    large_blocks_shut();
    return done;
}

static PyObject *
load_library(PyObject *module, PyObject *arguments)
{
    const char *path, *tree;
    if (!PyArg_ParseTuple(arguments, "sz", &path, &tree)) {
        return NULL;
    }
    void *library = extension_open(PyModule_GetState(module), path, tree);
    if (library == NULL && !PyErr_Occurred()) {
        Py_RETURN_NONE;
    }
    return library == NULL ? NULL : PyLong_FromVoidPtr(library);
}

static PyObject *
load_original(PyObject *module, PyObject *arguments)
{
    PyObject *path;
    int flags;
    if (!PyArg_ParseTuple(arguments, "O&i", PyUnicode_FSConverter, &path, &flags)) {
        return NULL;
    }
    void *library = loading_open(PyBytes_AS_STRING(path), flags);
    Py_DECREF(path);
    if (library == NULL) {
        PyErr_SetString(PyExc_OSError, dlerror());
        return NULL;
    }
    return PyLong_FromVoidPtr(library);
}

static PyObject *
count_private_copies(PyObject *module, PyObject *unused)
{
    library_totals totals = extension_count(PyModule_GetState(module));
    return Py_BuildValue("innLi", totals.copies, (Py_ssize_t)totals.copied,
                         (Py_ssize_t)totals.shared, (long long)totals.nanoseconds, totals.threads);
}

// Each text ends with a zero: a path may contain anything else.
static void
add_texts(const interp *of, const char *path, const char *reason, void *texts)
{
    text_add(texts, "%s%c%s%c%s%c", of->name, 0, path, 0, reason, 0);
}

static PyObject *
list_staying_copies(PyObject *module, PyObject *unused)
{
    text texts = {0};
    Py_BEGIN_ALLOW_THREADS
    extension_each_staying(add_texts, &texts);
    Py_END_ALLOW_THREADS
    PyObject *result = texts.is_cut
                           ? PyErr_NoMemory()
                           : PyBytes_FromStringAndSize(texts.chars, (Py_ssize_t)texts.size);
    text_free(&texts);
    return result;
}

// ---- code ----

// Fills in what code is found by, from (path, level of optimisation, source). Returns the path in
// bytes, a new reference, that `to` points into.
static PyObject *
code_source_of(PyObject *arguments, code_source *to, Py_buffer *marshaled)
{
    PyObject *path, *source;
    long long level;
    const char *format = marshaled == NULL ? "O&LS" : "O&LSy*";
    if (!PyArg_ParseTuple(arguments, format, PyUnicode_FSConverter, &path, &level, &source,
                          marshaled)) {
        return NULL;
    }
    Py_ssize_t size = PyBytes_GET_SIZE(source);
    *to = (code_source){PyBytes_AS_STRING(path), (size_t)PyBytes_GET_SIZE(path), level,
                        PyObject_Hash(source), (size_t)size};
    return path;
}

static PyObject *
find_code(PyObject *module, PyObject *arguments)
{
    code_source source;
    PyObject *path = code_source_of(arguments, &source, NULL);
    if (path == NULL) {
        return NULL;
    }
    code *found = code_find(&source);
    Py_DECREF(path);
    if (found == NULL) {
        Py_RETURN_NONE;
    }
    PyObject *made = PyMarshal_ReadObjectFromString(found->marshaled, (Py_ssize_t)found->size);
    code_decref(found);
    return made;
}

static PyObject *
keep_code(PyObject *module, PyObject *arguments)
{
    code_source source;
    Py_buffer marshaled;
    PyObject *path = code_source_of(arguments, &source, &marshaled);
    if (path == NULL) {
        return NULL;
    }
    code_keep(&source, marshaled.buf, (size_t)marshaled.len);
    Py_DECREF(path);
    PyBuffer_Release(&marshaled);
    Py_RETURN_NONE;
}

static PyObject *
limit_code(PyObject *module, PyObject *bytes)
{
    size_t limit = PyLong_AsSize_t(bytes);
    return PyErr_Occurred() ? NULL : PyLong_FromSize_t(code_limit(limit));
}

static PyObject *
count_code(PyObject *module, PyObject *unused)
{
    code_totals totals = code_count();
    return Py_BuildValue("nnn", (Py_ssize_t)totals.modules, (Py_ssize_t)totals.bytes,
                         (Py_ssize_t)totals.limit);
}

PyMethodDef extension_functions[] = {
    {"find_code", find_code, METH_VARARGS,
     PyDoc_STR("find_code($module, path, level, source, /)\n--\n\n"
               "Return the code that some interpreter has compiled of this source, or None.")},
    {"keep_code", keep_code, METH_VARARGS,
     PyDoc_STR("keep_code($module, path, level, source, marshaled, /)\n--\n\n"
               "Keep the code of a source for all interpreters.")},
    {"limit_code", limit_code, METH_O,
     PyDoc_STR("limit_code($module, bytes, /)\n--\n\n"
               "Say how much code is kept at most; return what it was before.")},
    {"count_code", count_code, METH_NOARGS,
     PyDoc_STR("count_code($module, /)\n--\n\n"
               "Return how many modules' code is kept, its bytes, and the limit.")},
    {"load_extension", load_extension, METH_VARARGS,
     PyDoc_STR("load_extension($module, path, tree, name, spec, /)\n--\n\n"
               "Make a module from this interpreter's private copy of a shared object.\n\n"
               "Returns it, not yet executed, and what it declares.")},
    {"execute_noted", execute_noted, METH_VARARGS,
     PyDoc_STR("execute_noted($module, loader, module, /)\n--\n\n"
               "Have the loader execute a module, in place of its attribute exec_module. What\n"
               "it keeps for ever of the memory that it allocates is freed after its interpreter\n"
               "has ended.")},
    {"load_library", load_library, METH_VARARGS,
     PyDoc_STR("load_library($module, path, tree, /)\n--\n\n"
               "Return the handle of this interpreter's private copy of a shared object, opened\n"
               "once more; None: it is not for copies. Without a tree `path` is the name of one\n"
               "that is loaded.")},
    {"load_original", load_original, METH_VARARGS,
     PyDoc_STR("load_original($module, path, flags, /)\n--\n\n"
               "Return the handle of a shared object itself, as dlopen does; no fork meanwhile.")},
    {"count_private_copies", count_private_copies, METH_NOARGS,
     PyDoc_STR("count_private_copies($module, /)\n--\n\n"
               "Return, for this interpreter: copies, bytes copied, bytes of them given back,\n"
               "nanoseconds spent in loading, threads started by copies that still run.")},
    {"list_staying_copies", list_staying_copies, METH_NOARGS,
     PyDoc_STR(
         "list_staying_copies($module, /)\n--\n\n"
         "Return, of copies that stay after the end of their interpreters, three texts each:\n"
         "the interpreter's name, the library's path, the reason. Each ends with a zero.")},
    {NULL},
};
