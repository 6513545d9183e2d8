#!/usr/bin/env bash
# Check that the core's sources compile, without a warning, with headers of a CPython that is not built:
#     tools/syntax.sh FOLDER [PYCONFIG_FOLDER]
# FOLDER has Python.h (Include/ of CPython's sources), PYCONFIG_FOLDER a pyconfig.h of a similar build.
set -euo pipefail
cd "$(dirname "$0")/.."

(($# >= 1)) || {
  sed -n '3,4s/^# *//p' "$0" >&2
  exit 2
}
headers=(-I"$1")
for each in "${@:2}"; do headers+=(-I"$each"); done

find src/core -name '*.c' -print0 | sort -z | xargs -0 -P "$(nproc)" -n 8 \
  "${CC:-gcc}" -fsyntax-only -std=gnu11 -D_GNU_SOURCE=1 -Isrc/core "${headers[@]}" \
  -Wall -Wextra -Werror -Wno-unused-parameter -Wno-missing-field-initializers -Wno-cast-function-type
