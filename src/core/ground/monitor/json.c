#include "ground/monitor/json.h"

#include <string.h>

static void
add_key(text *into, const char *key)
{
    char last = into->size == 0 ? '{' : into->chars[into->size - 1];
    if (last != '{' && last != '[') {
        text_add(into, ",");
    }
    if (key != NULL) {
        text_add(into, "\"%s\":", key);
    }
}

void
json_begin(text *into, const char *key, char bracket)
{
    if (into->size > 0) {
        add_key(into, key);
    }
    text_add(into, "%c", bracket);
}

void
json_end(text *into, char bracket)
{
    text_add(into, "%c", bracket);
}

void
json_number(text *into, const char *key, int64_t value)
{
    add_key(into, key);
    text_add(into, "%lld", (long long)value);
}

void
json_number_or_null(text *into, const char *key, bool is_known, int64_t value)
{
    if (is_known) {
        json_number(into, key, value);
    }
    else {
        json_null(into, key);
    }
}

// Microseconds are enough, and not below 0.
void
json_seconds(text *into, const char *key, int64_t nanoseconds)
{
    long long micros = nanoseconds > 0 ? (long long)(nanoseconds / 1000) : 0;
    add_key(into, key);
    text_add(into, "%lld.%06lld", micros / 1000000, micros % 1000000);
}

void
json_bool(text *into, const char *key, bool value)
{
    add_key(into, key);
    text_add(into, "%s", value ? "true" : "false");
}

void
json_null(text *into, const char *key)
{
    add_key(into, key);
    text_add(into, "null");
}

void
json_string(text *into, const char *key, const char *utf8, size_t size)
{
    add_key(into, key);
    text_add(into, "\"");
    for (size_t done = 0; done < size;) {
        size_t plain = 0; // bytes that stand for themselves
        while (done + plain < size && (unsigned char)utf8[done + plain] >= ' ' &&
               utf8[done + plain] != '"' && utf8[done + plain] != '\\') {
            plain++;
        }
        text_add(into, "%.*s", (int)plain, utf8 + done);
        done += plain;
        if (done < size) {
            text_add(into, "\\u%04x", (unsigned)(unsigned char)utf8[done++]);
        }
    }
    text_add(into, "\"");
}
