// figures: what the process is doing right now, as one JSON document in one line.
//
// Purpose. What `atoll top` shows. Counts go up only, so that whoever has two documents knows what
// has happened between them. Names are those of Interpreter.statistics() and atoll.gc.statistics().
//
// It reads what others keep anyway. Counts that an interpreter keeps under its GIL are read as a
// debugger reads them (ground/base/peek), and are null where that is not allowed.
//
// Lists have a bound; "left_out" says how many had no place.
//
// Threads. Any, with or without a thread state; with `has_samples` the monitor's only. It waits
// only for locks that are held for some instructions.
#ifndef ATOLL_BRIDGE_FIGURES_H
#define ATOLL_BRIDGE_FIGURES_H

#include <Python.h>
#include <stdbool.h>

#include "ground/base/text.h"

#define FIGURES_FORMAT 1 // of the document; more when a reader of the former would go wrong

void figures_add(text *into, bool has_samples);

#endif
