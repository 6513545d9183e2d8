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

// ---- in an array ----

static size_t
character_size(unsigned char first)
{
    return first < 0xC0 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
}

// A character's later bytes have the form 10xxxxxx.
static bool
is_continued(char byte)
{
    return ((unsigned char)byte & 0xC0) == 0x80;
}

static void
drop_part(char *cut, size_t length)
{
    size_t first = length - 1;
    while (first > 0 && is_continued(cut[first])) {
        first--;
    }
    if (first + character_size((unsigned char)cut[first]) > length) {
        cut[first] = '\0';
    }
}

void
text_fit(char *to, size_t size, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(to, size, format, arguments);
    va_end(arguments);
    if (length >= (int)size && size > 1) {
        drop_part(to, size - 1);
    }
}

void
text_fit_ascii(char *to, size_t size, const char *utf8)
{
    size_t length = 0;
    for (; *utf8 != '\0' && length < size - 1; utf8++) {
        if (!is_continued(*utf8)) {
            to[length++] = *utf8 >= ' ' && *utf8 <= '~' ? *utf8 : '?';
        }
    }
    to[length] = '\0';
}
