/**
 * Hostile guests against the savings: stubs that change modes, open masks and are rewritten under way; device writes that
 * wait; and what the core executes by itself. Each also runs in every other way, equal to native at every exit.
 */
import assert from 'node:assert/strict';
import { EveryWay } from './every-way.ts';
import { DEVICE, LINES_REGISTER, QUIET_REGISTER, REFUSED } from './hostile-board.ts';
import { CODE, DATA, ending, forever, guest, returnTo, VECTORS, WINDOW } from './hostile-guest.ts';
import type { HostileGuest, HostileResult } from './hostile-run.ts';
import * as W from './words.ts';

const [R0, R1, R2, R3, R4, R5, R6, R7, R8, R9] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9];
const NE = 1;
/** Rounds after which a site has its stub, and some more on it. */
const ROUNDS = 24;
const MODES = { usr: 0x10, fiq: 0x11, irq: 0x12, svc: 0x13, abt: 0x17, und: 0x1b, sys: 0x1f } as const;

const mrs = (d: number, c = 14): number => W.kernel('MRS', { d, c });
const msr = (m: number, f = 1, c = 14): number => W.kernel('MSR_reg', { m, f, c });
const msrTo = (i: number, f = 1, c = 14): number => W.kernel('MSR_imm', { i, f, c });
const set = (d: number, i: number): number => W.instruction('MOV_imm', { d, i });
const flip = (d: number, m: number): number => W.instruction('EOR_shi', { d, n: d, m });

/** An IRQ vector whose handler takes the lines down; r1 must be the device, r7 zero. */
const HANDLER = 0x40;
const ACKNOWLEDGING = [
  ...VECTORS.slice(0, 6),
  W.branch(HANDLER / 4 - 6),
  W.branch(HANDLER / 4 - 7),
  ...Array.from({ length: HANDLER / 4 - 8 }, () => W.NOP),
  W.store(R7, R1, LINES_REGISTER),
  returnTo(4),
];

/** r3 rounds of some words, for ever. */
function loop(body: readonly number[], rounds = ROUNDS): number[] {
  const count = [W.instruction('SUB_imm', { S: 1, d: R3, n: R3, i: 1 }), W.branch(-1 - body.length, NE)];
  return [set(R3, rounds), ...body, ...count];
}

describe('savings against hostile guests', function () {
  this.timeout(60_000);
  let every: EveryWay;
  before(async () => {
    every = await EveryWay.create();
  });

  /** Runs a guest in the main ways; returns the result of one saving alone. */
  function run(saving: 'psr' | 'mmio' | 'core', hostile: HostileGuest): HostileResult {
    return every.run(hostile).get(`roots, ${saving}`) ?? assert.fail(`${saving} was not run`);
  }

  describe('stubs (psr)', () => {
    it('change modes, by leaving', () => {
      for (const [name, mode] of Object.entries(MODES)) {
        const back = mode === MODES.usr ? [W.svc(0)] : [msrTo(0xd3)];
        // From user mode a system call comes back into user mode: each round begins anew in the vector's handler.
        const vectors = [...VECTORS];
        if (mode === MODES.usr) vectors[2] = W.instruction('MOV_shi', { d: 15, m: 14 });
        const body = [msrTo(0xc0 | mode), mrs(R4), W.instruction('ADD_imm', { d: 13, n: 13, i: 4 }), ...back];
        const result = run('psr', guest(name, forever(loop(body)), { vectors, budget: 1500 }));
        assert.ok(result.stubs > 100, `${name}: ${result.stubs} stubs`);
        if (mode !== MODES.svc) assert.ok(result.stubsLeft > 50, `${name}: ${result.stubsLeft} left`);
      }
      // One site that stays and goes by turns.
      const turns = [msr(R4), flip(R4, R5), mrs(R6)];
      const registers = { r4: 0xd3, r5: MODES.svc ^ MODES.irq };
      assert.ok(run('psr', guest('turns', forever(turns), { registers, budget: 1000 })).stubsLeft > 50);
    });

    it('open the masks with an interrupt pending', () => {
      // The line goes up, the mask opens, the handler takes the line down.
      for (const line of [1, 2, 3])
        for (const open of [0x13, 0x53, 0x93, 0x1f]) {
          const body = [set(R4, line), W.store(R4, R1, LINES_REGISTER), msrTo(open), W.NOP, msrTo(0xd3), mrs(R5)];
          const registers = { r1: DEVICE, r7: 0 };
          const options = { vectors: ACKNOWLEDGING, registers, budget: 1200 };
          const result = run('psr', guest(`line ${line}, ${open.toString(16)}`, forever(loop(body)), options));
          const opened = (line & 1 && !(open & 0x80)) || (line & 2 && !(open & 0x40));
          assert.ok(result.stubs > 50);
          assert.equal(result.stubsLeft > 30, Boolean(opened) || open === 0x1f, `${result.stubsLeft} left`);
        }
      // Interrupts that come at any instruction, in a stub or beside it.
      for (let interruptPeriod = 3; interruptPeriod < 40; interruptPeriod++) {
        const body = [msrTo(0x13), mrs(R4), msr(R4), msrTo(0x93), mrs(R5)];
        const options = { vectors: ACKNOWLEDGING, registers: { r1: DEVICE, r7: 0 }, interruptPeriod, budget: 800 };
        run('psr', guest(`period ${interruptPeriod}`, forever(loop(body)), options));
      }
    });

    it('leave the J bit alone, which an exception return can set and MRS does not show', () => {
      const enter = [W.kernel('MSR_reg', { R: 1, f: 15, m: R6 }), W.instruction('ADD_imm', { d: 14, n: 15, i: 0 })];
      const body = [mrs(R4), msr(R4), msrTo(0x93), msrTo(0xd3, 9)];
      const code = [...enter, W.kernel('MOV_shi', { S: 1, d: 15, m: 14 }), ...forever(loop(body))];
      const result = run('psr', guest('jazelle', code, { registers: { r6: 0x0900_00d3 }, budget: 300 }));
      assert.ok(result.stubs > 20);
    });

    it('are gone when their word is rewritten, and come back', () => {
      const site = CODE + 4;
      const words = [
        ...[mrs(R4), mrs(R5), W.NOP, W.BRANCH_TO_SELF, msr(R6), msrTo(0x93), msrTo(0x1f)],
        ...[W.load(R4, R1), W.svc(1), W.kernel('MRS', { d: R4, R: 1 }), mrs(R4, 0), 0xffff_ffff],
      ];
      for (const word of words) {
        // Twice round: with the first word, then with the other, then with the first again.
        const rewrite = [W.store(R8, R2), flip(R8, R9)];
        const code = forever([...loop([mrs(R4)]), ...rewrite]);
        const registers = { r1: DATA, r2: site, r6: 0xd3, r8: word, r9: word ^ mrs(R4) };
        const result = run('psr', guest(`to ${word.toString(16)}`, code, { registers, budget: 600 }));
        assert.ok(result.stubs > 4);
      }
    });

    it('belong to an address: a page that is mapped twice has its word executed at both', () => {
      for (const body of [[mrs(R4)], [msr(R6), mrs(R4)], [msrTo(0x93)]]) {
        const code = [...loop(body), flip(R8, R9), W.instruction('BX', { m: R8 })];
        const registers = { r6: 0x6000_0093, r8: CODE, r9: WINDOW };
        const result = run('psr', guest('alias', code, { l1: { 5: W.section(0) }, registers, budget: 1500 }));
        assert.ok(result.stubs > 30);
      }
    });

    it('may be taken from under a guest that executes them, with the tables of its page', () => {
      const l2 = Array.from({ length: 256 }, (_, page) => W.small(page << 12));
      const entry = 0xc000 + (CODE >>> 12) * 4;
      const code = forever([...loop([mrs(R4), msr(R4)]), W.store(R8, R2), flip(R8, R9), W.system(8, R4, 7, 0)]);
      const registers = { r2: entry, r8: W.small(CODE, 0xaa), r9: W.small(CODE, 0xaa) ^ W.small(CODE) };
      const options = { l1: { 0: W.coarse(0xc000) }, memory: new Map([[0xc000, l2]]), registers, budget: 1000 };
      assert.ok(run('psr', guest('own page', code, options)).stubs > 20);
    });
  });

  describe('coalesced writes (mmio)', () => {
    const quiet = DEVICE + 0x40;
    const registers = { r1: quiet, r2: DEVICE, r4: 0x1122_3344, r5: 0x5566_7788, r6: 3 };

    it('reach the device in order and with their own times, between reads and other writes', () => {
      const code = forever([
        ...[W.store(R4, R1), W.store(R5, R1, 4), W.load(R8, R1), W.store(R5, R2), W.store(R4, R1, 0x3c)],
        ...[W.store(R4, R1, 0x40), W.NOP, W.store(R5, R1), W.load(R9, R2, 8), W.store(R9, R1, 8)],
      ]);
      const result = run('mmio', guest('mixed', code, { registers, budget: 800 }));
      assert.ok(result.coalesced > 200, `${result.coalesced} coalesced`);
      for (let interruptPeriod = 2; interruptPeriod < 20; interruptPeriod++) {
        const options = { registers: { ...registers, r7: 0 }, interruptPeriod, vectors: ACKNOWLEDGING, cpsr: 0x13 };
        run('mmio', guest(`period ${interruptPeriod}`, code, options));
      }
    });

    it('may be more than the hypervisor has room for', () => {
      for (const body of [[W.store(R4, R1)], [W.store(R4, R1), W.store(R5, R1, 4), W.store(R4, R1, 8)]]) {
        const result = run('mmio', guest('storm', forever(body), { registers, budget: 1500 }));
        assert.ok(result.coalesced > 700, `${result.coalesced} coalesced`);
        // The core makes room by leaving the guest; there is no other reason to.
        assert.ok(Object.values(result.byCause).reduce((a, b) => a + b) < 40);
      }
    });

    it('of bytes, halfwords and many words reach it as they are', () => {
      const byte = W.instruction('STRB_imm', { P: 1, U: 1, d: R4, n: R1, i: 1 });
      const half = W.instruction('STRH_imm', { P: 1, U: 1, d: R5, n: R1, i: 2 });
      const words = [
        ...[byte, half, W.instruction('SWP', { d: R8, m: R4, n: R1 }), W.instruction('SWPB', { d: R8, m: R4, n: R1 })],
        ...[W.instruction('STRD_imm', { P: 1, U: 1, d: R4, n: R1 }), W.kernel('STRT_imm', { d: R4, n: R1, U: 1 })],
        ...[0x30, 0x1f2, 0x7fff].map((l) => W.instruction('STM', { n: R1, U: 1, l })),
        W.kernel('STM2', { n: R1, U: 1, l: 0x6030 }),
        W.instruction('STR_imm', { P: 1, U: 1, W: 1, d: R4, n: R1, i: 4 }),
      ];
      for (const word of words)
        for (const r1 of [quiet, DEVICE + 0x38, DEVICE + 0x78, DEVICE + 0x7e, DEVICE + REFUSED - 8, DEVICE + 0x3e8]) {
          const name = `${word.toString(16)} at ${r1.toString(16)}`;
          run(
            'mmio',
            guest(name, forever([word, byte, W.store(R5, R1, 8), half, W.load(R9, R2)]), {
              registers: { ...registers, r1 },
            }),
          );
        }
      const mixed = run('mmio', guest('small', forever([byte, half, W.store(R4, R1)]), { registers }));
      assert.ok(mixed.coalesced > 200);
    });

    it('wait no longer than the device allows, which may change its mind', () => {
      const code = forever([
        ...[W.store(R4, R1), W.store(R5, R1, 4), W.store(R4, R2), W.store(R6, R2, QUIET_REGISTER)],
        ...[W.store(R4, R1), W.store(R5, R1, 4), W.store(R4, R2), W.instruction('ADD_imm', { d: R6, n: R6, i: 1 })],
      ]);
      assert.ok(run('mmio', guest('zones', code, { registers, budget: 1000 })).coalesced > 50);
    });

    it('come before an interrupt that the next write raises', () => {
      const body = [W.store(R4, R1), W.store(R6, R2, LINES_REGISTER), W.store(R5, R1), W.store(R7, R1)];
      const options = { registers: { ...registers, r7: 0, r6: 1, r1: DEVICE, r2: DEVICE }, vectors: ACKNOWLEDGING };
      run('mmio', guest('line', forever([set(R6, 1), ...body]), { ...options, cpsr: 0x13 }));
      const low = [W.store(R4, R2, 0x44), W.store(R5, R2, 0x48), ...body, set(R6, 1)];
      run('mmio', guest('line, quiet before it', forever(low), { ...options, cpsr: 0x13 }));
    });

    it('go through the guest’s own mapping, also when it is taken away', () => {
      const l1 = { 5: W.section(DEVICE) };
      const table = 0x4000 + 5 * 4;
      const code = forever([W.store(R4, R1), W.store(R5, R1, 4), W.store(R8, R2), flip(R8, R9)]);
      for (const other of [0, W.section(0), W.section(DEVICE, 2), W.section(DEVICE, 0), W.section(DEVICE, 3, 1)])
        for (const cpsr of [0xd3, 0x10]) {
          const r8 = other;
          const given = { r1: WINDOW + 0x40, r2: table, r4: 1, r5: 2, r8, r9: other ^ W.section(DEVICE) };
          run(
            'mmio',
            guest(`${other.toString(16)} ${cpsr.toString(16)}`, code, { l1, registers: given, cpsr, dacr: 1 }),
          );
        }
    });
  });

  describe('exits that the core handles itself (core)', () => {
    it('enter user mode, and count no instruction too many', () => {
      for (const mode of [0x10, 0xd0, 0x50]) {
        const vectors = [...VECTORS];
        vectors[2] = W.instruction('MOV_shi', { d: 15, m: 14 });
        const body = [msrTo(mode), W.svc(0), mrs(R4), msr(R4), W.kernel('MSR_imm', { f: 8, i: 15, r: 2 })];
        const result = run('core', guest(mode.toString(16), forever(body), { vectors, budget: 400 }));
        assert.ok(result.fast > 200, `${result.fast} fast`);
      }
    });

    it('open the masks with an interrupt pending', () => {
      for (const line of [1, 2, 3])
        for (const open of [0x13, 0x53, 0x93, 0x1f, 0x10]) {
          const body = [set(R4, line), W.store(R4, R1, LINES_REGISTER), msrTo(open), W.svc(0), msrTo(0xd3), mrs(R5)];
          const vectors = [...ACKNOWLEDGING];
          vectors[2] = W.instruction('MOV_shi', { d: 15, m: 14 });
          const options = { vectors, registers: { r1: DEVICE, r7: 0 }, budget: 700 };
          assert.ok(run('core', guest(`line ${line}, ${open.toString(16)}`, forever(body), options)).fast > 100);
        }
    });

    it('are cache and TLB operations from each mode, undefined for the user', () => {
      const operations = [
        ...[5, 6, 7, 10, 14].flatMap((crm) => [0, 1, 2, 4].map((op2) => W.system(7, R4, crm, op2))),
        ...[5, 6, 7].flatMap((crm) => [W.system(8, R4, crm, 0), W.system(8, R4, crm, 1)]),
        ...[10, 14].flatMap((m) => [R4, 15].map((d) => W.instruction('MRC', { d, n: 7, p: 15, m, Q: 3 }))),
        ...[R4, 15].map((d) => W.instruction('MRC', { d, n: 8, p: 15, m: 7 })),
      ];
      for (const [name, mode] of Object.entries(MODES)) {
        const result = run('core', guest(name, forever(operations), { cpsr: 0xc0 | mode, budget: 400 }));
        if (mode === MODES.usr) assert.equal(result.fast, 0);
        else assert.ok(result.fast > 200, `${name}: ${result.fast} fast`);
      }
      run('core', guest('then wait', ending([...operations, W.system(7, R0, 0, 4)])));
    });
  });
});
