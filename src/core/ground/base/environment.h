// environment: the process's environment variables, for all interpreters.
//
// Purpose. glibc lets one thread change them while no other reads them; one GIL is no such promise
// where there are many. So all that interpreters read and change goes through here.
//
// Threads. Any; one lock. C code that calls getenv() or setenv() itself takes no lock: as ever.
//
// Errors. As of setenv(): errno. What is returned is the caller's, to be given to free().
#ifndef ATOLL_GROUND_ENVIRONMENT_H
#define ATOLL_GROUND_ENVIRONMENT_H

#include <stdbool.h>
#include <stddef.h>

bool environment_get(const char *name, char **value); // NULL: not set; false: out of memory
bool environment_pop(const char *name, char **value); // the same, and it is not set any more
bool environment_all(char **entries, size_t *size);   // "name=value", each with its final zero
int environment_set(const char *name, const char *value);
int environment_unset(const char *name);
void environment_clear(void);

void environment_fork_prepare(void);
void environment_fork_parent(void);
void environment_fork_child(void);

#endif
