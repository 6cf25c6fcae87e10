import assert from 'node:assert/strict';
import { EveryWay } from './every-way.ts';
import { DEVICE, LINES_REGISTER, REFUSED } from './hostile-board.ts';
import { CODE, DATA, ending, forever, guest, L1, L2, returnHere, returnTo, WINDOW } from './hostile-guest.ts';
import { HYPERVISOR_BASE, type HostileGuest, type HostileResult } from './hostile-run.ts';
import { randomGuest } from './random-guest.ts';
import * as W from './words.ts';

/** Random guests in each test run; `HOSTILE_GUESTS=100000 npx mocha` runs a campaign. */
const RANDOM_GUESTS = Number(process.env.HOSTILE_GUESTS ?? 2000);
const FIRST_SEED = Number(process.env.HOSTILE_SEED ?? 1);

const [R0, R1, R2, R3, R4, R5] = [0, 1, 2, 3, 4, 5];

describe('escape: hostile guests, lpv equal to native at every exit', function () {
  this.timeout(60_000);
  let every: EveryWay;
  before(async () => {
    every = await EveryWay.create();
  });

  const run = (hostile: HostileGuest): HostileResult => every.runPlain(hostile);

  describe('the hypervisor’s memory', () => {
    it('is a bus error for loads, stores, fetches and table walks', () => {
      const code = ending([
        W.load(R0, R1),
        W.store(R0, R1),
        W.load(R0, R1, 0x800),
        W.instruction('BLX_reg', { m: R1 }),
      ]);
      const data = run(
        guest('section', code, { l1: { 5: W.section(HYPERVISOR_BASE) }, registers: { r1: WINDOW, r0: 0x1234 } }),
      );
      assert.equal(data.byCause['guest.data-abort'], 3);
      assert.ok(data.byCause['guest.prefetch-abort'] > 0);
      for (const descriptor of [W.coarse(HYPERVISOR_BASE), W.fine(HYPERVISOR_BASE + 0x4000)])
        assert.equal(
          run(guest('walk', code, { l1: { 5: descriptor }, registers: { r1: WINDOW } })).byCause['guest.data-abort'],
          3,
        );
      const table = [W.system(2, R2), W.NOP];
      run(guest('root', ending(table), { registers: { r2: HYPERVISOR_BASE } }));
      run(guest('flat', code, { sctlr: 0, registers: { r1: HYPERVISOR_BASE } }));
      run(guest('end', code, { l1: { 5: W.section(HYPERVISOR_BASE) }, registers: { r1: WINDOW + 0xf_fffc } }));
    });
  });

  describe('tables', () => {
    it('may be rewritten by the instruction that they map', () => {
      // The table maps itself; the first word stored takes the page of the second one away.
      const store = [
        W.instruction('STM', { n: R0, U: 1, l: 0x30 }),
        W.instruction('STRD_imm', { P: 1, U: 1, n: R0, d: R2 }),
      ];
      for (const word of store)
        for (const first of [0, W.section(0, 0), W.section(DEVICE), W.coarse(L2), W.section(0x10_0000)])
          run(guest('self', ending([word, W.NOP]), { registers: { r0: L1, r4: first, r5: 1, r2: first, r3: 1 } }));
    });

    it('may be rewritten word by word under a store of many words', () => {
      const l2 = Array.from({ length: 256 }, (_, page) => W.small(page << 12));
      const registers = { r0: WINDOW + L2 + 0x30, r4: W.small(DATA), r5: W.small(DEVICE), r6: W.small(L2), r7: 0 };
      const words = [W.load(R1, R0), W.instruction('STM', { n: R0, U: 1, W: 1, l: 0xf0 }), W.store(R1, R0)];
      run(guest('walk under way', ending(words), { l1: { 5: W.coarse(L2) }, memory: new Map([[L2, l2]]), registers }));
    });

    it('may serve as first and second level at once', () => {
      // Words of the first table, read as small pages: a change of one must drop what came from it at both levels.
      const l1 = { 5: W.coarse(L1), 1: W.small(DATA), 2: W.section(0) };
      const code = forever([
        W.load(R3, R1),
        W.load(R4, R2),
        W.store(R5, R0),
        W.load(R3, R1),
        W.load(R4, R2),
        W.store(R3, R0),
      ]);
      run(
        guest('both', code, {
          l1,
          registers: { r0: L1 + 8, r1: WINDOW + 0x2000, r2: 0x0020_0000, r5: W.section(DEVICE) },
        }),
      );
    });

    it('may be changed through the fast context switch extension', () => {
      const code = ending([W.load(R3, R1), W.store(R2, R0), W.load(R3, R1), W.load(R4, R1, 4)]);
      const l1 = { 0x20: W.section(0), 0x21: W.section(0) };
      const registers = { fcseidr: 0x0200_0000, r0: 0x4084, r1: 0x0010_0000 + DATA, r2: W.section(DEVICE) };
      run(guest('fcse', code, { l1, registers }));
    });

    it('may change a right, a domain, a kind or a page size after use', () => {
      const l2 = [W.small(DATA, 0xff), W.large(0, 0x1b), W.small(DATA), W.tiny(DATA)];
      for (const kind of [W.coarse, W.fine])
        for (const value of [
          W.small(DATA, 0x55),
          W.small(DATA, 0),
          W.small(DATA, 0xaa),
          W.large(DATA),
          0,
          W.tiny(DATA | 0xc00),
          W.small(DEVICE),
        ]) {
          const code = forever([
            W.load(R3, R1),
            W.store(R3, R1, 4),
            W.store(R2, R0),
            W.load(R3, R1),
            W.store(R3, R1, 8),
            W.store(R4, R0),
          ]);
          const registers = { r0: L2, r1: WINDOW, r2: value, r4: l2[0] };
          const options = { l1: { 5: kind(L2) }, memory: new Map([[L2, l2]]), registers };
          run(guest('rights', code, options));
          run(guest('rights of the user', code, { ...options, cpsr: 0x10 }));
        }
      const code = forever([W.load(R3, R1), W.store(R2, R0), W.load(R3, R1), W.store(R3, R1), W.store(R4, R0)]);
      for (const value of [W.coarse(L2), W.fine(L2), 0, W.section(0, 0), W.section(0, 3, 3), W.section(DEVICE)]) {
        const registers = { r0: L1 + 20, r1: WINDOW + 0x40, r2: value, r4: W.section(0) };
        run(guest('kind', code, { l1: { 5: W.section(0) }, memory: new Map([[L2, l2]]), registers, dacr: 0x55 }));
      }
    });

    it('may give the kernel pages that LDRT must not reach, beside pages of the user', () => {
      // User mode has a page of the megabyte, and the kernel has used its own, when LDRT and STRT come to that one.
      const l2 = [W.small(DATA, 0x55), W.small(DATA, 0xff), W.small(DATA, 0xaa)];
      const userAccesses = ['LDRT_imm', 'STRT_imm', 'LDRBT_imm', 'STRBT_imm'].map((name) =>
        W.kernel(name, { n: R5, d: R4, U: 1 }),
      );
      const turn = [
        W.kernel('LDRT_imm', { n: R0, d: R3, U: 1 }),
        ...[W.load(R3, R1), W.store(R3, R1, 4), W.load(R3, R1, 0x400), W.instruction('MOV_shi', { d: R5, m: R2 })],
      ];
      for (const r2 of [WINDOW, WINDOW + 0x1000, WINDOW + 0x2000])
        for (const access of userAccesses) {
          const registers = { r0: WINDOW + 0x1000, r1: WINDOW, r2 };
          const code = forever([...turn, access, W.load(R3, R2), access]);
          const result = run(
            guest('user access', code, { l1: { 5: W.coarse(L2) }, memory: new Map([[L2, l2]]), registers }),
          );
          const forbidden =
            r2 === WINDOW || (r2 !== WINDOW + 0x1000 && (access === userAccesses[1] || access === userAccesses[3]));
          // The abort handler returns each time.
          assert.equal(result.byCause['return.data-processing'] > 30, forbidden);
        }
    });

    it('may be left by domains, S and R bits, roots and flushes at every turn', () => {
      const l1 = { 5: W.section(0, 0, 2), 6: W.section(0, 2, 1), 7: W.coarse(L2, 3) };
      const turn = [
        ...[W.load(R3, R1), W.store(R3, R1), W.system(3, R2), W.load(R3, R1), W.system(1, R4), W.load(R3, R1)],
        ...[W.kernel('LDRT_imm', { n: R1, d: R3, U: 1 }), W.kernel('STRT_imm', { n: R1, d: R3, U: 1 })],
        ...[W.system(8, R1, 7, 0), W.system(8, R1, 5, 1), W.system(2, R5), W.load(R3, R1)],
        ...[W.instruction('EOR_shi', { d: R2, n: R2, m: 6 }), W.instruction('EOR_imm', { d: R4, n: R4, i: 3, r: 12 })],
      ];
      for (const r1 of [WINDOW, 0x0060_0000, 0x0070_0000])
        run(guest('turns', forever(turn), { l1, registers: { r1, r2: 0x55, r4: 1, r5: L1, r6: 0x1e4 }, budget: 600 }));
    });
  });

  describe('devices', () => {
    it('that refuse are bus errors, however often', () => {
      const result = run(
        guest('refused', forever([W.load(R0, R1), W.store(R0, R1)]), { registers: { r1: DEVICE + REFUSED } }),
      );
      assert.ok(result.byCause['mmio.unassigned'] >= 100);
      assert.equal(result.instructions, 300);
      run(
        guest('refused, then not', forever([W.load(R0, R1), W.load(R0, R2)]), {
          registers: { r1: DEVICE + REFUSED, r2: DEVICE },
        }),
      );
    });

    it('are asked once by an instruction that faults after their answer', () => {
      const swap = W.instruction('SWP', { n: R1, m: R2, d: R3 });
      run(guest('swap', forever([swap]), { registers: { r1: DEVICE + 0x40 } }));
      run(
        guest('swap of what can only be read', forever([swap]), {
          l1: { 5: W.section(DEVICE, 2) },
          cpsr: 0x10,
          registers: { r1: WINDOW + 0x40 },
        }),
      );
      // A transfer from the device into RAM that has no shadow entry yet, and into nothing.
      const l2 = [W.small(DEVICE), W.small(DATA), W.small(DEVICE), 0, W.small(L2), W.small(DEVICE)];
      for (const name of ['LDM', 'STM', 'LDM2', 'STM2'])
        for (const page of [1, 2, 3, 4, 5]) {
          const word = W.kernel(name, { n: R0, U: 1, l: 0x3e });
          const registers = { r0: WINDOW + page * 0x1000 - 8 };
          run(
            guest(`${name} into page ${page}`, forever([word]), {
              l1: { 5: W.coarse(L2) },
              memory: new Map([[L2, l2]]),
              registers,
            }),
          );
        }
    });

    it('may storm with accesses and with interrupts', () => {
      const code = forever([
        W.load(R0, R1),
        W.store(R0, R1, 4),
        W.store(R2, R1, LINES_REGISTER),
        W.instruction('ADD_imm', { d: R2, n: R2, i: 1 }),
      ]);
      const storm = run(guest('storm', code, { registers: { r1: DEVICE }, budget: 2000 }));
      assert.ok(storm.byCause['mmio.unassigned'] > 800);
      for (const cpsr of [0x13, 0x10, 0x53, 0x11])
        run(guest('lines', code, { cpsr, registers: { r1: DEVICE }, interruptPeriod: 2, budget: 1000 }));
    });
  });

  describe('exceptions', () => {
    it('that never end cost their count and nothing else', () => {
      const missing = run(guest('no vectors', [0xffff_ffff], { l1: { 0: 0 }, budget: 500 }));
      assert.equal(missing.byCause['guest.prefetch-abort'], 500);
      const abort = [W.NOP, returnHere, returnHere, returnHere, W.load(R0, R1), W.NOP, returnTo(4), returnTo(4)];
      assert.ok(
        run(guest('abort in abort', [W.load(R0, R1)], { vectors: abort, registers: { r1: 0x0f00_0000 } })).byCause[
          'guest.data-abort'
        ] >= 299,
      );
      run(guest('high vectors', [W.svc(3)], { sctlr: 0x2001, budget: 100 }));
      run(guest('vectors in the device', [W.svc(3)], { sctlr: 0x2001, l1: { 0xfff: W.section(DEVICE) }, budget: 100 }));
    });

    it('of the kernel to itself are its own', () => {
      const result = run(guest('svc', forever([W.svc(0x12_3456), W.svc(0), W.NOP])));
      assert.ok(result.byCause['guest.kernel-svc'] > 50);
    });

    it('come from every undefined class, in every mode', () => {
      const classes = [
        ...[
          0xe7f0_00f0,
          0xe6000_010 >>> 0,
          0xee00_0000,
          0xee10_0e10,
          0xec40_0100,
          0xec50_0100,
          0xec00_0100,
          0xec10_0200,
        ],
        ...[0xed9f_0b00, 0xee00_1a10, 0xfe00_0010, 0xfc00_0000, 0xf57f_f01f, 0xf100_0000, 0xf8bd_0a00, 0xf96d_0510],
        ...[
          0xe320_f003, 0xe190_0f9f, 0xe180_0f91, 0xe6bf_0f30, 0xe700_0010, 0xe1b0_0070, 0xe120_0070, 0xffff_ffff,
          0xf000_0000,
        ],
        ...[0xee07_0f15, 0xee1f_ff10, 0xee11_0f11, 0xee01_0e10, 0xeee1_0a10, 0xe3a0_f00f, 0xe1a0_0ff0],
      ].map(W.patched);
      for (const cpsr of [0xd3, 0x10, 0x1f, 0x11, 0xdb]) run(guest('undefined', ending(classes), { cpsr }));
      for (const word of classes) run(guest(`word ${word.toString(16)}`, forever([word])));
    });

    it('return to any mode, also to modes that do not exist', () => {
      for (let mode = 0; mode < 32; mode++) {
        const words = [
          W.kernel('MSR_imm', { R: 1, f: 9, i: mode }),
          W.kernel('MRS', { R: 1, d: R4 }),
          ...ldmReturn(mode),
        ];
        run(guest(`mode ${mode.toString(16)}`, words, { registers: { lr: CODE + 4 * words.length } }));
      }
    });

    it('find banked registers as they left them', () => {
      const words = [0x11, 0x12, 0x17, 0x1b, 0x1f, 0x13].flatMap((mode) => [
        W.kernel('MSR_imm', { f: 1, i: 0xc0 | mode }),
        W.kernel('STM2', { n: R0, U: 1, l: 0x7f00 }),
        ...[8, 9, 12, 13, 14].map((d) => W.instruction('ADD_imm', { d, n: d, i: mode })),
        W.kernel('LDM2', { n: R0, U: 1, l: 0x7f00 }),
        W.kernel('MRS', { d: R4 }),
      ]);
      run(guest('banks', forever(words), { registers: { r0: DATA }, interruptPeriod: 9, budget: 1500 }));
    });
  });

  describe('code', () => {
    it('may take itself away under a store of many words', () => {
      // The second level maps the code too: the store rewrites the entry of its own page, then a device or a new page.
      const l2 = Array.from({ length: 256 }, (_, page) => W.small(page << 12));
      const stm = W.instruction('STM', { n: R0, U: 1, l: 0x3c });
      for (const entry of [0, W.small(DATA), W.small(DEVICE)])
        for (const trapped of [stm, W.kernel('STM2', { n: R0, U: 1, l: 0x3c })]) {
          const l1 = { 0: W.coarse(L2), 5: W.coarse(L2 + 0x400) };
          // The last words of the table's page, then what follows: nothing, RAM without an entry, a device.
          for (const next of [0, W.small(DATA), W.small(DEVICE), W.small(HYPERVISOR_BASE)]) {
            const window = [W.small(L2), next];
            const memory = new Map([
              [L2, l2],
              [L2 + 0x400, window],
              [L2 + 0xff8, [0, 0]],
            ]);
            const registers = { r0: WINDOW + 0x40 - 4, r2: 1, r3: entry, r4: entry, r5: entry };
            run(guest('own page', ending([trapped, W.NOP]), { l1, memory, registers }));
            run(guest('own word', ending([trapped, W.NOP]), { l1, memory, registers: { ...registers, r0: CODE - 8 } }));
            const across = { ...registers, r0: WINDOW + 0xff8 };
            run(guest('across', ending([trapped, W.NOP]), { l1, memory, registers: across }));
          }
        }
    });

    it('may rewrite trap words, its own page and its tables at once', () => {
      const other = W.kernel('MRS', { d: R4, R: 1 });
      const code = [
        W.kernel('MRS', { d: R3 }),
        W.store(R2, R1),
        W.instruction('EOR_shi', { d: R2, n: R2, m: R5 }),
        W.branch(-3),
      ];
      run(guest('trap', code, { registers: { r1: CODE, r2: other, r5: other ^ W.kernel('MRS', { d: R3 }) } }));
      // Code in the page of the table that maps it.
      const table = Array.from({ length: 256 }, (_, page) => W.small(page << 12));
      const inside = forever([W.store(R2, R1), W.NOP, W.store(R3, R1), W.store(R2, R0, 0)]);
      const options = {
        l1: { 5: W.coarse(L2) },
        memory: new Map([
          [L2, table],
          [L2 + 0x800, inside],
          [CODE, [W.instruction('BX', { m: R4 })]],
        ]),
      };
      const registers = {
        r0: WINDOW + L2 + 0xc,
        r1: L2 + 0x804,
        r2: W.NOP,
        r3: W.NOP ^ 0x1000,
        r4: WINDOW + L2 + 0x800,
      };
      run(guest('table page', [W.instruction('BX', { m: R4 })], { ...options, registers }));
    });

    it('may turn the MMU off and on, in Thumb state, too', () => {
      const code = forever([W.system(1, R4), W.load(R3, R1), W.system(1, R5), W.load(R3, R1)]);
      run(
        guest('toggle', code, { l1: { 5: W.section(0) }, registers: { r1: WINDOW, r4: 0, r5: 0x2001 }, sctlr: 0x2001 }),
      );
      // mov r0, #1; svc 3; str r0, [r1]; ldr r2, [r1]; bkpt 0; undefined; b start
      const thumb = [0xdf03_2001, 0x680a_6008, 0xde00_be00, 0xe7f8_46c0];
      for (const cpsr of [0x30, 0xf3])
        for (const r1 of [DATA, DEVICE, 0x0f00_0000, L1 + 0x40])
          run(guest('thumb', thumb, { registers: { r1, pc: CODE, ...({ cpsr } as object) }, cpsr }));
    });

    it('may wait for what never comes', () => {
      const wait = W.system(7, R0, 0, 4);
      assert.equal(run(guest('masked', [wait])).stop, 'halted');
      assert.equal(run(guest('open', [wait], { cpsr: 0x13 })).stop, 'idle');
      assert.equal(run(guest('spin', [W.BRANCH_TO_SELF])).stop, 'halted');
      assert.equal(run(guest('woken', forever([wait]), { cpsr: 0x13, interruptPeriod: 50 })).stop, 'budget');
    });
  });

  it(`may be random: ${RANDOM_GUESTS} guests`, function () {
    this.timeout(60_000 + RANDOM_GUESTS * 20);
    for (let seed = FIRST_SEED; seed < FIRST_SEED + RANDOM_GUESTS; seed++) {
      every.runRandom(seed, randomGuest(seed));
    }
  });
});

/** Ways to leave through SPSR: data processing, and a load of PC with it. */
function ldmReturn(mode: number): number[] {
  return mode & 1
    ? [returnHere, W.BRANCH_TO_SELF]
    : [W.kernel('STM', { n: 13, P: 1, W: 1, l: 0x4000 }), W.kernel('LDM3', { n: 13, U: 1, W: 1, l: 0x8000 })];
}
