// special: calls a special method, as an operator or a builtin function does.
//
// Threads. Under the GIL of host->interp, the owner's.
#ifndef ATOLL_BRIDGE_SPECIAL_H
#define ATOLL_BRIDGE_SPECIAL_H

#include "bridge/operation/arguments.h"

PyObject *special_call(core_state *host, const operation *op, PyObject *name,
                       argument_list *arguments);

#endif
