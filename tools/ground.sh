#!/usr/bin/env bash
# The C tests of `ground` with another compiler: for another processor, or another C library.
#     tools/ground.sh COMPILER [RUNNER...]      compile them, and run each by RUNNER
#     tools/ground.sh COMPILER --               only compile them
# SKIP names tests that are not run. Examples, with Debian's packages:
#     tools/ground.sh musl-gcc                                                      # musl-tools
#     SKIP=test_reporter tools/ground.sh aarch64-linux-gnu-gcc \
#       qemu-aarch64 -R 0x100000000 -L /usr/aarch64-linux-gnu                       # qemu-user
# test_reporter needs process_vm_readv, which qemu does not have. -R: qemu keeps a record of each
# page that is reserved, and the heap of share() reserves as much as it can get.
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD compiler=$1
shift
optimise=-O1
[[ ${1:-} != -- ]] || optimise=-O0
flags=(-std=gnu11 -D_GNU_SOURCE "-I$root/src/core" -g $optimise -Wall -Wextra -Werror
  -Wno-unused-parameter -Wno-missing-field-initializers)
# musl-gcc has no headers of the kernel's: they are those of the machine, after all others.
[[ $compiler != *musl* ]] || flags+=(-idirafter /usr/include -idirafter "/usr/include/$(uname -m)-linux-gnu")

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/objects"
cd "$work/objects"
find "$root/src/core/ground" -name '*.c' -print0 |
  xargs -0 -P "$(nproc)" -n 8 "$compiler" "${flags[@]}" -c

cd "$work"
for each in "$root"/tests/c/test_*.c; do
  name=$(basename "$each" .c)
  "$compiler" "${flags[@]}" -o "$name" "$each" objects/*.o -pthread
  [[ ${1:-} != -- && " ${SKIP:-} " != *" $name "* ]] || continue
  echo "$name"
  CC=$compiler timeout 300 "$@" "./$name"
done
