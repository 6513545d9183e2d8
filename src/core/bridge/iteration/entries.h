// entries: the entries of a dict, read before somebody looks up their keys.
//
// Purpose. Whoever copies a mapping asks for its keys, then for the value of each. Of a dict, what
// the next lookups return can be read with the first (bridge/crossing/ahead), if they would run no
// Python: keys are strings or small ints, and none of another type has the same hash.
//
// Threads. Under the GIL of the dict's interpreter.
#ifndef ATOLL_BRIDGE_ENTRIES_H
#define ATOLL_BRIDGE_ENTRIES_H

#include <Python.h>
#include <stdbool.h>

// Move on past the entry of this key, if it is the one at *position (of PyDict_Next), or the first.
bool entries_follow(PyObject *dict, PyObject *key, Py_ssize_t *position);
// The one at *position, borrowed, and move on; false: there is none, or it is not known what its
// lookup does.
bool entries_next(PyObject *dict, Py_ssize_t *position, PyObject **key, PyObject **value);

#endif
