// frozendict_views: the results of keys(), values(), items(), iter() and reversed() of a
// frozendict.
//
// Purpose. CPython's own views and iterators would refer to the dict inside, and reveal it: by
// `mapping`, to the other side of an operator, to the gc module. These refer to the frozendict, and
// otherwise work as those of a dict. From 3.15 on CPython's own are used.
//
// Lifetime. The types are made once in each interpreter: CPython has no room for more static types.
//
// Threads. Under the GIL of the interpreter that made them; the frozendict may be used elsewhere.
#ifndef ATOLL_BRIDGE_FROZENDICT_VIEWS_H
#define ATOLL_BRIDGE_FROZENDICT_VIEWS_H

#include <Python.h>
#include <stdbool.h>

#include "ground/base/attributes.h"

#if PY_VERSION_HEX < 0x030F0000

typedef enum { VIEW_KEYS, VIEW_VALUES, VIEW_ITEMS, VIEW_KINDS } frozendict_view_kind;

PyObject *frozendict_view(PyObject *mapping, frozendict_view_kind kind);
PyObject *frozendict_iterate(PyObject *mapping, frozendict_view_kind kind, bool is_reversed);

// Register a type with an abstract class of collections.abc. -1: exception.
MUST_CHECK int frozendict_register(PyTypeObject *type, const char *abstract);

// Call once in every interpreter. -1: exception.
MUST_CHECK int frozendict_views_init(void);

#endif
#endif
