#!/usr/bin/env bash
# tsan.sh [SECONDS]: the stress scripts, for SECONDS each (default: 10), on a core under ThreadSanitizer.
#
# CPython itself is not built for it: the sanitizer sees only its mutexes, conditions and semaphores, by
# which the GILs are handed on. tools/tsan.supp lists false reports, with the reasons.
set -euo pipefail
cd "$(dirname "$0")/.."
source tools/copy.bash

seconds=${1:-10}
suppressions=$PWD/tools/tsan.supp
# gcc warns that ThreadSanitizer does not model fences; ours are for visibility only
build_copy tsan "-fsanitize=thread -Wno-tsan -fno-omit-frame-pointer -g -O1" "-fsanitize=thread"

options=suppressions=$suppressions:log_path=$reports/report:ignore_noninstrumented_modules=1
export TSAN_OPTIONS=$options:history_size=4:exitcode=66
prefix=(env "LD_PRELOAD=$(library libtsan.so)")
# Some kernels place memory at random addresses that the sanitizer cannot use; not all allow to switch
# that off.
if setarch --addr-no-randomize true 2>/dev/null; then
  prefix=(setarch --addr-no-randomize "${prefix[@]}")
fi
check_copy
for script in calls drop queue executor interrupt gc programs parking; do
  try $((seconds * 5 + 120)) "tests/stress/stress_$script.py" "$seconds"
done
tell_reports
exit $failed
