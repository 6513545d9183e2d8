#!/usr/bin/env bash
# The C tests of `ground` and the test suite on aarch64, in an emulation: for a night, it is slow.
#     tools/aarch64.sh [PYTEST_ARGUMENT...]     default: the tests in $TESTS below
# Needs Debian with gcc-aarch64-linux-gnu, libc6-dev-arm64-cross and qemu-user. Debian's newest Python for arm64
# and its packages are unpacked into build/aarch64, and are left alone if they are there. $EMULATED_SECONDS
# (default: 6 hours) limits the tests; build/aarch64/notes keeps what each did, and the next run goes on there.
#
# What cannot pass here, and why:
# - tracebacks of running threads, counts of exports and proxies, test_reporter: qemu has no process_vm_readv
# - what measures memory or times, and what needs a debugger
# - tests that start processes are skipped (tools/emulated.py): each takes up to a minute
# -R: qemu keeps a record of each page that is reserved, and the heap of share() reserves what it can get.
set -euo pipefail
cd "$(dirname "$0")/.."
unset PYTHONDONTWRITEBYTECODE # compiling all that pytest imports takes minutes here

VERSION=3.14
TESTS=(tests/{memory,share,queue,transfer,crossing,interpreter,thread,executor,gc,forwarding,extensions,trace}
  tests/{traceback,monitor,capi})
PACKAGES=(python$VERSION-dev python3-pytest python3-pytest-{timeout,xdist} python3-hypothesis python3-numpy
  python3-cloudpickle)
work=$PWD/build/aarch64 root=$PWD/build/aarch64/root
compiler=aarch64-linux-gnu-gcc
lib=/usr/lib/aarch64-linux-gnu # Debian has BLAS in folders of its own
qemu=(qemu-aarch64 -R 0x200000000 -E "LD_LIBRARY_PATH=$lib/blas:$lib/lapack" -L)

# In a system of its own: nothing is installed on this one.
unpack_python() {
  local state=$work/apt mirror
  mkdir -p "$state"/{lists,cache/archives}/partial "$root"
  : >"$state/status"
  mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | grep -m1 -E '/debian/?$')
  echo "deb [arch=arm64 signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror sid main" >"$state/sources.list"
  cat >"$state/apt.conf" <<CONF
APT::Architecture "arm64";
APT::Architectures { "arm64"; };
APT::Install-Recommends "false";
Dir::State::Status "$state/status";
Dir::State::Lists "$state/lists";
Dir::Cache "$state/cache";
Dir::Etc::SourceList "$state/sources.list";
Dir::Etc::SourceParts "/dev/null";
Dir::Etc::PreferencesParts "/dev/null";
CONF
  APT_CONFIG=$state/apt.conf apt-get -q=2 update
  APT_CONFIG=$state/apt.conf apt-get -q=2 -y --download-only install "${PACKAGES[@]}"
  for each in "$state"/cache/archives/*.deb; do dpkg -x "$each" "$root"; done
  ln -sfn usr/lib "$root/lib"
  cp "$root/usr/include/aarch64-linux-gnu/python$VERSION/pyconfig.h" "$root/usr/include/python$VERSION/"
}

# A program that other programs can start: the kernel knows scripts, and not aarch64.
write_python() {
  printf '#!/bin/sh\nexec %s %s "$@"\n' "${qemu[*]} $root" "$root/usr/bin/python$VERSION" >"$work/python"
  chmod +x "$work/python"
  mkdir -p "$work/site"
  printf 'import sys\nsys.executable = "%s"\n' "$work/python" >"$work/site/sitecustomize.py"
}

build_core() {
  rm -rf "$work/objects" "$work/package"
  mkdir -p "$work/objects" "$work/package"
  cp -r src/atoll "$work/package/"
  rm -f "$work"/package/atoll/_core.*.so
  local include=$root/usr/include/python$VERSION
  find src/core -name '*.c' -print0 | xargs -0 -P "$(nproc)" -I{} sh -c \
    'exec "$0" -std=gnu11 -O2 -fPIC -fvisibility=hidden -D_GNU_SOURCE=1 -Isrc/core -I"$1" \
      -Wall -Wextra -Werror -Wno-unused-parameter -Wno-missing-field-initializers -Wno-cast-function-type \
      -c "$2" -o "$3/$(echo "$2" | tr / _).o"' "$compiler" "$include" {} "$work/objects"
  "$compiler" -shared -pthread "$work"/objects/*.o \
    -o "$work/package/atoll/_core.cpython-${VERSION/./}-aarch64-linux-gnu.so"
}

SKIP=test_reporter tools/ground.sh "$compiler" "${qemu[@]}" /usr/aarch64-linux-gnu
[[ -x $root/usr/bin/python$VERSION ]] || unpack_python
write_python
build_core
(($#)) || set -- "${TESTS[@]}"
CI=1 CC=$compiler PYTHONPATH=$work/site:$work/package:$PWD/tools \
  nice python3 tools/emulated.py "${EMULATED_SECONDS:-21600}" "$work/notes" -- \
  "$work/python" -p no:cacheprovider --timeout 120 "$@"
