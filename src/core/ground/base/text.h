// text: characters that become more.
//
// Errors. Out of memory the rest is left out.
#ifndef ATOLL_GROUND_TEXT_H
#define ATOLL_GROUND_TEXT_H

#include <stdbool.h>
#include <stddef.h>

typedef struct {
    char *chars; // owned; not terminated
    size_t size, capacity;
    bool is_cut;
} text;

void text_add(text *self, const char *format, ...) __attribute__((format(printf, 2, 3)));
void text_write(const text *self, int descriptor); // waits until it is written; errors are ignored
void text_free(text *self);

#endif
