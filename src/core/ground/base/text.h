// text: a growable string buffer; and formatting into an array of fixed size.
//
// Errors. Once out of memory, a text adds nothing more.
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

// As snprintf. What does not fit is cut between two characters of UTF-8.
void text_fit(char *to, size_t size, const char *format, ...) __attribute__((format(printf, 3, 4)));
// For reports, which have no encoding: each character that is not printable ASCII becomes a '?'.
void text_fit_ascii(char *to, size_t size, const char *utf8);

#endif
