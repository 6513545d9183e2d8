#!/usr/bin/env bash
# tsan.sh [SECONDS]: the stress scripts, for SECONDS each (default: 10), on a core under ThreadSanitizer.
#
# CPython is as it is: of it are seen the mutexes, conditions and semaphores by which its GILs are
# handed on. What tools/tsan.supp lists is no race, for the reasons given there.
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
# Some kernels put things at random where the sanitizer does not expect them; not all let that be.
if setarch --addr-no-randomize true 2>/dev/null; then
  prefix=(setarch --addr-no-randomize "${prefix[@]}")
fi
check_copy
for script in calls drop queue executor interrupt gc programs; do
  try $((seconds * 5 + 120)) "tests/stress/stress_$script.py" "$seconds"
done
tell_reports
exit $failed
