#!/usr/bin/env bash
# sanitize.sh [SECONDS [PYTEST ARGUMENTS...]]: the core under AddressSanitizer and UBSan.
#
# Builds a copy of the tree in build/sanitize, so that the ordinary extension in src/atoll is left alone,
# with the Python of `uv run` (or $ATOLL_PYTHON); then runs the stress scripts for SECONDS each (default:
# 10), the scripts of tests/crashes, and the tests given (default: those that exercise the core most).
set -euo pipefail
cd "$(dirname "$0")/.."

seconds=${1:-10}
shift || true
tests=("$@")
if ! ((${#tests[@]})); then
  for noun in proxy values exceptions lifetime buffer restrict identity one_at_a_time share \
    share_file frozendict block atomic_int big_values; do
    tests+=("tests/test_$noun.py")
  done
fi

python=${ATOLL_PYTHON:-$(uv run -q python -c 'import sys; print(sys.executable)')}
copy=$PWD/build/sanitize
rm -rf "$copy/tree" && mkdir -p "$copy/tree/src"
cp -a setup.py pyproject.toml LICENSE README.md tests "$copy/tree/"
cp -a src/core src/atoll "$copy/tree/src/"
rm -f "$copy"/tree/src/atoll/*.so

# setuptools only for the build; everything that atoll needs comes from the Python's own environment
[[ -e $copy/venv/bin/python ]] || uv venv -q --python "$python" "$copy/venv"
uv pip install -q --python "$copy/venv/bin/python" 'setuptools>=77'
# -fno-wrapv: Python's own flags define signed overflow, and then UBSan does not look for it
flags="-fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-wrapv"
flags+=" -fno-omit-frame-pointer -g -O1"
(cd "$copy/tree" && ATOLL_CFLAGS="$flags" ATOLL_LDFLAGS="-fsanitize=address,undefined" \
  "$copy/venv/bin/python" setup.py -q build_ext --inplace --build-temp "$copy/objects")

library() { realpath "$(${CC:-gcc} -print-file-name="$1")"; }
# No search for leaks: Python leaves memory to the process's end, and a fork forgets interpreters
# (tests/test_leaks.py looks for ours). ASan reports to files, since scripts that start others may keep
# their stderr; UBSan to stderr only, which pytest must not capture therefore.
reports=$copy/reports
rm -rf "$reports" && mkdir -p "$reports"
options=halt_on_error=1:abort_on_error=1:print_stacktrace=1:log_path=$reports/report
export ASAN_OPTIONS=$options:detect_leaks=0:use_sigaltstack=0:handle_segv=1 UBSAN_OPTIONS=$options
# malloc: so that Python's own objects are seen too
export PYTHONMALLOC=malloc PYTHONPATH="$copy/tree/src:$copy/tree/tests"
export LD_PRELOAD="$(library libasan.so):$(library libubsan.so)"
cd "$copy/tree"

failed=0
# try SECONDS COMMAND...: give the command so long
try() {
  local log="$copy/log" start=$SECONDS
  if timeout -s KILL "$1" "$python" "${@:2}" >"$log" 2>&1 </dev/null; then
    echo "ok      ${*:2} ($((SECONDS - start)) s)"
  else
    echo "FAILED  ${*:2} (status $?, $((SECONDS - start)) s)"
    tail -60 "$log"
    failed=1
  fi
}
"$python" -c "import atoll._core as core; assert core.__file__.startswith('$copy'), core.__file__"
# Not stress_fork: gcc 12's libasan does not take its allocator's locks before fork()
for script in calls drop queue executor; do
  try $((seconds * 3 + 120)) "tests/stress/stress_$script.py" "$seconds"
done
try 200 tests/stress/stress_exit.py "$seconds"
for script in tests/crashes/*.py; do
  # stacks are larger under ASan, and it has no patience with 100,000 frames, 300 interpreters, 60 forks
  case $script in */recursion_* | */deep_values* | */many_interpreters* | */fork_while_visiting*) continue ;; esac
  try 240 -W error "$script"
done
try 600 -m pytest -q -p no:cacheprovider --capture=sys -p no:faulthandler --timeout 300 "${tests[@]}"
for report in "$reports"/*; do
  [[ -e $report ]] || continue
  echo "FAILED  $report"
  head -80 "$report"
  failed=1
done
exit $failed
