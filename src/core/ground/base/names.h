// names: attribute names, known to the whole process by a small number.
//
// Purpose. A crossing carries the number; each interpreter keeps its own interned string for it, so
// that neither side builds or hashes a string. Names are never removed; past NAMES_MAX new ones get
// no number and cross as ordinary strings, so that made-up names cannot eat the memory.
//
// Threads. Any; one lock, taken only when an interpreter meets a name for the first time.
#ifndef ATOLL_GROUND_NAMES_H
#define ATOLL_GROUND_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NAMES_MAX 16384
#define NAME_NONE (-1)

// Essential names, which cannot cross as strings, have room reserved for them. NAME_NONE: no room.
int32_t names_index(const char *utf8, size_t size, bool is_essential);
const char *names_text(int32_t index, size_t *size); // valid for ever

// Names of types ("module:name") whose instances go by value. The epoch counts the changes.
void names_mark_value(int32_t index);
bool names_is_value(int32_t index);
unsigned names_value_epoch(void);

void names_fork_prepare(void);
void names_fork_parent(void);
void names_fork_child(void);

#endif
