#!/usr/bin/env bash
# shake.sh [SECONDS [SEED]]: the stress scripts on a core that rests at random at its racy points.
#
# Builds a copy of the tree with -DATOLL_SHAKE (src/core/ground/shake.h) in build/shake, so that the
# ordinary extension in src/atoll is left alone, with the Python of `uv run` (or $ATOLL_PYTHON); then runs
# the scripts for SECONDS each (default: 10). SEED is that of the rests, not of the scripts.
set -euo pipefail
cd "$(dirname "$0")/.."

seconds=${1:-10}
export ATOLL_SHAKE_SEED=${2:-$RANDOM}
echo "ATOLL_SHAKE_SEED=$ATOLL_SHAKE_SEED"

python=${ATOLL_PYTHON:-$(uv run -q python -c 'import sys; print(sys.executable)')}
copy=$PWD/build/shake
venv=$copy/$("$python" -c 'import sys; print(sys.implementation.cache_tag)')
rm -rf "$copy/tree" && mkdir -p "$copy/tree/src"
cp -a setup.py pyproject.toml LICENSE README.md tests "$copy/tree/"
cp -a src/core src/atoll "$copy/tree/src/"
rm -f "$copy"/tree/src/atoll/*.so

# setuptools only for the build; everything that atoll needs comes from the Python's own environment
[[ -e $venv/bin/python ]] || uv venv -q --python "$python" "$venv"
uv pip install -q --python "$venv/bin/python" 'setuptools>=77'
(cd "$copy/tree" && ATOLL_CFLAGS="-DATOLL_SHAKE ${ATOLL_CFLAGS:-}" \
  "$venv/bin/python" setup.py -q build_ext --inplace --build-temp "$copy/objects")

export PYTHONPATH="$copy/tree/src:$copy/tree/tests"
cd "$copy/tree"
"$python" -c "import atoll._core as core; assert core.__file__.startswith('$copy'), core.__file__"

failed=0
for script in calls drop queue executor interrupt fork exit; do
  log=$copy/$script.log
  start=$SECONDS
  if timeout -s KILL $((seconds * 5 + 120)) "$python" -X faulthandler \
    "tests/stress/stress_$script.py" "$seconds" >"$log" 2>&1 </dev/null; then
    echo "ok      $script ($((SECONDS - start)) s)"
  else
    echo "FAILED  $script (status $?, $((SECONDS - start)) s)"
    tail -60 "$log"
    failed=1
  fi
done
exit $failed
