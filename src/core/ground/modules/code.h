// code: compiled code of modules, kept for the interpreters of the process that import them next.
//
// Purpose. Where Python may not write .pyc files, or cannot, each interpreter would compile all
// that it imports. Code is found by the path of its source, the level of optimisation, and the hash
// and the size of the source: an edited file is compiled again, and its old code is dropped.
//
// Lifetime. Code is counted: by the table and by who has found it. The table keeps `code_limit`
// bytes at most; then the oldest goes.
//
// Threads. Any, with or without a GIL. The mutex guards the table; it is a leaf.
//
// Errors. What there is no memory for is not kept.
#ifndef ATOLL_GROUND_CODE_H
#define ATOLL_GROUND_CODE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct {
    const char *path; // not terminated
    size_t path_size;
    int64_t level; // of optimisation
    int64_t hash;  // of the source
    size_t source_size;
} code_source;

typedef struct code code;
struct code {
    atomic_intptr_t count;
    code *next;            // in its bucket
    code *older, *newer;   // of all
    code_source source;    // its path is ours
    const char *marshaled; // what code is made of
    size_t size;
};

typedef struct {
    size_t modules, bytes, limit;
} code_totals;

code *code_find(const code_source *source); // NULL: it has to be compiled
void code_decref(code *self);
void code_keep(const code_source *source, const char *marshaled, size_t size);

size_t code_limit(size_t bytes); // returns what it was before; what is too much goes at once
code_totals code_count(void);

void code_fork_prepare(void);
void code_fork_parent(void);
void code_fork_child(void);

#endif
