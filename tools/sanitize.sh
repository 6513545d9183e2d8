#!/usr/bin/env bash
# sanitize.sh SECONDS [PYTEST ARGUMENTS...]: the core under AddressSanitizer and UBSan.
#
# Builds a copy of the tree with the running Python (or $ATOLL_PYTHON) in a folder of its own, so that the
# ordinary extension in src/atoll is left alone; then runs the stress scripts for SECONDS each, the
# scripts of tests/crashes, and the tests given (default: a quick selection).
set -euo pipefail
cd "$(dirname "$0")/.."

seconds=${1:-10}
shift || true
tests=("$@")
((${#tests[@]})) || tests=(tests/test_proxy.py tests/test_values.py tests/test_exceptions.py tests/test_lifetime.py tests/test_buffer.py)

python=${ATOLL_PYTHON:-$(uv run -q python -c 'import sys; print(sys.executable)')}
copy=${ATOLL_SANITIZE_DIR:-/tmp/atoll-sanitize}
mkdir -p "$copy/tree"
cp -r setup.py pyproject.toml LICENSE tests "$copy/tree/"
rm -rf "$copy/tree/src" && mkdir -p "$copy/tree/src" && cp -r src/core src/atoll "$copy/tree/src/"
rm -f "$copy"/tree/src/atoll/*.so
touch "$copy/tree/README.md"

# setuptools only for the build; everything that atoll needs comes from the Python's own environment
uv venv -q --allow-existing --python "$python" "$copy/build"
uv pip install -q --python "$copy/build/bin/python" 'setuptools>=77'
flags="-fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer -g -O1"
(cd "$copy/tree" && ATOLL_CFLAGS="$flags" ATOLL_LDFLAGS="-fsanitize=address,undefined" \
  "$copy/build/bin/python" setup.py -q build_ext --inplace --build-temp "$copy/objects")

library() { realpath "$(${CC:-gcc} -print-file-name="$1")"; }
export LD_PRELOAD="$(library libasan.so):$(library libubsan.so)"
# Python leaves memory to the process's end; interpreters are left behind by forks
export ASAN_OPTIONS=detect_leaks=0:halt_on_error=1:abort_on_error=1:use_sigaltstack=0:handle_segv=1
export UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1
export PYTHONMALLOC=malloc PYTHONPATH="$copy/tree/src:$copy/tree/tests"
cd "$copy/tree"

failed=0
try() {
  local log="$copy/log"
  if "$@" >"$log" 2>&1; then
    echo "ok      ${*:2}"
  else
    echo "FAILED  ${*:2}"
    tail -60 "$log"
    failed=1
  fi
}
# Not stress_fork: gcc 12's libasan does not take its allocator's locks before fork()
for script in calls drop prompt executor; do
  try timeout -s KILL $((seconds * 3 + 120)) "$python" "tests/stress/stress_$script.py" "$seconds"
done
for script in tests/crashes/*.py; do
  # stacks are larger under ASan, and it has no patience with 100,000 frames
  case $script in */recursion_*|*/deep_values*) continue ;; esac
  try timeout -s KILL 240 "$python" -W error "$script"
done
try timeout -s KILL 900 "$python" -m pytest -q -p no:cacheprovider -p no:randomly --timeout 300 "${tests[@]}"
exit $failed
