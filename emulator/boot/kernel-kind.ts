/** What a kernel file is, by its contents. */
import { isElf } from '../../formats/elf.ts';
import { InputError } from '../../formats/input-error.ts';

/** An ELF file, a plain binary (Linux `Image`), or a compressed Linux kernel that unpacks itself. */
export type KernelKind = 'elf' | 'image' | 'zimage';

/** Magic at offset 0x24 of a zImage (Linux arch/arm/boot/compressed/head.S). */
const ZIMAGE_MAGIC = 0x016f2818;
const ZIMAGE_MAGIC_OFFSET = 0x24;
const ZIMAGE_HEADER_SIZE = 0x30;
/** Words at the start of an Image that are looked at. */
const IMAGE_WORDS = 8;

/** Files that are no kernel for this machine, by their first bytes: hexadecimal digits, offset, what it is, what to do. */
const FOREIGN: ReadonlyArray<readonly [string, number, string, string]> = [
  ['41524d64', 0x38, 'a kernel for 64-bit ARM', 'Give a kernel that is built for 32-bit ARM'],
  ['27051956', 0, 'a U-Boot image', 'Give the kernel inside it, without the 64 bytes of the U-Boot header'],
  [
    'd00dfeed',
    0,
    'a device tree or a FIT image, not a kernel',
    'Give it as the device tree, or give the kernel inside it',
  ],
  ['fd377a585a00', 0, 'compressed with xz', 'Unpack it with unxz'],
  ['28b52ffd', 0, 'compressed with zstd', 'Unpack it with unzstd'],
  ['425a68', 0, 'compressed with bzip2', 'Unpack it with bunzip2'],
  ['303730373031', 0, 'a cpio archive, not a kernel', 'Give it as the initial RAM disk'],
];

/** Tells what a kernel file is; `forced` overrules the guess. Throws an `InputError` for what cannot be booted. */
export function kernelKind(bytes: Uint8Array, name: string, forced?: KernelKind): KernelKind {
  if (bytes.length === 0) throw new InputError('the file is empty', { file: name, remedy: 'Give a kernel' });
  if (forced) return forced;
  if (isElf(bytes)) return 'elf';
  for (const [digits, offset, what, remedy] of FOREIGN) {
    const found = bytes.subarray(offset, offset + digits.length / 2);
    if (Array.from(found, (byte) => byte.toString(16).padStart(2, '0')).join('') === digits) {
      throw new InputError(what, { file: name, offset, remedy });
    }
  }
  if (bytes.length < ZIMAGE_HEADER_SIZE) return image(bytes, name);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getUint32(ZIMAGE_MAGIC_OFFSET) === ZIMAGE_MAGIC) {
    throw new InputError('a big-endian zImage; only little-endian ARM can be run', {
      file: name,
      remedy: 'Build it for little-endian ARM',
    });
  }
  return view.getUint32(ZIMAGE_MAGIC_OFFSET, true) === ZIMAGE_MAGIC ? 'zimage' : image(bytes, name);
}

/**
 * An Image has no magic: it begins with code. Kernels and vector tables begin with instructions that are executed
 * always (condition 1110); text, pictures and archives do not.
 */
function image(bytes: Uint8Array, name: string): KernelKind {
  let always = 0;
  for (let i = 3; i < Math.min(bytes.length, 4 * IMAGE_WORDS); i += 4) if (bytes[i] >>> 4 === 14) always++;
  if (always * 2 < Math.min(bytes.length >>> 2, IMAGE_WORDS)) {
    throw new InputError('not a kernel: no ELF file, no zImage, and it does not begin with ARM instructions', {
      file: name,
      offset: 0,
      remedy: 'Give a vmlinux, an Image or a zImage for 32-bit ARM',
    });
  }
  return 'image';
}

/** Throws an `InputError` when a zImage is shorter than its header says (start at 0x28, end at 0x2c). */
export function checkZImage(bytes: Uint8Array, name: string): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const valid = bytes.length >= ZIMAGE_HEADER_SIZE && view.getUint32(ZIMAGE_MAGIC_OFFSET, true) === ZIMAGE_MAGIC;
  if (!valid)
    throw new InputError('not a zImage: the magic 016f2818 is missing', { file: name, offset: ZIMAGE_MAGIC_OFFSET });
  const size = view.getUint32(0x2c, true) - view.getUint32(0x28, true);
  if (size < ZIMAGE_HEADER_SIZE || size > bytes.length) {
    throw new InputError(`cut short or damaged: the zImage header says ${size} bytes, the file has ${bytes.length}`, {
      file: name,
      offset: 0x2c,
      remedy: 'Build or copy the file again',
    });
  }
}
