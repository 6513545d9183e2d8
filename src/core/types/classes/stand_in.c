// Twins of remote classes (bridge/classes/twin), and stand-ins.
//
// A remote class says by its MRO, and by that alone, whose subclass it is: of the twins of the
// class and its bases. C code takes an instance of a subclass of `set` for a set, and the
// descriptors of `__slots__` read its memory. So the class of Proxies gets such twins only if they
// have no fields; otherwise the class itself has a stand-in, which has no instances.
#include "bridge/python/cpython.h"
#include "bridge/classes/twin.h"
#include "bridge/transfer/weak_table.h"
#include "types/reference.h"

// ---- twins ----

// Ask the owner again: one of its modules was loaded or reloaded since.
static int
ask_lineage(PyTypeObject *class)
{
    remote_class *data = remote_class_data(class);
    unsigned epoch = twin_epoch(data->target->owner);
    PyObject *hook = state_hook(data->state, HOOK_ASK_LINEAGE);
    PyObject *lineage = hook == NULL ? NULL : PyObject_CallOneArg(hook, (PyObject *)class);
    if (lineage == NULL) {
        if (!PyErr_ExceptionMatches(PyExc_Exception)) {
            return -1;
        }
        PyErr_Clear(); // it has closed, say: all stays as it was
        return 0;
    }
    data->lineage_epoch = epoch;
    Py_XSETREF(data->lineage, lineage);
    Py_CLEAR(data->twins);
    return 0;
}

static PyObject *
find_all(core_state *state, PyObject *lineage)
{
    PyObject *twins = PyTuple_New(PyTuple_GET_SIZE(lineage));
    for (Py_ssize_t i = 0; twins != NULL && i < PyTuple_GET_SIZE(twins); i++) {
        PyObject *found = twin_find(state, PyTuple_GET_ITEM(lineage, i));
        PyTuple_SET_ITEM(twins, i, found == NULL ? Py_NewRef(Py_None) : found);
    }
    return twins;
}

static PyObject *
find_again(core_state *state, const remote_class *data, PyObject *name, PyObject *module)
{
    PyObject *twins = PyTuple_New(PyTuple_GET_SIZE(data->lineage));
    for (Py_ssize_t i = 0; twins != NULL && i < PyTuple_GET_SIZE(twins); i++) {
        PyTuple_SET_ITEM(twins, i,
                         twin_find_in(state, PyTuple_GET_ITEM(data->lineage, i),
                                      PyTuple_GET_ITEM(data->twins, i), name, module));
    }
    return twins;
}

static int
append_once(PyObject *list, PyObject *class)
{
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(list); i++) {
        if (PyList_GET_ITEM(list, i) == class) {
            return 0;
        }
    }
    return class == (PyObject *)&PyBaseObject_Type ? 0 : PyList_Append(list, class);
}

static bool
has_fields(PyObject *class)
{
    const PyTypeObject *type = (PyTypeObject *)class;
    return type->tp_basicsize != PyBaseObject_Type.tp_basicsize || type->tp_itemsize != 0;
}

static int
append_all(PyObject *list, PyObject *classes, bool may_have_fields)
{
    int result = 0;
    for (Py_ssize_t i = 0; result == 0 && i < PyTuple_GET_SIZE(classes); i++) {
        PyObject *each = PyTuple_GET_ITEM(classes, i);
        if (each != Py_None && (may_have_fields || !has_fields(each))) {
            result = append_once(list, each);
        }
    }
    return result;
}

// Itself, its own bases, the twins, object.
static PyObject *
make_mro(PyTypeObject *class, PyObject *twins)
{
    PyObject *list = PyList_New(0), *mro = NULL;
    int result = list == NULL ? -1 : PyList_Append(list, (PyObject *)class);
    for (Py_ssize_t i = 0; result == 0 && i < PyTuple_GET_SIZE(class->tp_bases); i++) {
        const PyTypeObject *base = (PyTypeObject *)PyTuple_GET_ITEM(class->tp_bases, i);
        result = append_all(list, base->tp_mro, true);
    }
    if (result == 0 && append_all(list, twins, remote_class_data(class)->is_stand_in) == 0 &&
        PyList_Append(list, (PyObject *)&PyBaseObject_Type) == 0) {
        mro = PyList_AsTuple(list);
    }
    Py_XDECREF(list);
    return mro;
}

// Functions in C that are given a class may allocate an instance by its size, and take that for one
// of the twin's: then it is large enough.
static void
be_as_large(PyTypeObject *stand_in, PyObject *twins)
{
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(twins); i++) {
        const PyTypeObject *each = (PyTypeObject *)PyTuple_GET_ITEM(twins, i);
        if ((PyObject *)each != Py_None) {
            stand_in->tp_basicsize = Py_MAX(stand_in->tp_basicsize, each->tp_basicsize);
            stand_in->tp_itemsize = Py_MAX(stand_in->tp_itemsize, each->tp_itemsize);
        }
    }
}

static int
set_twins_steal(PyTypeObject *class, PyObject *twins)
{
    remote_class *data = remote_class_data(class);
    PyObject *mro = twins == NULL              ? NULL
                    : data->has_twins_as_bases ? make_mro(class, twins)
                                               : twins;
    if (mro == NULL) {
        Py_XDECREF(twins);
        return -1;
    }
    if (data->is_stand_in) {
        be_as_large(class, twins);
    }
    Py_XSETREF(data->twins, twins);
    if (mro != twins) {
        cpython_set_mro_steal(class, mro);
    }
    return 0;
}

int
remote_class_find_bases(PyTypeObject *class)
{
    remote_class *data = remote_class_data(class);
    twin_watch(data->state);
    unsigned epoch = twin_epoch(data->state->interp);
    if (LIKELY(data->twins != NULL && data->twins_epoch == epoch && epoch != 0)) {
        return 0;
    }
    data->twins_epoch = epoch;
    return set_twins_steal(class, find_all(data->state, data->lineage));
}

int
remote_class_refresh_twins(PyTypeObject *class)
{
    remote_class *data = remote_class_data(class);
    if (data->target == NULL) {
        return 0;
    }
    if (data->lineage_epoch != twin_epoch(data->target->owner) && ask_lineage(class) < 0) {
        return -1;
    }
    return remote_class_find_bases(class);
}

int
remote_class_twin(PyTypeObject *class, PyObject **twin)
{
    remote_class *data = remote_class_data(class);
    *twin = NULL;
    if (data->shared_type != NULL && !data->is_restricted) {
        *twin = Py_NewRef(data->shared_type);
        return 0;
    }
    if (remote_class_refresh_twins(class) < 0) {
        return -1;
    }
    if (data->twins != NULL && PyTuple_GET_SIZE(data->twins) > 0 &&
        PyTuple_GET_ITEM(data->twins, 0) != Py_None) {
        *twin = Py_NewRef(PyTuple_GET_ITEM(data->twins, 0));
    }
    return 0;
}

// Those that have twins as bases; they may go meanwhile.
static PyObject *
list_subclasses(const core_state *state)
{
    PyObject *list = PyList_New(0);
    size_t position = 0;
    pointer_pair pair;
    while (list != NULL && pointer_map_next(&state->subclasses, &position, &pair)) {
        PyObject *each = weak_table_get(&state->subclasses, pair.key);
        if (each != NULL && PyList_Append(list, each) < 0) {
            Py_CLEAR(list);
        }
        Py_XDECREF(each);
    }
    return list;
}

// issubclass() asks nobody, so that their bases must be right before.
void
remote_class_module_changed(core_state *state, PyObject *name, PyObject *module)
{
    PyObject *list = state->subclasses.count == 0 ? NULL : list_subclasses(state);
    for (Py_ssize_t i = 0; list != NULL && i < PyList_GET_SIZE(list); i++) {
        PyTypeObject *class = (PyTypeObject *)PyList_GET_ITEM(list, i);
        const remote_class *data = remote_class_data(class);
        if (data->twins != NULL) {
            (void)set_twins_steal(class, find_again(state, data, name, module));
        }
    }
    Py_XDECREF(list);
    PyErr_Clear(); // no memory: it is found when it is asked for
}

void
remote_class_find_twins(core_state *state)
{
    twin_note_change(state);
    PyObject *list = state->subclasses.count == 0 ? NULL : list_subclasses(state);
    for (Py_ssize_t i = 0; list != NULL && i < PyList_GET_SIZE(list); i++) {
        if (remote_class_find_bases((PyTypeObject *)PyList_GET_ITEM(list, i)) < 0) {
            break;
        }
    }
    Py_XDECREF(list);
    PyErr_Clear();
}

// ---- stand-ins ----

// Most of those functions ask the class for the memory.
static PyObject *
refuse_instance(PyTypeObject *class, Py_ssize_t count)
{
    PyErr_Format(PyExc_TypeError, "'%s' is a class of interpreter '%s': call the class itself",
                 remote_class_name(class), remote_class_data(class)->target->owner->name);
    return NULL;
}

static PyType_Slot slots[] = {
    {Py_tp_alloc, refuse_instance}, {Py_tp_new, remote_class_new_instance}, {0, NULL}};

static PyTypeObject *
make_type(PyTypeObject *class)
{
    const char *name = remote_class_name(class);
    // CPython warns of a name without a module.
    PyObject *full = PyUnicode_FromFormat("%s%s", strchr(name, '.') ? "" : "builtins.", name);
    PyType_Spec spec = {.name = full == NULL ? NULL : PyUnicode_AsUTF8(full),
                        .flags = Py_TPFLAGS_DEFAULT,
                        .slots = slots};
    // Without the first, Proxy: the ABCs that it belongs to.
    PyObject *bases = PyTuple_GetSlice(class->tp_bases, 1, PyTuple_GET_SIZE(class->tp_bases));
    PyObject *some = bases != NULL && PyTuple_GET_SIZE(bases) > 0 ? bases : NULL;
    PyObject *made =
        bases == NULL || spec.name == NULL
            ? NULL
            : PyType_FromMetaclass(Py_TYPE(class), remote_class_data(class)->module, &spec, some);
    Py_XDECREF(bases);
    Py_XDECREF(full);
    return (PyTypeObject *)made;
}

static PyTypeObject *
build(PyTypeObject *class)
{
    const remote_class *data = remote_class_data(class);
    PyTypeObject *made = make_type(class);
    if (made == NULL) {
        return NULL;
    }
    remote_class *own = remote_class_data(made);
    own->state = data->state;
    own->module = Py_NewRef(data->module);
    own->lineage = Py_NewRef(data->lineage);
    own->lineage_epoch = data->lineage_epoch;
    own->is_stand_in = own->has_twins_as_bases = true;
    own->target = export_ref(data->target).target;
    cpython_seal_type(made);
    if (remote_class_add_annotations(made) < 0 || remote_class_refresh_twins(made) < 0) {
        Py_CLEAR(made);
    }
    return made;
}

PyObject *
remote_class_itself(PyTypeObject *class)
{
    remote_class *data = remote_class_data(class);
    core_state *state = data->state;
    if (!data->has_stand_in) {
        return Py_NewRef(class);
    }
    PyObject *known = weak_table_get(&state->proxies, data->target);
    if (known != NULL) {
        return known;
    }
    PyTypeObject *made = build(class);
    // Another thread may have been faster: finding twins may cross.
    known = made == NULL ? NULL : weak_table_get(&state->proxies, data->target);
    if (known != NULL) {
        Py_DECREF(made);
        return known;
    }
    if (made != NULL && !remote_class_enter(state, made)) {
        Py_CLEAR(made);
        PyErr_NoMemory();
    }
    if (made != NULL) {
        remote_class_keep(state, made);
    }
    return (PyObject *)made;
}
