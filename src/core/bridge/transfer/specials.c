#include "bridge/transfer/specials.h"

#include "bridge/python/cpython.h"

atomic_uint specials_epoch;

PyObject *
specials_names(core_state *state)
{
    PyObject *names = state_hook(state, HOOK_CHANGEABLE);
    bool fits = names != NULL && PyTuple_GET_SIZE(names) <= 64 * SPECIALS_WORDS;
    assert(names == NULL || fits);
    return fits ? names : NULL;
}

// ---- in the owner ----

void
specials_note_change(core_state *owner, exported *class)
{
    if (class->specials_version > 0 && !class->is_changed) {
        class->is_changed = true;
        class->next_changed = owner->changed_classes;
        owner->changed_classes = class;
    }
}

void
specials_forget(core_state *owner, exported *class)
{
    exported **link = &owner->changed_classes;
    while (class->is_changed && *link != NULL) {
        if (*link == class) {
            *link = class->next_changed;
            class->is_changed = false;
            return;
        }
        link = &(*link)->next_changed;
    }
}

// As atoll._transfer.describe.describe: what `object` has as well is found by identity, and not
// counted.
static special_set
look_up(PyTypeObject *type, PyObject *names)
{
    special_set found = {0};
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(names); i++) {
        PyObject *name = PyTuple_GET_ITEM(names, i);
        PyObject *method = cpython_find_in_type(type, name);
        uint64_t bit = UINT64_C(1) << (i % 64);
        if (method == Py_None) {
            found.disabled[i / 64] |= bit;
        }
        else if (method != NULL && method != cpython_find_in_type(&PyBaseObject_Type, name)) {
            found.present[i / 64] |= bit;
        }
    }
    return found;
}

static bool
is_published(exported *class, const special_set *now)
{
    bool is_equal = true;
    for (int i = 0; i < SPECIALS_WORDS; i++) {
        is_equal &=
            atomic_load_explicit(&class->present[i], memory_order_relaxed) == now->present[i] &&
            atomic_load_explicit(&class->disabled[i], memory_order_relaxed) == now->disabled[i];
    }
    return is_equal;
}

// An odd version says that it is being written.
static void
publish(exported *class, special_set *now)
{
    unsigned version = atomic_load_explicit(&class->specials_version, memory_order_relaxed);
    if (version > 0 && is_published(class, now)) {
        now->version = version;
        return;
    }
    atomic_store_explicit(&class->specials_version, version + 1, memory_order_relaxed);
    atomic_thread_fence(memory_order_release); // pairs with the fence of specials_read
    for (int i = 0; i < SPECIALS_WORDS; i++) {
        atomic_store_explicit(&class->present[i], now->present[i], memory_order_relaxed);
        atomic_store_explicit(&class->disabled[i], now->disabled[i], memory_order_relaxed);
    }
    now->version = version + 2;
    // release: pairs with the first load of specials_read
    atomic_store_explicit(&class->specials_version, now->version, memory_order_release);
    if (version > 0) {
        atomic_fetch_add_explicit(&specials_epoch, 1, memory_order_release);
    }
}

int
specials_describe(core_state *owner, exported *class, special_set *now)
{
    PyObject *names = specials_names(owner);
    if (names == NULL) {
        return -1;
    }
    *now = look_up((PyTypeObject *)class->object, names);
    publish(class, now);
    return 0;
}

void
specials_publish_all(core_state *owner)
{
    PyObject *raised = PyErr_GetRaisedException();
    while (owner->changed_classes != NULL) {
        exported *class = owner->changed_classes;
        owner->changed_classes = class->next_changed;
        class->is_changed = false;
        special_set now;
        if (specials_describe(owner, class, &now) < 0) {
            PyErr_Clear(); // it was described before, so that the names are there
        }
    }
    PyErr_SetRaisedException(raised);
}

// ---- elsewhere ----

bool
specials_read(exported *class, special_set *now)
{
    // acquire: pairs with publish
    now->version = atomic_load_explicit(&class->specials_version, memory_order_acquire);
    for (int i = 0; i < SPECIALS_WORDS; i++) {
        now->present[i] = atomic_load_explicit(&class->present[i], memory_order_relaxed);
        now->disabled[i] = atomic_load_explicit(&class->disabled[i], memory_order_relaxed);
    }
    atomic_thread_fence(memory_order_acquire); // pairs with the fence of publish
    unsigned after = atomic_load_explicit(&class->specials_version, memory_order_relaxed);
    return now->version == after && after % 2 == 0;
}
