#include "ground/base/text.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static bool
reserve(text *self, size_t more)
{
    if (self->size + more > self->capacity) {
        size_t capacity = 2 * (self->size + more) + 1024;
        char *chars = realloc(self->chars, capacity);
        if (chars == NULL) {
            self->is_cut = true;
            return false;
        }
        self->chars = chars;
        self->capacity = capacity;
    }
    return true;
}

void
text_add(text *self, const char *format, ...)
{
    va_list arguments, again;
    va_start(arguments, format);
    va_copy(again, arguments);
    int size = vsnprintf(NULL, 0, format, arguments);
    if (size > 0 && !self->is_cut && reserve(self, (size_t)size + 1)) {
        vsnprintf(self->chars + self->size, (size_t)size + 1, format, again);
        self->size += (size_t)size;
    }
    va_end(again);
    va_end(arguments);
}

void
text_write(const text *self, int descriptor)
{
    size_t written = 0;
    while (written < self->size) {
        ssize_t count = write(descriptor, self->chars + written, self->size - written);
        if (count < 0 && errno != EINTR) {
            break;
        }
        written += count > 0 ? (size_t)count : 0;
    }
}

void
text_free(text *self)
{
    free(self->chars);
    *self = (text){0};
}
