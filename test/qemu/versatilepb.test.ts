/**
 * The board's devices against QEMU's: random sequences of register writes, after each of which every register must read
 * the same. Where the two differ on purpose, the difference is listed with its reason, and the list is checked
 * too. Guest time stands still in both, so that running counters can be compared.
 */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { createVersatilePb } from '../../emulator/boards/versatilepb.ts';
import { qemuVersion, startQemu, type QemuSession } from './rsp-client.ts';

const RAM_SIZE = 128 << 20;
const SEQUENCES = 40;
const LONGEST_SEQUENCE = 25;
const SEED = 1;
/** The differences are those of this version; another one is compared, but need not show them all. */
const KNOWN_VERSION = /^7\.2\./;

/** Bits of a register that differ from QEMU's, and why ours are right. */
interface Difference {
  readonly registers: readonly number[];
  /** Bits that are not compared; all by default. */
  readonly bits?: number;
  readonly why: string;
}

interface Comparison {
  readonly device: string;
  readonly base: number;
  readonly writes: readonly number[];
  readonly reads: readonly number[];
  /** Written before anything is compared. */
  readonly setup?: ReadonlyArray<readonly [register: number, value: number]>;
  /** The bits that are written: those the manual defines. QEMU also stores reserved ones, which read as zero here. */
  readonly writable?: Readonly<Record<number, number>>;
  readonly differences: readonly Difference[];
}

const IDS = [0xfe0, 0xfe4, 0xfe8, 0xfec, 0xff0, 0xff4, 0xff8, 0xffc];

function words(from: number, to: number): number[] {
  return Array.from({ length: (to - from) / 4 + 1 }, (_, i) => from + i * 4);
}

const COMPARISONS: readonly Comparison[] = [
  {
    device: 'PL011',
    base: 0x101f_1000,
    writes: [0x00, 0x04, 0x20, 0x24, 0x28, 0x2c, 0x30, 0x34, 0x38, 0x44, 0x48],
    reads: [0x00, 0x04, 0x18, ...words(0x20, 0x48), ...IDS],
    writable: {
      0x00: 0xff,
      0x20: 0xff,
      0x24: 0xffff,
      0x28: 0x3f,
      0x2c: 0xff,
      0x30: 0xff87,
      0x34: 0x3f,
      0x38: 0x7ff,
      0x48: 7,
    },
    differences: [
      { registers: [0x00], why: 'QEMU 7.2 has no loopback: it receives nothing (DDI 0183, UARTCR LBE).' },
      { registers: [0x04], bits: 0xf, why: 'QEMU 7.2 has no loopback of a break (DDI 0183, UARTCR LBE).' },
      {
        registers: [0x18],
        bits: 0x157,
        why: 'QEMU 7.2 has no loopback of data and modem lines (DDI 0183, UARTCR LBE).',
      },
      { registers: [0x3c, 0x40], bits: 0x65f, why: 'The interrupts of what is looped back.' },
    ],
  },
  {
    device: 'SP804',
    base: 0x101e_2000,
    writes: [0x00, 0x08, 0x0c, 0x18, 0x20, 0x28, 0x2c, 0x38],
    reads: [...words(0x00, 0x18), ...words(0x20, 0x38), ...IDS],
    writable: { 0x08: 0xef, 0x28: 0xef },
    differences: [
      {
        registers: [0x04, 0x24],
        why: 'TimerValue is 0xffffffff after reset, a free-running timer starts at the value loaded, and BGLoad leaves the count alone (DDI 0271).',
      },
      {
        registers: [0x30, 0x34],
        bits: 1,
        why: 'Loading zero interrupts at once, and in 16-bit mode the low half decides (DDI 0271, TimerXLoad).',
      },
    ],
  },
  {
    device: 'SP804, running periodically',
    base: 0x101e_3000,
    setup: [
      [0x00, 5],
      [0x08, 0xe2],
      [0x20, 5],
      [0x28, 0xe2],
    ],
    writes: [0x00, 0x0c, 0x20, 0x2c],
    reads: [...words(0x00, 0x08), 0x18, ...words(0x20, 0x28), 0x38],
    differences: [],
  },
  {
    device: 'PL190',
    base: 0x1014_0000,
    writes: [...words(0x0c, 0x20), 0x18, 0x30, 0x34, ...words(0x100, 0x13c), ...words(0x200, 0x23c), 0x300],
    reads: [...words(0x00, 0x20), 0x30, 0x34, ...words(0x100, 0x13c), ...words(0x200, 0x23c), 0x300, ...IDS],
    writable: { 0x20: 1, ...Object.fromEntries(words(0x200, 0x23c).map((register) => [register, 0x3f])), 0x300: 1 },
    differences: [
      { registers: [0x04], why: 'VICFIQSTATUS is masked by VICINTENABLE (DDI 0181, 3.3.2); not in QEMU.' },
      {
        registers: [0x30],
        why: 'An interrupt that is disabled or selected as FIQ has no vector (DDI 0181); QEMU takes it.',
      },
      { registers: [0x300], bits: 1, why: 'VICITCR can be read (DDI 0181, 4.3).' },
    ],
  },
  {
    // Every interrupt enabled as IRQ: the vectors and priorities of both are the same.
    device: 'PL190 priorities',
    base: 0x1014_0000,
    setup: [
      [0x0c, 0],
      [0x10, 0xffff_ffff],
    ],
    writes: [0x18, 0x1c, 0x30, 0x18, 0x1c, 0x30, 0x34, ...words(0x100, 0x13c), ...words(0x200, 0x23c)],
    reads: [0x00, 0x04, 0x08, 0x30],
    writable: Object.fromEntries(words(0x200, 0x23c).map((register) => [register, 0x3f])),
    differences: [],
  },
  {
    device: 'SIC',
    base: 0x1000_3000,
    writes: [0x08, 0x0c, 0x10, 0x14, 0x20, 0x24],
    reads: [0x00, 0x04, 0x08, 0x10, 0x20],
    differences: [
      {
        registers: [0x00, 0x04, 0x08, 0x10],
        bits: 1,
        why: 'SIC_SOFTINTSET raises interrupt 0 (DUI 0225); in QEMU it enables it.',
      },
    ],
  },
  {
    device: 'system registers',
    base: 0x1000_0000,
    setup: [[0x20, 0xa05f]],
    writes: [...words(0x08, 0x1c), ...words(0x28, 0x60)],
    reads: [...words(0x00, 0x20), ...words(0x28, 0x58), 0x60, 0x84, 0x88],
    writable: { 0x08: 0xff, 0x40: 0xff, 0x50: 0xffff_c0ff },
    differences: [
      { registers: [0x0c, 0x10, 0x14, 0x18, 0x1c], bits: 0x7_ffff, why: 'The oscillators store a setting (DUI 0225).' },
      { registers: [0x4c], bits: 1, why: 'SYS_FLASH stores the write enable (DUI 0225).' },
    ],
  },
  {
    device: 'system registers, locked',
    base: 0x1000_0000,
    writes: [0x08, 0x20, 0x40],
    reads: [0x08, 0x20, 0x40],
    writable: { 0x08: 0xff, 0x40: 0xff },
    differences: [
      { registers: [0x20], bits: 0x1_8000, why: 'SYS_LOCK shows bit 16, locked, and all of the key (DUI 0225).' },
    ],
  },
  {
    device: 'PL061',
    base: 0x101e_4000,
    writes: [...words(0x000, 0x3fc), ...words(0x400, 0x410), ...words(0x400, 0x410), 0x41c, 0x420],
    reads: [0x004, 0x3fc, ...words(0x400, 0x420), ...IDS],
    differences: [
      {
        registers: [0x004, 0x3fc],
        bits: 0xff,
        why: 'An input reads its pin; in QEMU what it last drove as an output.',
      },
      {
        registers: [0x414, 0x418],
        bits: 0xff,
        why: 'A level interrupt lasts as long as the level, and comes from inputs only (DDI 0190, 2.2); QEMU latches it.',
      },
    ],
  },
  {
    device: 'PL031',
    base: 0x101e_8000,
    writes: [0x04, 0x08, 0x0c, 0x10, 0x1c],
    reads: [0x04, 0x08, 0x0c, 0x10, 0x14, 0x18, ...IDS],
    differences: [],
  },
  {
    device: 'PL050',
    base: 0x1000_6000,
    writes: [0x00, 0x0c],
    reads: [0x00, 0x04, 0x08, 0x0c, 0x10, ...IDS],
    writable: { 0x00: 0x3f, 0x0c: 0xf },
    differences: [],
  },
  {
    device: 'PL181',
    base: 0x1000_5000,
    writes: [0x00, 0x04, 0x08, 0x0c, 0x0c, 0x0c, 0x0c, 0x24, 0x28, 0x2c, 0x38, 0x3c, 0x40],
    reads: [...words(0x00, 0x48), ...IDS],
    writable: { 0x00: 0xff, 0x04: 0xfff, 0x0c: 0x7ff, 0x28: 0xffff, 0x2c: 0xfe, 0x3c: 0x3f_ffff, 0x40: 0x3f_ffff },
    differences: [
      { registers: [0x04], bits: 0xf00, why: 'MMCIClock has four control bits (DDI 0205, 3.3.2); QEMU stores none.' },
      { registers: [0x0c], bits: 0x400, why: 'A command that waits stays enabled (DDI 0205, MMCICommand).' },
      { registers: [0x34], bits: 0x84, why: 'A command that waits has neither been sent nor timed out.' },
      {
        registers: [0x34],
        bits: 0x500,
        why: 'A data transfer ends only if one was started; QEMU ends one of no bytes.',
      },
    ],
  },
  {
    device: 'PL110',
    base: 0x1012_0000,
    writes: [...words(0x00, 0x1c), 0x200, 0x3fc],
    reads: [...words(0x00, 0x30), 0x200, 0x3fc, ...IDS],
    writable: {
      0x00: 0xffff_fffc,
      0x08: 0x07ff_7fff,
      0x0c: 0x0001_007f,
      0x10: 0xffff_fffc,
      0x14: 0xffff_fffc,
      0x18: 0x0001_ffff,
      0x1c: 0x1e,
    },
    differences: [],
  },
  {
    device: 'PL080',
    base: 0x1013_0000,
    writes: [0x08, 0x10, 0x30, 0x34, ...words(0x100, 0x110), ...words(0x1e0, 0x1f0)],
    reads: [0x00, 0x04, 0x0c, 0x14, 0x18, 0x1c, 0x30, 0x34, ...words(0x100, 0x110), ...words(0x1e0, 0x1f0), ...IDS],
    writable: {
      0x30: 7,
      0x34: 0xffff,
      0x108: 0xffff_fffd,
      0x110: 0x0005_fbde,
      0x1e8: 0xffff_fffd,
      0x1f0: 0x0005_fbde,
    },
    differences: [],
  },
];

/** Values that reach every bit, small numbers, and any number. */
const VALUE = fc.oneof(
  fc.integer({ min: 0, max: 31 }).map((bit) => (1 << bit) >>> 0),
  fc.integer({ min: 0, max: 0xff }),
  fc.constantFrom(0, 0xffff_ffff, 0xa05f, 0x8000_0000),
  fc.integer({ min: 0, max: 0xffff_ffff }),
);

function hex(value: number): string {
  return `0x${value.toString(16)}`;
}

describe('Versatile PB against QEMU', () => {
  const version = qemuVersion();
  let qemu: QemuSession | undefined;

  beforeEach(async function () {
    if (!version) this.skip();
    const serial = ['-serial', 'null', '-serial', 'null', '-serial', 'null', '-serial', 'null'];
    const machine = ['-M', 'versatilepb', '-cpu', 'arm926', '-m', '128', '-display', 'none', '-nodefaults'];
    qemu = await startQemu({ args: [...machine, ...serial, '-S'] });
    await qemu.client.usePhysicalMemory(true);
  });

  afterEach(async () => qemu?.stop());

  for (const { device, base, writes, reads, writable, differences, setup = [] } of COMPARISONS) {
    it(`${device}: registers read the same after the same writes`, async () => {
      const { client } = qemu!;
      const board = createVersatilePb({ ramSize: RAM_SIZE });
      const ignored = new Map<number, number>();
      for (const { registers, bits = 0xffff_ffff } of differences)
        for (const register of registers) ignored.set(register, (ignored.get(register) ?? 0) | bits);
      const seen = new Map<number, number>();
      const steps = fc.array(fc.record({ register: fc.constantFrom(...writes), value: VALUE }), {
        minLength: 1,
        maxLength: LONGEST_SEQUENCE,
      });
      const trace: string[] = [];
      const compare = async () => {
        for (const register of reads) {
          const theirs = await client.readWord(base + register);
          const ours = board.read(base + register, 4, 0);
          const differs = (theirs ^ ours) >>> 0;
          seen.set(register, (seen.get(register) ?? 0) | differs);
          const wrong = differs & ~(ignored.get(register) ?? 0);
          if (wrong)
            assert.fail(
              `${hex(register)} is ${hex(ours)}, in QEMU ${hex(theirs)}, after ${trace.slice(-12).join(', ')}`,
            );
        }
      };
      const write = async (register: number, value: number) => {
        trace.push(`${hex(register)} = ${hex(value)}`);
        await client.writeWord(base + register, value);
        board.write(base + register, 4, value, 0);
      };
      for (const [register, value] of setup) await write(register, value);
      await compare();
      for (const sequence of fc.sample(steps, { seed: SEED, numRuns: SEQUENCES })) {
        for (const { register, value } of sequence) {
          await write(register, (value & (writable?.[register] ?? 0xffff_ffff)) >>> 0);
          await compare();
        }
      }
      if (!KNOWN_VERSION.test(version!)) return;
      for (const { registers, bits = 0xffff_ffff, why } of differences)
        for (const register of registers)
          assert.ok((seen.get(register) ?? 0) & bits, `${hex(register)} does not differ from QEMU any more: ${why}`);
    }).timeout(60_000);
  }
});
