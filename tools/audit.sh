#!/usr/bin/env bash
# audit.sh [SECONDS]: what somebody would try who wants to break it, in SECONDS (default: 900).
#
# gcc's static analyser over the core; then the scripts of tests/crashes and of the folder $CASES; then
# the fuzzers: tests/transfer/test_restrict_fuzz.py and tests/stress/fuzz_*.py, for what is left of the time. Runs
# with the Python of `uv run` (or $ATOLL_PYTHON). A script of $CASES fails the audit only if it dies of a
# signal or hangs; it is left out if its first line says `needs PACKAGE`. What the analyser is wrong
# about is in tools/audit.supp, with the reason.
set -uo pipefail
cd "$(dirname "$0")/.."

seconds=${1:-900}
python=${ATOLL_PYTHON:-$(uv run -q python -c 'import sys; print(sys.executable)')}
export PYTHONPATH="$PWD/src:$PWD/tests"
log=$(mktemp)
failed=0

fail() {
  echo "FAILED  $*"
  tail -40 "$log"
  failed=1
}

# attempt SECONDS ARGUMENTS...: run the Python; any status but 0 is a failure
attempt() {
  timeout -s KILL "$1" "$python" -X faulthandler "${@:2}" >"$log" 2>&1 </dev/null || fail "${*:2} (status $?)"
}

analyse() {
  local include
  include=$("$python" -c 'import sysconfig; print(sysconfig.get_path("include"))')
  find src/core -name '*.c' -print0 |
    xargs -0 -P "$(nproc)" -I{} timeout 120 gcc -fanalyzer -std=gnu11 -O1 -D_GNU_SOURCE=1 -DNDEBUG -Isrc/core \
      "-I$include" -c {} -o /dev/null 2>&1 |
    grep -- '-Wanalyzer-' | grep 'warning:' | grep -v -E -f <(grep -v -E '^(#|$)' tools/audit.supp) >"$log" &&
    fail "gcc -fanalyzer"
}

run_case() {
  timeout -k 5 60 "$python" -X faulthandler "$1" >"$log" 2>&1 </dev/null
  local status=$?
  if ((status >= 124)); then fail "$1 (status $status)"; fi
}

analyse
for script in tests/crashes/*.py; do
  attempt 120 -W error "$script"
done
for script in ${CASES:+"$CASES"/*.py "$CASES"/*/*.py}; do
  [[ -e $script ]] && ! head -1 "$script" | grep -qi '\bneeds ' && run_case "$script"
done

attempt 600 -m pytest -q -p no:cacheprovider tests/transfer/test_restrict_fuzz.py
fuzzers=(tests/stress/fuzz_*.py)
if [[ -e ${fuzzers[0]} ]]; then
  each=$(((seconds - SECONDS) / ${#fuzzers[@]}))
  ((each >= 10)) || each=10
  for script in "${fuzzers[@]}"; do
    attempt $((each * 2 + 60)) "$script" "$each"
  done
fi
rm -f "$log"
exit $failed
