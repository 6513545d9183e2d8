// json: JSON written into a text, member by member.
//
// Purpose. Commas are set by what is before; whoever writes only begins and ends. Numbers do not
// depend on the locale.
//
// Errors. As of text: out of memory, nothing more is added (is_cut).
#ifndef ATOLL_GROUND_JSON_H
#define ATOLL_GROUND_JSON_H

#include <stdbool.h>
#include <stdint.h>

#include "ground/base/text.h"

// In an array the key is NULL.
void json_begin(text *into, const char *key, char bracket); // '{' or '['
void json_end(text *into, char bracket);                    // '}' or ']'
void json_number(text *into, const char *key, int64_t value);
void json_seconds(text *into, const char *key, int64_t nanoseconds);
void json_bool(text *into, const char *key, bool value);
void json_null(text *into, const char *key);
void json_string(text *into, const char *key, const char *utf8, size_t size);

// Null where there is no number.
void json_number_or_null(text *into, const char *key, bool is_known, int64_t value);

#endif
