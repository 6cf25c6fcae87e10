/** What ARM's PrimeCell peripherals have in common: byte lanes of their 32-bit registers and identification. */

/** Offset of PeriphID0; PeriphID0..3 and PCellID0..3 fill the 32 bytes up to the end of the 4 KB page. */
export const IDENTIFICATION = 0xfe0;
/** Bytes of address space of every PrimeCell. */
export const PRIMECELL_SIZE = 0x1000;
/** PCellID3..0, the same for every PrimeCell. */
const PCELL_ID = 0xb105_f00d;

/**
 * The identification register at `offset` (0xfe0 to 0xfff): one byte of the peripheral id, then of the cell id.
 * `peripheralId` is PeriphID3..0 as one number: configuration, revision, designer 0x41, part number.
 */
export function identification(peripheralId: number, offset: number): number {
  const index = (offset - IDENTIFICATION) >> 2;
  return index < 4 ? (peripheralId >>> (index * 8)) & 0xff : (PCELL_ID >>> ((index - 4) * 8)) & 0xff;
}

/** The bytes of a register that a read of `size` bytes at `offset` sees. */
export function readLanes(register: number, offset: number, size: number): number {
  const shifted = register >>> ((offset & 3) * 8);
  return size === 4 ? shifted : size === 2 ? shifted & 0xffff : shifted & 0xff;
}

/**
 * The register value that a narrow write at `offset` stands for. The peripheral bus has no byte strobes:
 * a narrow write writes the whole register, with zeros in the lanes it does not carry.
 */
export function writeLanes(value: number, offset: number, size: number): number {
  const low = size === 4 ? value : size === 2 ? value & 0xffff : value & 0xff;
  return (low << ((offset & 3) * 8)) >>> 0;
}
