#!/usr/bin/env bash
# tsan_ground.sh: the C tests of src/core/ground under ThreadSanitizer, then under ASan and UBSan.
set -euo pipefail
cd "$(dirname "$0")/.."

out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
for sanitizer in thread address,undefined; do
  # gcc warns that ThreadSanitizer does not model fences; ours are for visibility only
  compile=(${CC:-cc} -std=gnu11 -D_GNU_SOURCE -g -O1 -fno-omit-frame-pointer -fsanitize=$sanitizer
    -Wall -Wno-tsan -I"$PWD/src/core")
  objects=$out/$sanitizer
  mkdir "$objects"
  find "$PWD/src/core/ground" -name '*.c' | (cd "$objects" && xargs -P "$(nproc)" -n 4 "${compile[@]}" -c)
  for test in tests/c/test_*.c; do
    name=$(basename "$test" .c)
    "${compile[@]}" -o "$out/$name" "$test" "$objects"/*.o -pthread
    TSAN_OPTIONS=halt_on_error=1:exitcode=66 ASAN_OPTIONS=detect_leaks=0 \
      UBSAN_OPTIONS=halt_on_error=1 "$out/$name"
    echo "$sanitizer $name ok"
  done
done
