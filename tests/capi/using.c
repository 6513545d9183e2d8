// An extension module that uses all of atoll.h, for the tests; compiled with each version of it.
#include ATOLL_HEADER

#include <pthread.h>
#include <string.h>

// ---- helpers ----

static PyObject *
number(long value)
{
    return PyErr_Occurred() ? NULL : PyLong_FromLong(value);
}

// What a visitor does: adds to `__main__.visits`, or runs a text.
static int
run(const char *source)
{
    PyObject *names = PyModule_GetDict(PyImport_AddModule("__main__"));
    PyObject *done = PyRun_String(source, Py_file_input, names, names);
    Py_XDECREF(done);
    return done == NULL ? -1 : 0;
}

// ---- interpreters ----

static PyObject *
current(PyObject *module, PyObject *unused)
{
    return AtollHere_ToObject(Atoll_Current());
}

static PyObject *
main_one(PyObject *module, PyObject *unused)
{
    return AtollHere_ToObject(Atoll_Main());
}

static PyObject *
of_thread(PyObject *module, PyObject *ident)
{
    Atoll_Interpreter *found = Atoll_OfThread(PyLong_AsUnsignedLong(ident));
    if (found == NULL) {
        Py_RETURN_NONE;
    }
    PyObject *result = AtollHere_ToObject(found);
    Atoll_Release(found);
    return result;
}

static PyObject *
of_object(PyObject *module, PyObject *object)
{
    Atoll_Interpreter *found = AtollHere_OfObject(object);
    if (found == NULL) {
        return NULL;
    }
    Atoll_Hold(found);
    Atoll_Release(found);
    PyObject *result =
        Py_BuildValue("Lsi", (long long)Atoll_Id(found), Atoll_Name(found), Atoll_GetState(found));
    Atoll_Release(found);
    return result;
}

// ---- references ----

static Atoll_Ref kept;

static PyObject *
keep(PyObject *module, PyObject *object)
{
    Atoll_Ref latest;
    if (AtollHere_Export(object, &latest) < 0) {
        return NULL;
    }
    Atoll_HoldRef(latest);
    Atoll_ReleaseRef(latest);
    Atoll_ReleaseRef(kept);
    kept = latest;
    return PyLong_FromLongLong(Atoll_Id(Atoll_Owner(kept)));
}

static PyObject *
resolve(PyObject *module, PyObject *unused)
{
    return AtollHere_Resolve(kept);
}

static PyObject *
drop(PyObject *module, PyObject *unused)
{
    Atoll_ReleaseRef(kept);
    kept.object = NULL;
    Py_RETURN_NONE;
}

static PyObject *
call(PyObject *module, PyObject *const *arguments, Py_ssize_t count)
{
    PyObject *name = arguments[0] == Py_None ? NULL : arguments[0];
    return AtollHere_Call(kept, name, arguments + 1, (size_t)count - 1, NULL);
}

static PyObject *
call_keyword(PyObject *module, PyObject *const *arguments, Py_ssize_t count)
{
    PyObject *names = PyTuple_Pack(1, arguments[1]);
    PyObject *result = AtollHere_Call(kept, arguments[0], arguments + 2, 0, names);
    Py_XDECREF(names);
    return result;
}

static PyObject *
call_function(PyObject *module, PyObject *const *arguments, Py_ssize_t count)
{
    Atoll_Interpreter *where = AtollHere_OfObject(arguments[0]);
    if (where == NULL) {
        return NULL;
    }
    PyObject *result =
        AtollHere_CallFunction(where, arguments[1], arguments + 2, (size_t)count - 2, NULL);
    Atoll_Release(where);
    return result;
}

static PyObject *
get_attr(PyObject *module, PyObject *name)
{
    return AtollHere_GetAttr(kept, name);
}

static PyObject *
set_attr(PyObject *module, PyObject *const *arguments, Py_ssize_t count)
{
    return number(AtollHere_SetAttr(kept, arguments[0], count > 1 ? arguments[1] : NULL));
}

// ---- visits ----

typedef struct {
    Atoll_Interpreter *where;
    const char *source;
    double seconds; // negative: no limit
    int statuses[2];
} trip;

static void
go(trip *self)
{
    Atoll_Visit visit;
    self->statuses[0] = self->seconds < 0 ? Atoll_Enter(self->where, &visit)
                                          : Atoll_EnterWithin(self->where, &visit, self->seconds);
    if (self->statuses[0] == ATOLL_OK) {
        (void)run(self->source);
        self->statuses[1] = Atoll_Leave(&visit);
    }
}

static void *
go_in_thread(void *self)
{
    go((trip *)self);
    return NULL;
}

static void
go_by_thread(trip *self)
{
    pthread_t thread;
    if (pthread_create(&thread, NULL, go_in_thread, self) == 0) {
        pthread_join(thread, NULL);
    }
}

// visit(how, interpreter, source, seconds) -> the two statuses
static PyObject *
visit(PyObject *module, PyObject *arguments)
{
    const char *how;
    PyObject *interpreter;
    trip self = {NULL, NULL, -1, {1, 1}};
    if (!PyArg_ParseTuple(arguments, "sOs|d", &how, &interpreter, &self.source, &self.seconds) ||
        (self.where = AtollHere_OfObject(interpreter)) == NULL) {
        return NULL;
    }
    if (strcmp(how, "attached") == 0) {
        go(&self);
    }
    else {
        Py_BEGIN_ALLOW_THREADS
        strcmp(how, "detached") == 0 ? go(&self) : go_by_thread(&self);
        Py_END_ALLOW_THREADS
    }
    Atoll_Release(self.where);
    return PyErr_Occurred() ? NULL : Py_BuildValue("ii", self.statuses[0], self.statuses[1]);
}

// Threads that go in and out until they are refused.
#define CROWD 4
static pthread_t crowd[CROWD];
static int refusals[CROWD];
static Atoll_Interpreter *crowded;
static long came;

static void *
come_and_go(void *refusal)
{
    Atoll_Visit visit;
    int status;
    while ((status = Atoll_Enter(crowded, &visit)) == ATOLL_OK) {
        PyObject *text = PyUnicode_FromString("inside");
        Py_XDECREF(text);
        __atomic_add_fetch(&came, 1, __ATOMIC_SEQ_CST);
        if (Atoll_Leave(&visit) < 0) {
            break;
        }
    }
    *(int *)refusal = status;
    return NULL;
}

static PyObject *
begin_crowd(PyObject *module, PyObject *interpreter)
{
    crowded = AtollHere_OfObject(interpreter);
    came = 0;
    for (int i = 0; crowded != NULL && i < CROWD; i++) {
        pthread_create(&crowd[i], NULL, come_and_go, &refusals[i]);
    }
    return crowded == NULL ? NULL : Py_NewRef(Py_None);
}

static PyObject *
count_of_visits(PyObject *module, PyObject *unused)
{
    return PyLong_FromLong(__atomic_load_n(&came, __ATOMIC_SEQ_CST));
}

static PyObject *
end_crowd(PyObject *module, PyObject *unused)
{
    Py_BEGIN_ALLOW_THREADS
    for (int i = 0; i < CROWD; i++) {
        pthread_join(crowd[i], NULL);
    }
    Py_END_ALLOW_THREADS
    Atoll_Release(crowded);
    return Py_BuildValue("iiii", refusals[0], refusals[1], refusals[2], refusals[3]);
}

// Into one, from there into another, and back into this one.
static PyObject *
nest(PyObject *module, PyObject *arguments)
{
    PyObject *first, *second;
    if (!PyArg_ParseTuple(arguments, "OO", &first, &second)) {
        return NULL;
    }
    Atoll_Interpreter *here = Atoll_Current(), *a = AtollHere_OfObject(first),
                      *b = AtollHere_OfObject(second);
    Atoll_Visit outer, middle, inner;
    int is_right = Atoll_Enter(a, &outer) == 0 && Atoll_Current() == a;
    is_right = is_right && Atoll_Enter(b, &middle) == 0 && Atoll_Current() == b;
    is_right = is_right && Atoll_Enter(here, &inner) == 0 && Atoll_Current() == here;
    // Not in reverse order, which changes nothing.
    is_right = is_right && Atoll_Leave(&outer) == ATOLL_ERROR_UNBALANCED && PyErr_Occurred();
    PyErr_Clear();
    is_right = is_right && Atoll_Leave(&inner) == 0 && Atoll_Current() == b;
    is_right = is_right && Atoll_Leave(&middle) == 0 && Atoll_Leave(&outer) == 0;
    Atoll_Release(a);
    Atoll_Release(b);
    return PyBool_FromLong(is_right && Atoll_Current() == here);
}

// Into one, where a second visit stays: the first does not end before it.
static PyObject *
nest_stays(PyObject *module, PyObject *object)
{
    Atoll_Interpreter *here = Atoll_Current(), *there = AtollHere_OfObject(object);
    Atoll_Visit outer, inner, innermost;
    int is_right = Atoll_Enter(there, &outer) == 0;
    is_right = is_right && Atoll_Enter(there, &inner) == 0 && Atoll_Enter(there, &innermost) == 0;
    is_right = is_right && Atoll_Leave(&outer) == ATOLL_ERROR_UNBALANCED && PyErr_Occurred();
    PyErr_Clear();
    is_right = is_right && Atoll_Leave(&inner) == ATOLL_ERROR_UNBALANCED && PyErr_Occurred();
    PyErr_Clear();
    is_right = is_right && Atoll_Current() == there && Atoll_Leave(&innermost) == 0;
    is_right = is_right && Atoll_Leave(&inner) == 0 && Atoll_Leave(&outer) == 0;
    Py_BEGIN_ALLOW_THREADS // a thread that comes back, and then stays
    is_right = is_right && Atoll_Enter(here, &outer) == 0 && Atoll_Enter(here, &inner) == 0;
    is_right = is_right && Atoll_Leave(&outer) == ATOLL_ERROR_UNBALANCED && PyErr_Occurred();
    PyErr_Clear();
    is_right = is_right && Atoll_Leave(&inner) == 0 && Atoll_Leave(&outer) == 0;
    Py_END_ALLOW_THREADS
    Atoll_Release(there);
    return PyBool_FromLong(is_right && Atoll_Current() == here);
}

// ---- memory ----

static Atoll_Cell *shown;
static long freed;

static void
count_freed(void *context)
{
    __atomic_add_fetch(&freed, 1, __ATOMIC_SEQ_CST);
    PyMem_RawFree(context);
}

static PyObject *
wrap(PyObject *module, PyObject *text)
{
    size_t size = (size_t)PyBytes_GET_SIZE(text);
    void *data = PyMem_RawMalloc(size + 1);
    memcpy(data, PyBytes_AS_STRING(text), size);
    return AtollHere_WrapMemory(data, size, 0, count_freed, data);
}

static PyObject *
count_of_freed(PyObject *module, PyObject *unused)
{
    return PyLong_FromLong(freed);
}

static PyObject *
share(PyObject *module, PyObject *object)
{
    return AtollHere_Share(object);
}

static PyObject *
is_shared(PyObject *module, PyObject *object)
{
    return number(AtollHere_IsShared(object));
}

static void *
add_in_thread(void *cell)
{
    for (int i = 0; i < 1000; i++) {
        Atoll_CellAdd((Atoll_Cell *)cell, 1);
    }
    return NULL;
}

// A new AtomicInt, to which threads without Python add.
static PyObject *
count_up(PyObject *module, PyObject *unused)
{
    PyObject *result = AtollHere_NewAtomicInt(5);
    shown = result == NULL ? NULL : AtollHere_GetCell(result);
    if (shown == NULL) {
        return NULL;
    }
    pthread_t threads[2];
    for (int i = 0; i < 2; i++) {
        pthread_create(&threads[i], NULL, add_in_thread, shown);
    }
    for (int i = 0; i < 2; i++) {
        pthread_join(threads[i], NULL);
    }
    if (!Atoll_CellCompareExchange(shown, 2005, 7) || Atoll_CellExchange(shown, 8) != 7) {
        Atoll_CellStore(shown, -Atoll_CellLoad(shown));
    }
    return result;
}

static PyObject *
cell_of(PyObject *module, PyObject *object)
{
    return number(AtollHere_GetCell(object) != NULL);
}

// ---- a variable of each interpreter ----

struct counter {
    long count;
    PyObject *latest;
};
static long ended;

static void
end_counter(void *content)
{
    struct counter *self = (struct counter *)content;
    Py_CLEAR(self->latest);
    __atomic_add_fetch(&ended, 1, __ATOMIC_SEQ_CST);
}

ATOLL_SLOT(struct counter, counter, end_counter)

static PyObject *
bump(PyObject *module, PyObject *object)
{
    struct counter *self = counter(Atoll_Current());
    if (self == NULL) {
        return NULL;
    }
    Py_XSETREF(self->latest, Py_NewRef(object));
    return PyLong_FromLong(++self->count);
}

static PyObject *
count_of_ended(PyObject *module, PyObject *unused)
{
    return PyLong_FromLong(ended);
}

// ---- mistakes ----

// Without a thread state: (Atoll_Current(), Atoll_Leave(), Atoll_Export(), is Atoll_Resolve() NULL)
static PyObject *
detached(PyObject *module, PyObject *object)
{
    Atoll_Interpreter *here = Atoll_Current();
    Atoll_Visit never;
    Atoll_Ref reference = {NULL};
    int has_current, left, exported, is_null;
    memset(&never, 0, sizeof never);
    Py_BEGIN_ALLOW_THREADS
    has_current = Atoll_Current() != NULL;
    left = Atoll_Leave(&never);
    exported = Atoll_Export(here, object, &reference);
    is_null = Atoll_Resolve(here, reference) == NULL && Atoll_GetAttr(here, kept, NULL) == NULL;
    Py_END_ALLOW_THREADS
    return Py_BuildValue("iiii", has_current, left, exported, is_null);
}

// mistake(kind, interpreter) -> a status, or its exception
static PyObject *
mistake(PyObject *module, PyObject *arguments)
{
    const char *kind;
    PyObject *interpreter, *result = NULL;
    if (!PyArg_ParseTuple(arguments, "sO", &kind, &interpreter)) {
        return NULL;
    }
    Atoll_Interpreter *here = Atoll_Current(), *other = AtollHere_OfObject(interpreter);
    Atoll_Ref nothing = {NULL};
    Atoll_Visit visit, twice;
    int status = 0;
    memset(&visit, 0, sizeof visit);
    if (strcmp(kind, "enter NULL") == 0) {
        status = Atoll_Enter(NULL, &visit);
    }
    else if (strcmp(kind, "enter without a visit") == 0) {
        status = Atoll_Enter(other, NULL);
    }
    else if (strcmp(kind, "negative time") == 0) {
        status = Atoll_EnterWithin(other, &visit, -1);
    }
    else if (strcmp(kind, "leave NULL") == 0) {
        status = Atoll_Leave(NULL);
    }
    else if (strcmp(kind, "leave before") == 0) {
        status = Atoll_Leave(&visit);
    }
    else if (strcmp(kind, "leave twice") == 0) {
        status =
            Atoll_Enter(other, &visit) < 0 || Atoll_Leave(&visit) < 0 ? 1 : Atoll_Leave(&visit);
    }
    else if (strcmp(kind, "leave a copy") == 0) {
        status = Atoll_Enter(other, &visit);
        twice = visit;
        int wrong = Atoll_Leave(&twice);
        PyErr_Clear();
        status = status < 0 || Atoll_Leave(&visit) < 0 ? 1 : wrong;
    }
    else if (strcmp(kind, "export NULL") == 0) {
        status = Atoll_Export(here, NULL, &nothing);
    }
    else if (strcmp(kind, "export elsewhere") == 0) {
        status = Atoll_Export(other, interpreter, &nothing);
    }
    else if (strcmp(kind, "no interpreter") == 0) {
        status = Atoll_IsShared(NULL, interpreter);
    }
    else if (strcmp(kind, "resolve nothing") == 0) {
        result = Atoll_Resolve(here, nothing);
    }
    else if (strcmp(kind, "call nothing") == 0) {
        result = Atoll_Call(here, nothing, NULL, NULL, 0, NULL);
    }
    else if (strcmp(kind, "call elsewhere") == 0) {
        result = Atoll_Call(other, kept, NULL, NULL, 0, NULL);
    }
    else if (strcmp(kind, "call without arguments") == 0) {
        result = Atoll_Call(here, kept, NULL, NULL, 1, NULL);
    }
    else if (strcmp(kind, "set of nothing") == 0) {
        status = Atoll_SetAttr(here, nothing, Py_None, NULL);
    }
    else if (strcmp(kind, "wrap NULL") == 0) {
        result = Atoll_WrapMemory(here, NULL, 8, 0, NULL, NULL);
    }
    else if (strcmp(kind, "no slot") == 0) {
        status = Atoll_GetSlot(here, NULL) == NULL ? ATOLL_RAISED : 1;
    }
    Atoll_Release(other);
    return result != NULL || PyErr_Occurred() ? result : PyLong_FromLong(status);
}

// ---- the module ----

#define FAST(function) (PyCFunction)(void (*)(void)) function, METH_FASTCALL

static PyMethodDef functions[] = {
    {"current", current, METH_NOARGS, NULL},
    {"main", main_one, METH_NOARGS, NULL},
    {"of_thread", of_thread, METH_O, NULL},
    {"of_object", of_object, METH_O, NULL},
    {"keep", keep, METH_O, NULL},
    {"resolve", resolve, METH_NOARGS, NULL},
    {"drop", drop, METH_NOARGS, NULL},
    {"call", FAST(call), NULL},
    {"call_keyword", FAST(call_keyword), NULL},
    {"call_function", FAST(call_function), NULL},
    {"get_attr", get_attr, METH_O, NULL},
    {"set_attr", FAST(set_attr), NULL},
    {"visit", visit, METH_VARARGS, NULL},
    {"begin_crowd", begin_crowd, METH_O, NULL},
    {"count_of_visits", count_of_visits, METH_NOARGS, NULL},
    {"end_crowd", end_crowd, METH_NOARGS, NULL},
    {"nest", nest, METH_VARARGS, NULL},
    {"nest_stays", nest_stays, METH_O, NULL},
    {"wrap", wrap, METH_O, NULL},
    {"count_of_freed", count_of_freed, METH_NOARGS, NULL},
    {"share", share, METH_O, NULL},
    {"is_shared", is_shared, METH_O, NULL},
    {"count_up", count_up, METH_NOARGS, NULL},
    {"cell_of", cell_of, METH_O, NULL},
    {"bump", bump, METH_O, NULL},
    {"count_of_ended", count_of_ended, METH_NOARGS, NULL},
    {"detached", detached, METH_O, NULL},
    {"mistake", mistake, METH_VARARGS, NULL},
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

#define TEXT_OF(name) #name
#define TEXT(name)    TEXT_OF(name)

static PyModuleDef definition = {
    PyModuleDef_HEAD_INIT, TEXT(MODULE), NULL, 0, functions, slots, NULL, NULL, NULL};

#define INIT_OF(name) PyInit_##name
#define INIT(name)    INIT_OF(name)

PyMODINIT_FUNC
INIT(MODULE)(void)
{
    return PyModuleDef_Init(&definition);
}
