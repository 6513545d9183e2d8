// imports: what other threads were importing when the process divided.
//
// Purpose. importlib locks a module while it is imported. In a forked child nobody goes on with the
// imports of threads that are not there, so that whoever needs such a module, or one that needs it,
// would wait for ever; and others have main import modules without its asking. Here they are
// forgotten, as after an import that has failed: the child begins them anew.
//
// Threads. The forking one, attached to main; no bytecode is run.
#ifndef ATOLL_BRIDGE_IMPORTS_H
#define ATOLL_BRIDGE_IMPORTS_H

#include <Python.h>

int imports_forget_others(void);

#endif
