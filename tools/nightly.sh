#!/usr/bin/env bash
# nightly.sh [SECONDS]: the checks that take too long to run before each change; they take hours.
#
# Each stress script runs for SECONDS (default: 600) on the Python of `uv run` and on those whose paths
# are in $PYTHONS, separated by blanks; then the checks of the Makefile run. A failure does not stop the
# rest; the status is 1 if anything failed.
set -uo pipefail
cd "$(dirname "$0")/.."

seconds=${1:-600}
export ATOLL_THOROUGHNESS=${ATOLL_THOROUGHNESS:-4} # how often tests repeat what is random or a race
failed=()
attempt() {
  echo "=== $*"
  "$@" </dev/null || failed+=("$*")
}

for python in $(uv run -q python -c 'import sys; print(sys.executable)') ${PYTHONS:-}; do
  environment=(env "UV_PROJECT_ENVIRONMENT=build/nightly/$("$python" -c 'import sys; print(sys.implementation.cache_tag)')")
  for script in calls drop executor fork gc interrupt parking programs queue; do
    attempt "${environment[@]}" timeout -s KILL $((seconds * 2 + 300)) uv run --quiet --no-default-groups \
      --group test --python "$python" python "tests/stress/stress_$script.py" "$seconds"
  done
done
for check in asan tsan shake faults; do
  attempt make "$check" SECONDS_EACH=60
done
attempt make audit AUDIT_SECONDS=7200
! command -v musl-gcc >/dev/null || attempt tools/ground.sh musl-gcc
! command -v qemu-aarch64 >/dev/null || attempt tools/aarch64.sh

((${#failed[@]} == 0)) && exit
printf 'FAILED  %s\n' "${failed[@]}"
exit 1
