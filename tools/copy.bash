# Sourced by the scripts beside it, in the project's folder: makes a copy of the tree with its own core.

# build_copy NAME CFLAGS [LDFLAGS]: builds the copy in build/NAME, with the Python of `uv run` (or
# $ATOLL_PYTHON); the ordinary extension in src/atoll stays as it is. Then it changes into the copy, and
# sets PYTHONPATH to it.
build_copy() {
  python=${ATOLL_PYTHON:-$(uv run -q python -c 'import sys; print(sys.executable)')}
  copy=$PWD/build/$1
  local venv=$copy/$("$python" -c 'import sys; print(sys.implementation.cache_tag)')
  rm -rf "$copy/tree" && mkdir -p "$copy/tree/src"
  cp -a setup.py pyproject.toml LICENSE ./*.md benchmarks docs examples tests "$copy/tree/"
  cp -a src/core src/atoll "$copy/tree/src/"
  rm -f "$copy"/tree/src/atoll/*.so

  # only setuptools, for the build; all that atoll needs is in the environment of that Python
  [[ -e $venv/bin/python ]] || uv venv -q --python "$python" "$venv"
  uv pip install -q --python "$venv/bin/python" 'setuptools>=77'
  (cd "$copy/tree" && ATOLL_CFLAGS="$2 ${ATOLL_CFLAGS:-}" ATOLL_LDFLAGS="${3:-}" \
    "$venv/bin/python" setup.py -q build_ext --inplace --build-temp "$venv/objects")
  reports=$copy/reports # of a sanitizer: a file for each process in which it found something
  rm -rf "$reports" && mkdir -p "$reports"
  export PYTHONPATH="$copy/tree/src:$copy/tree/tests"
  cd "$copy/tree"
}

# The command in front of the Python, as a list.
prefix=()

check_copy() {
  "${prefix[@]}" "$python" -c \
    "import atoll._core as core; assert core.__file__.startswith('$copy'), core.__file__"
}

# library NAME: print the path of a library of the compiler
library() { realpath "$(${CC:-gcc} -print-file-name="$1")"; }

failed=0

# try SECONDS ARGUMENTS...: run the Python, for SECONDS at most; print the outcome and note a failure
try() {
  local log="$copy/log" start=$SECONDS
  if timeout -s KILL "$1" "${prefix[@]}" "$python" "${@:2}" >"$log" 2>&1 </dev/null; then
    echo "ok      ${*:2} ($((SECONDS - start)) s)"
  else
    echo "FAILED  ${*:2} (status $?, $((SECONDS - start)) s)"
    tail -60 "$log"
    failed=1
  fi
}

# tell_reports: print the files in $reports; each is a failure
tell_reports() {
  local report
  for report in "$reports"/*; do
    [[ -e $report ]] || continue
    echo "FAILED  $report"
    head -80 "$report"
    failed=1
  done
}
