#!/bin/sh
# Builds kernel.elf into a folder. The result depends on the sources and on the version of the compiler, and on nothing
# else: paths in it are relative to this folder.
# Usage: build.sh OUT
# CFLAGS has further options of the compiler, which patched sources need: -include lpv-traps.h
set -eu
out=$(mkdir -p "$1" && cd "$1" && pwd)
cd "$(dirname "$0")"
export LC_ALL=C

CC=${CC:-arm-none-eabi-gcc}
FLAGS="-march=armv5te -marm -mfloat-abi=soft -mno-unaligned-access -ffreestanding -fno-common -std=c11
  -Og -gdwarf-4 -mapcs-frame -fno-omit-frame-pointer
  -Wall -Wextra -Werror -Wmissing-prototypes -Wstrict-prototypes
  -ffile-prefix-map=$PWD=. -Wa,--debug-prefix-map=$PWD=. -I kernel -I user ${CFLAGS-}"

objects=
for source in kernel/*.S kernel/*.c user/*.S user/*.c; do
  name=${source%.*}
  object=$out/${name%%/*}-${name##*/}.o # the linker script tells kernel from user by the name
  flags=
  case $source in kernel/*.c) flags=-mpoke-function-name ;; esac
  # shellcheck disable=SC2086
  "$CC" $FLAGS $flags -c -o "$object" "$source"
  objects="$objects $object"
done
# shellcheck disable=SC2086
"$CC" -nostdlib -static -Wl,--build-id=none -Wl,-z,max-page-size=4096 -Wl,--no-warn-rwx-segments -Wl,-T,kernel.ld \
  -o "$out/kernel.elf" $objects
