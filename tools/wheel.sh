#!/usr/bin/env bash
# Builds the sdist, and the wheel from the sdist, and checks both: nothing of the repository is left out; the
# wheel needs no newer glibc than it says; it installs into an empty environment, and the tests of the README run
# with it from the unpacked sdist. The core is built without optimisation: this is about what is in it.
set -euo pipefail
cd "$(dirname "$0")/.."
unset PYTHONPATH VIRTUAL_ENV

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# From a copy, as other builds may write into this folder meanwhile.
mkdir "$work/source" "$work/tree"
if git rev-parse --git-dir >/dev/null 2>&1; then # a checkout, not an sdist
  files=$(git ls-files)
  xargs -d '\n' cp --parents -t "$work/source" <<<"$files"
else
  files=
  cp -r . "$work/source"
fi

ATOLL_CFLAGS="${ATOLL_CFLAGS:-} -O0" uv build --quiet --out-dir "$work" "$work/source"
tar -xf "$work"/atoll-*.tar.gz -C "$work/tree" --strip-components 1

for each in $files; do
  [[ -e "$work/tree/$each" ]] || {
    echo "not in the sdist: $each" >&2
    exit 1
  }
done

environment=$work/environment
python=$environment/bin/python
uv venv --quiet "$environment"
uv pip install --quiet --python "$python" "$work"/atoll-*.whl
"$environment/bin/atoll" --version
"$environment/bin/atoll" doctor
"$python" tools/symbols.py "$environment"/lib/python*/site-packages/atoll/_core.*.so

uv pip install --quiet --python "$python" --group "$work/tree/pyproject.toml:test"
cd "$work/tree"
rm -r src/atoll # the tests are to find the wheel
CI=1 "$python" -m pytest -q -n 0 -p no:cacheprovider -k "README or frozendict or public" \
  tests/cli/test_examples.py tests/share/test_frozendict.py tests/whole/test_signatures.py
