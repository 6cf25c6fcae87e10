#!/bin/bash
# Builds the Linux guest from Debian 12 (bookworm) packages only, the same bytes on every machine:
# zImage, Image, vmlinux with DWARF 4, System.map, versatile-pb.dtb, initramfs.cpio.gz, and the stripped vmlinux.gz.
#
# Usage: build.sh [FOLDER]     FOLDER (default: build beside this script) gets sources, objects and out/.
# Environment:
#   TREE=NAME      the source tree in FOLDER, such as linux-source-6.1-patched; default linux-source-$VERSION
#   VERSION=6.1    of Debian's package linux-source-$VERSION
#   CONFIG=NAME    adds NAME.fragment to the configuration; a kernel with modules gets those of modules/
#   VARIANT=NAME   objects and results are in build-NAME and out-NAME
# Needs: apt-get install linux-source-6.1 gcc-arm-linux-gnueabi libc6-dev-armel-cross gcc make flex bison bc cpio xz-utils
#        libssl-dev libelf-dev
# `npm run guest:linux` installs those when it runs as root, calls this script and checks the result.
set -euo pipefail
HERE=$(cd "$(dirname "$0")" && pwd)
WORK=$(realpath -m "${1:-$HERE/build}")
VERSION=${VERSION:-6.1}
TREE=${TREE:-linux-source-$VERSION}
SUFFIX=${VARIANT:+-$VARIANT}
BUILD=$WORK/build$SUFFIX
OUT=$WORK/out$SUFFIX
mkdir -p "$OUT"
cd "$WORK"

# Nothing of this machine may reach the image: no path, user, host or time.
MAP="-fdebug-prefix-map=$WORK=/lpv"
export KCFLAGS=$MAP KAFLAGS=$MAP ARCH=arm CROSS_COMPILE=arm-linux-gnueabi- LC_ALL=C
export KBUILD_BUILD_USER=lpv KBUILD_BUILD_HOST=guest KBUILD_BUILD_TIMESTAMP=2026-01-01
kernel() { nice -n 5 make -s -C "$WORK/$TREE" O="$BUILD" -j"$(nproc)" "$@"; }

# 1. Userland: Debian's static BusyBox for armel, downloaded by apt-get without touching this machine's package lists.
if [ ! -x busybox/bin/busybox ]; then
  lists=$WORK/apt-lists
  mkdir -p "$lists/partial"
  armel=(-oAPT::Architecture=armel -oAPT::Architectures=armel "-oDir::State::Lists=$lists")
  apt-get "${armel[@]}" update
  apt-get "${armel[@]}" download busybox-static
  dpkg -x busybox-static*.deb busybox
fi

# 2. Kernel.
[ -d "$TREE" ] || tar xf "/usr/src/linux-source-$VERSION.tar.xz"
rm -rf "$BUILD"
mkdir "$BUILD"
cp "$HERE/guest.fragment" "$BUILD/fragment"
if [ -n "${CONFIG:-}" ]; then
  # What it sets itself is not taken from guest.fragment.
  names=$(grep -o 'CONFIG_[A-Z0-9_]*' "$HERE/$CONFIG.fragment" | paste -sd'|')
  grep -vE "^(# )?($names)[= ]" "$HERE/guest.fragment" > "$BUILD/fragment"
  cat "$HERE/$CONFIG.fragment" >> "$BUILD/fragment"
fi
KCONFIG_ALLCONFIG=$BUILD/fragment kernel allnoconfig
dtb=$(cd "$TREE/arch/arm/boot/dts" && find . -name versatile-pb.dts -printf '%P')
dtb=${dtb%.dts}.dtb
kernel vmlinux zImage "$dtb"
cp "$BUILD/vmlinux" "$BUILD/System.map" "$BUILD"/arch/arm/boot/{Image,zImage} "$BUILD/arch/arm/boot/dts/$dtb" "$OUT/"
cp "$BUILD/.config" "$OUT/kernel.config"
arm-linux-gnueabi-objcopy --strip-debug "$BUILD/vmlinux" vmlinux-stripped
gzip -9nc vmlinux-stripped > "$OUT/vmlinux.gz"

# 3. Modules, where the kernel takes them.
MODULES=$OUT/modules
rm -rf "$MODULES"
if grep -q '^CONFIG_MODULES=y' "$BUILD/.config"; then
  mkdir "$MODULES"
  kernel modules # makes what modules are linked with
  rm -rf "$BUILD/guest-modules"
  cp -r "${MODULE_SOURCES:-$HERE/modules}" "$BUILD/guest-modules"
  kernel modules M="$BUILD/guest-modules"
  for module in "$BUILD"/guest-modules/*.ko; do
    arm-linux-gnueabi-objcopy --strip-debug "$module" "$MODULES/${module##*/}"
  done
fi

# 4. Initial RAM disk.
cat > init <<'EOI'
#!/bin/busybox sh
export PATH=/bin:/sbin
/bin/busybox --install -s /bin
/bin/busybox mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
echo GUEST-BOOT-OK
uname -a
cat /proc/cpuinfo
exec setsid cttyhack /bin/sh
EOI
cat > initramfs.list <<EOL
dir /dev 0755 0 0
nod /dev/console 0600 0 0 c 5 1
nod /dev/null 0666 0 0 c 1 3
dir /bin 0755 0 0
dir /sbin 0755 0 0
dir /proc 0755 0 0
dir /sys 0755 0 0
dir /tmp 1777 0 0
dir /root 0700 0 0
dir /etc 0755 0 0
file /init $WORK/init 0755 0 0
file /bin/busybox $WORK/busybox/bin/busybox 0755 0 0
slink /bin/sh busybox 0777 0 0
EOL
if [ -d "$MODULES" ]; then
  echo "dir /modules 0755 0 0" >> initramfs.list
  for module in "$MODULES"/*.ko; do
    echo "file /modules/${module##*/} $module 0644 0 0" >> initramfs.list
  done
  touch -d @0 "$MODULES"/*.ko
fi
touch -d @0 init busybox/bin/busybox
gcc -O2 -o gen_init_cpio "$TREE/usr/gen_init_cpio.c"
./gen_init_cpio -t 0 initramfs.list | gzip -9n > "$OUT/initramfs.cpio.gz"

# 5. A guest folder: the kernel with its debug information, and where its sources are.
cat > "$OUT/guest.json" <<EOG
{
  "name": "Linux $VERSION${VARIANT:+ ($VARIANT)}, with debug information",
  "machine": "versatilepb",
  "cpu": "arm926",
  "memory": "128M",
  "kernel": "vmlinux",
  "dtb": "versatile-pb.dtb",
  "initrd": "initramfs.cpio.gz",
  "append": "console=ttyAMA0 earlyprintk",
  "sources": { "/lpv": ".." }
}
EOG
ls -l "$OUT"
