/** Whether a file is worth offering as a guest. */

const ELF_MAGIC = [0x7f, 0x45, 0x4c, 0x46];
const CLASS_32 = 1;
const LITTLE_ENDIAN = 1;
const EXECUTABLE = 2;
const ARM = 40;

/** Whether bytes begin with the header of a little-endian 32-bit ARM executable. */
export function isArmElf(bytes: Uint8Array): boolean {
  if (bytes.length < 20 || !ELF_MAGIC.every((byte, i) => bytes[i] === byte)) return false;
  const [type, machine] = [bytes[16] | (bytes[17] << 8), bytes[18] | (bytes[19] << 8)];
  return bytes[4] === CLASS_32 && bytes[5] === LITTLE_ENDIAN && type === EXECUTABLE && machine === ARM;
}
