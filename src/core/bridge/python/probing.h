// probing: estimates how long CPython takes to put keys into a dict or a set.
//
// Purpose. A key's slot depends only on the hashes, and those of numbers and of tuples of numbers
// are predictable. An attacker can choose keys so that the search for each passes all others,
// though no two hashes are equal. So the search is done here first, with hashes alone, up to a
// limit.
//
// Threads. Under the GIL of the keys' interpreter. Errors. -1 with an exception: a key has no hash,
// or out of memory.
#ifndef ATOLL_BRIDGE_PROBING_H
#define ATOLL_BRIDGE_PROBING_H

#include <Python.h>
#include <stdbool.h>

// How many extra slots are probed while a dict, or a set and then its copy, is filled with the
// keys, counting every table that it has while it grows. An equal hash that is met counts as
// `weight`. Counting ends soon after the limit.
Py_ssize_t probing_cost(PyObject *keys, bool is_set, Py_ssize_t weight, Py_ssize_t limit);

#endif
