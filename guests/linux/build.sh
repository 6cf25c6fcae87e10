#!/bin/bash
# Builds the Linux guest from Debian 12 (bookworm) packages only, the same bytes on every machine:
# zImage, Image, vmlinux with DWARF 4, System.map, versatile-pb.dtb, initramfs.cpio.gz, and the stripped vmlinux.gz.
#
# Usage: build.sh [FOLDER]     FOLDER (default: build beside this script) gets sources, objects and out/.
# Needs: apt-get install linux-source-6.1 gcc-arm-linux-gnueabi libc6-dev-armel-cross gcc make flex bison bc cpio xz-utils
#        libssl-dev libelf-dev
# `npm run guest:linux` installs those when it runs as root, calls this script and checks the result.
set -euo pipefail
HERE=$(cd "$(dirname "$0")" && pwd)
WORK=$(realpath -m "${1:-$HERE/build}")
OUT=$WORK/out
mkdir -p "$OUT"
cd "$WORK"

# Nothing of this machine may reach the image: no path, user, host or time.
MAP="-fdebug-prefix-map=$WORK=/lpv"
export KCFLAGS=$MAP KAFLAGS=$MAP ARCH=arm CROSS_COMPILE=arm-linux-gnueabi- LC_ALL=C
export KBUILD_BUILD_USER=lpv KBUILD_BUILD_HOST=guest KBUILD_BUILD_TIMESTAMP=2026-01-01

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
[ -d linux-source-6.1 ] || tar xf /usr/src/linux-source-6.1.tar.xz
rm -rf build
mkdir build
KCONFIG_ALLCONFIG=$HERE/guest.fragment make -s -C linux-source-6.1 O="$WORK/build" allnoconfig
make -s -C linux-source-6.1 O="$WORK/build" -j"$(nproc)" vmlinux zImage versatile-pb.dtb
cp build/vmlinux build/System.map build/arch/arm/boot/{Image,zImage} build/arch/arm/boot/dts/versatile-pb.dtb "$OUT/"
cp build/.config "$OUT/kernel.config"
arm-linux-gnueabi-objcopy --strip-debug build/vmlinux vmlinux-stripped
gzip -9nc vmlinux-stripped > "$OUT/vmlinux.gz"

# 3. Initial RAM disk.
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
touch -d @0 init busybox/bin/busybox
gcc -O2 -o gen_init_cpio linux-source-6.1/usr/gen_init_cpio.c
./gen_init_cpio -t 0 initramfs.list | gzip -9n > "$OUT/initramfs.cpio.gz"

# 4. A guest folder: the kernel with its debug information, and where its sources are.
cat > "$OUT/guest.json" <<'EOG'
{
  "name": "Linux 6.1, with debug information",
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
