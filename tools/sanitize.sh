#!/usr/bin/env bash
# sanitize.sh [SECONDS [PYTEST ARGUMENTS...]]: the core under AddressSanitizer and UBSan.
#
# Runs the stress scripts for SECONDS each (default: 10), the scripts of tests/crashes, and the tests
# given (default: those that exercise the core most), with the Python of `uv run` (or $ATOLL_PYTHON).
set -euo pipefail
cd "$(dirname "$0")/.."
source tools/copy.bash

seconds=${1:-10}
shift || true
tests=("$@")
if ! ((${#tests[@]})); then
  tests=(tests/memory tests/crossing/test_{proxy,identity}.py tests/share/test_{share,share_file,frozendict}.py
    tests/transfer/test_{values,exceptions,restrict}.py tests/interpreter/test_{lifetime,one_at_a_time}.py)
fi

# -fno-wrapv: with -fwrapv, which is among Python's own flags, UBSan does not look for signed overflow
flags="-fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-wrapv"
flags+=" -fno-omit-frame-pointer -g -O1"
build_copy sanitize "$flags" "-fsanitize=address,undefined"

# No search for leaks: Python does not free everything at the end, and a forked child leaves interpreters
# behind (tests/leaks/test_leaks.py looks for our leaks). ASan reports to files, since scripts that start
# others may keep their stderr. UBSan reports to stderr only, so pytest must not capture that.
options=halt_on_error=1:abort_on_error=1:print_stacktrace=1:log_path=$reports/report
export ASAN_OPTIONS=$options:detect_leaks=0:use_sigaltstack=0:handle_segv=1 UBSAN_OPTIONS=$options
export PYTHONMALLOC=malloc # so that ASan checks Python's objects too
export LD_PRELOAD="$(library libasan.so):$(library libubsan.so)"

check_copy
# Not what forks while threads allocate: gcc 12's libasan does not take its allocator's locks before
# fork(), and the child may wait for them for ever.
for script in calls drop queue executor; do
  try $((seconds * 3 + 120)) "tests/stress/stress_$script.py" "$seconds"
done
try 200 tests/stress/stress_exit.py "$seconds"
for script in tests/crashes/*.py; do
  # under ASan stacks are larger, and 100,000 frames or 130 interpreters take too long
  case $script in */recursion_* | */deep_values* | */many_interpreters*) continue ;; esac
  case $script in */fork_while_[lv]* | */fork_while_tracing*) continue ;; esac # see above
  try 600 -W error "$script"
done
# Not the tests that end a process on purpose, or that count what the allocator has given out
try "${SANITIZE_TEST_SECONDS:-600}" -m pytest -q -n 0 -p no:cacheprovider --capture=sys -p no:faulthandler \
  --timeout 300 -k "not (test_control or writing_is_noticed or test_leaks or fork_while)" "${tests[@]}"
tell_reports
exit $failed
