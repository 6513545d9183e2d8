// probing: how long CPython takes to put keys into a dict or a set.
//
// Purpose. Where a key goes depends on nothing but the hashes, and those of numbers and of tuples
// of them are no secret: whoever chooses the keys can let each be looked for along all others,
// though no two hashes are equal. So the search is done here first, with hashes alone, up to a
// limit.
//
// Threads. That of the keys. Errors. -1 with an exception set: a key has no hash, no memory.
#ifndef ATOLL_BRIDGE_PROBING_H
#define ATOLL_BRIDGE_PROBING_H

#include <Python.h>
#include <stdbool.h>

// How often a search goes on elsewhere, while a dict, or a set and then its copy, is filled with
// the keys, and each table that it has while it grows; an equal hash that is met counts as
// `weight`. It ends soon after the limit.
Py_ssize_t probing_cost(PyObject *keys, bool is_set, Py_ssize_t weight, Py_ssize_t limit);

#endif
