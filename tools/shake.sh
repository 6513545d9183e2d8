#!/usr/bin/env bash
# shake.sh [SECONDS [SEED]]: the stress scripts on a core that pauses at random where threads may race.
#
# The core is built with -DATOLL_SHAKE (src/core/ground/base/shake.h), for the Python of `uv run` (or
# $ATOLL_PYTHON); the scripts run for SECONDS each (default: 10). SEED is for the pauses, not for the
# scripts.
set -euo pipefail
cd "$(dirname "$0")/.."
source tools/copy.bash

seconds=${1:-10}
export ATOLL_SHAKE_SEED=${2:-$RANDOM}
echo "ATOLL_SHAKE_SEED=$ATOLL_SHAKE_SEED"

build_copy shake -DATOLL_SHAKE
check_copy
for script in calls drop queue executor interrupt fork exit gc programs parking; do
  try $((seconds * 5 + 120)) -X faulthandler "tests/stress/stress_$script.py" "$seconds"
done
exit $failed
