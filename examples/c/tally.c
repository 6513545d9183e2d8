// A plain C extension: what was `static PyObject *counts;` is one of each interpreter, and results
// go to an object that may live anywhere.
//
//     tally.count("to be or not to be")     counts words in this interpreter
//     tally.report(collector)               collector.add(counts): a Proxy is as good
#include <atoll.h>

typedef struct {
    PyObject *counts; // a dict; NULL: nothing counted yet
} tally;

static void
clear_tally(void *content)
{
    Py_CLEAR(((tally *)content)->counts);
}

ATOLL_SLOT(tally, this_tally, clear_tally)

static PyObject *
counts_of(tally *self)
{
    if (self != NULL && self->counts == NULL) {
        self->counts = PyDict_New();
    }
    return self == NULL ? NULL : self->counts;
}

static int
count_word(PyObject *counts, PyObject *word)
{
    PyObject *before = PyDict_GetItemWithError(counts, word);
    if (before == NULL && PyErr_Occurred()) {
        return -1;
    }
    PyObject *now = PyLong_FromLong(before == NULL ? 1 : PyLong_AsLong(before) + 1);
    int result = now == NULL ? -1 : PyDict_SetItem(counts, word, now);
    Py_XDECREF(now);
    return result;
}

static PyObject *
count(PyObject *module, PyObject *text)
{
    PyObject *counts = counts_of(this_tally(Atoll_Current()));
    PyObject *words = counts == NULL ? NULL : PyUnicode_Split(text, NULL, -1);
    int result = words == NULL ? -1 : 0;
    for (Py_ssize_t i = 0; result == 0 && i < PyList_GET_SIZE(words); i++) {
        result = count_word(counts, PyList_GET_ITEM(words, i));
    }
    Py_XDECREF(words);
    return result < 0 ? NULL : Py_NewRef(Py_None);
}

static PyObject *
report(PyObject *module, PyObject *collector)
{
    Atoll_Interpreter *here = Atoll_Current();
    PyObject *counts = counts_of(this_tally(here)), *name = PyUnicode_InternFromString("add");
    Atoll_Ref target = {NULL};
    PyObject *result = NULL;
    if (counts != NULL && name != NULL && Atoll_Export(here, collector, &target) == ATOLL_OK) {
        result = Atoll_Call(here, target, name, &counts, 1, NULL);
    }
    Atoll_ReleaseRef(target);
    Py_XDECREF(name);
    return result;
}

static PyMethodDef functions[] = {
    {"count", count, METH_O, "Count the words of a text in this interpreter."},
    {"report", report, METH_O, "Call collector.add() with what was counted."},
    {NULL, NULL, 0, NULL},
};

static int
load(PyObject *module)
{
    return Atoll_Import();
}

static PyModuleDef_Slot slots[] = {
    {Py_mod_exec, (void *)load},
    {Py_mod_multiple_interpreters, Py_MOD_PER_INTERPRETER_GIL_SUPPORTED},
    {0, NULL},
};

static PyModuleDef definition = {
    PyModuleDef_HEAD_INIT, "tally", NULL, 0, functions, slots, NULL, NULL, NULL};

PyMODINIT_FUNC
PyInit_tally(void)
{
    return PyModuleDef_Init(&definition);
}
