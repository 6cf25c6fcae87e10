/** Every form of MRS and MSR of CPSR, executed often enough at one place to be replaced by a stub: equal to native. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { REGISTER_NAMES, type RegisterName } from '../../emulator/registers.ts';
import { decodeA32 } from '../../isa/decode.ts';
import { encodeTrap } from '../../isa/lpv.ts';
import { combinationName } from './combinations.ts';
import { CODE, forever, guest } from './hostile-guest.ts';
import { HostilePair, type HostileGuest } from './hostile-run.ts';
import * as W from './words.ts';

const WAYS = [
  { modeSwitch: 'roots', savings: ['psr'] },
  { modeSwitch: 'domains', savings: ['psr', 'mmio'] },
] as const;
const MODES = [0x10, 0x11, 0x12, 0x13, 0x17, 0x1b, 0x1f];
const SVC = 0x13;

/** A CPSR or an immediate for its lowest byte: mostly SVC mode, where a stub need not leave. */
const control = fc
  .tuple(
    fc.integer({ min: 0, max: 7 }),
    fc.oneof({ weight: 4, arbitrary: fc.constant(SVC) }, fc.constantFrom(...MODES)),
  )
  .map(([masks, mode]) => (masks << 5) | mode);
const status = fc.tuple(fc.nat(0xff_ffff), control).map(([upper, lower]) => ((upper << 8) | lower) >>> 0);

const condition = fc.oneof({ weight: 2, arbitrary: fc.constant(14) }, fc.integer({ min: 0, max: 13 }));
const register = fc.integer({ min: 0, max: 14 });
const word = fc.oneof(
  fc.record({ c: condition, d: register }).map((fields) => W.instruction('MRS', fields)),
  fc
    .record({ c: condition, f: fc.integer({ min: 1, max: 15 }), m: register })
    .map((fields) => W.instruction('MSR_reg', fields)),
  fc
    .record({ c: condition, f: fc.integer({ min: 1, max: 15 }), i: control.map((value) => value & 0xff) })
    .map((fields) => W.instruction('MSR_imm', fields)),
  fc
    .record({ c: condition, f: fc.integer({ min: 1, max: 15 }), i: fc.nat(255), r: fc.nat(15) })
    .map((fields) => W.instruction('MSR_imm', fields)),
);

const nameOf = (original: number): string => decodeA32(original, 'v5TEJ').row?.name ?? '';

/** Words in a loop for ever, with a status in every register; no address is needed. */
function looping(words: readonly number[], values: readonly number[], budget = 40 * (words.length + 1)): HostileGuest {
  const registers = Object.fromEntries(
    REGISTER_NAMES.slice(0, 15).map((name, i) => [name, values[i % values.length]] as const),
  ) as Partial<Record<RegisterName, number>>;
  const cpsr = (values[0] & 0xf000_00c0) | SVC;
  return guest(words.map((each) => each.toString(16)).join(' '), forever(words.map(W.patched)), {
    registers,
    cpsr,
    budget,
  });
}

for (const way of WAYS)
  describe(`virtual PSR, ${combinationName(way)}`, function () {
    this.timeout(60_000);
    let pair: HostilePair;
    before(async () => {
      pair = await HostilePair.create(way);
    });

    /** Runs a guest to its end beside native; returns the stubs that it has executed. */
    function run(hostile: HostileGuest): number {
      const { problems, instructions, stubs } = pair.run(hostile);
      if (problems.length > 0)
        assert.fail(`${hostile.name}: ${problems.join('; ')} ${pair.locate(hostile, instructions)}`);
      return stubs;
    }

    it('every register, with every condition', () => {
      for (let r = 0; r < 15; r++)
        for (let c = 0; c < 15; c++) {
          // Each condition holds for one of these, and fails for another.
          const values = [0x4000_0093, 0xb000_0053, 0x2000_0013, 0x8000_00d3].map(
            (value) => (value & 0xffff_ffe0) | SVC,
          );
          const words = [W.instruction('MRS', { d: r, c }), W.instruction('MSR_reg', { m: r, f: 9, c })];
          let stubs = 0;
          for (const word of words) for (const value of values) stubs += run(looping([word], [value >>> 0]));
          stubs += run(looping(words, values));
          assert.ok(stubs >= 20, `r${r}, condition ${c}: ${stubs} stubs`);
        }
    });

    it('any words, masks and values', () => {
      const executed = new Map<string, number>();
      fc.assert(
        fc.property(
          fc.array(word, { minLength: 1, maxLength: 3 }),
          fc.array(status, { minLength: 15, maxLength: 15 }),
          (words, values) => {
            fc.pre(words.every((each) => encodeTrap(each) !== undefined));
            const stubs = run(looping(words, values));
            if (words.length === 1) executed.set(nameOf(words[0]), (executed.get(nameOf(words[0])) ?? 0) + stubs);
          },
        ),
        { numRuns: 400 },
      );
      assert.deepEqual([...executed.keys()].sort(), ['MRS', 'MSR_imm', 'MSR_reg']);
      for (const [name, count] of executed) assert.ok(count > 200, `${name}: ${count} stubs executed`);
    });

    it('no stub before a site has trapped often', () => {
      const few = looping([W.instruction('MRS', { d: 4 })], [0xd3], 2 * 16);
      assert.equal(run(few), 0);
      assert.ok(run({ ...few, budget: 2 * 40 }) > 20);
      assert.ok(run({ ...few, warm: [{ address: CODE, words: 1 }] }) > 10);
    });
  });
