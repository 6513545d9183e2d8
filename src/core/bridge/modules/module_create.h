// module_create: makes modules without CPython's check whether they support interpreters with a GIL
// of their own [PEP 489, PEP 684, PEP 793].
//
// Purpose. For the modules of private copies, and for modules that those make themselves. The check
// is off for one module at a time.
//
// Threads. Attached to an interpreter other than main.
#ifndef ATOLL_BRIDGE_MODULE_CREATE_H
#define ATOLL_BRIDGE_MODULE_CREATE_H

#include <Python.h>

PyObject *module_create_from_definition(PyModuleDef *definition, PyObject *spec, int api_version);

#if PY_VERSION_HEX >= 0x030F0000
PyObject *module_create_from_slots(const PySlot *slots, PyObject *spec);
#endif

#endif
