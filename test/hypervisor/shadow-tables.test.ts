/** The shadow at its limits: when its pool of tables is used up it starts again, and stays exact. */
import assert from 'node:assert/strict';
import { LAYOUT as L } from '../../emulator/layout.ts';
import { HOST_RAM } from '../../hypervisor/shadow/host-ram.ts';
import { HostilePair, hypervisorRam, RAM_SIZE, type HostileGuest } from './hostile-run.ts';
import * as W from './words.ts';

const L1 = 0x4000;
const CODE = 0x1_0000;

/** Steps r0 by r1 for ever, with an access at each step. */
function walker(access: number, start: number, step: number, budget: number): HostileGuest {
  const code = [access, W.instruction('ADD_shi', { d: 0, n: 0, m: 1 }), W.branch(-2)];
  return {
    name: 'walker',
    memory: new Map([
      // Every megabyte is the first one, so that all of them are RAM up to its end.
      [L1, Array.from({ length: 4096 }, () => W.section(0))],
      [CODE, code],
    ]),
    registers: [
      ...([
        ['ttbr0', L1],
        ['dacr', 1],
        ['sctlr', 1],
        ['cpsr', 0xd3],
      ] as const),
      ...([
        ['r0', start],
        ['r1', step],
        ['r2', 0x1234],
        ['pc', CODE],
      ] as const),
    ],
    budget,
  };
}

describe('shadow tables', function () {
  this.timeout(60_000);
  let pair: HostilePair;
  before(async () => {
    pair = await HostilePair.create();
  });

  it('start again when the pool of second-level tables is used up', () => {
    // LDRT uses the other root: two tables for each megabyte.
    const { virtualized } = pair;
    const both = walker(W.kernel('LDRT_imm', { d: 3, n: 0, U: 1 }), 0x2_0000, 0x10_0000, 3 * 4096);
    const flushes = virtualized.statistics.shadow.flushes;
    assert.deepEqual(pair.run(both).problems, []);
    const code = [W.load(2, 0), ...(both.memory.get(CODE) ?? [])];
    code[code.length - 1] = W.branch(-3);
    const result = pair.run({ ...both, memory: new Map([...both.memory, [CODE, code]]), budget: 4 * 4096 });
    assert.deepEqual(result.problems, []);
    assert.ok(virtualized.statistics.shadow.flushes > flushes);
  });

  it('keep every mapping of a page that is mapped 70,000 times', () => {
    const { virtualized } = pair;
    const before = virtualized.statistics.shadow;
    const guest = walker(W.store(2, 0), 0x10_0000, 0x1000, 3 * 70_000);
    // Every page but those of the first megabyte is one page of data.
    const l1 = Array.from({ length: 4096 }, (_, megabyte) => (megabyte ? W.coarse(0xc000) : W.section(0)));
    const l2 = Array.from({ length: 256 }, () => W.small(0x2_0000));
    const result = pair.run({ ...guest, memory: new Map([...guest.memory, [L1, l1], [0xc000, l2]]) });
    assert.deepEqual(result.problems, []);
    const after = virtualized.statistics.shadow;
    assert.ok(after.fills - before.fills > 65_536, `${after.fills - before.fills} fills`);
    assert.ok(after.entries > 65_536);
    assert.equal(virtualized.vcpu.shadow.check(), undefined);
  });

  it('may be filled at one count any number of times, if the machine is reset between', () => {
    const guest = walker(W.load(2, 0), 0x2_0000, 4, 1);
    for (let round = 0; round < 1100; round++) assert.deepEqual(pair.run(guest).problems, []);
  });

  it('never grant more than the guest grants, in host memory only', () => {
    const table = Array.from({ length: 256 }, (_, page) => W.small(page << 12, [0x00, 0x55, 0xaa, 0xff][page & 3]));
    const guest = walker(W.load(3, 0), 0x2_0000, 0x1000, 300);
    const memory = new Map([...guest.memory, [0xc000, table], [L1, [W.section(0), W.coarse(0xc000)]]]);
    assert.deepEqual(pair.run({ ...guest, memory }).problems, []);
    const ram = hypervisorRam(pair.virtualized);
    const words = new Uint32Array(ram.buffer, ram.byteOffset, ram.length / 4);
    const host = L.HOST_PAGE * 4096;
    let entries = 0;
    for (let view = 0; view < HOST_RAM.TABLES / 0x4000; view++)
      for (let megabyte = 0; megabyte < 4095; megabyte++) {
        const first = view * 0x4000 < HOST_RAM.ROOTS ? 0 : words[view * 4096 + megabyte];
        const root = (view - HOST_RAM.ROOTS / 0x4000) & 1;
        if (!first) continue;
        assert.equal(first & 3, 1, 'a coarse table');
        const base = ((first & 0xffff_fc00) >>> 0) - host;
        assert.ok(base >= HOST_RAM.TABLES && base < ram.length, 'the table is in host memory');
        for (let i = 0; i < 256; i++) {
          const second = words[base / 4 + i];
          if (!second) continue;
          entries++;
          assert.ok((second & 0xffff_f000) >>> 0 < RAM_SIZE, 'a page of the guest');
          for (let quarter = 0; quarter < 4; quarter++) {
            const ap = (second >>> (4 + quarter * 2)) & 3;
            const guestAp = megabyte === 1 ? (table[i] >>> (4 + quarter * 2)) & 3 : 3;
            const most = root === 0 ? [1, 3, 3, 3][guestAp] : [1, 1, 2, 3][guestAp];
            assert.ok(ap <= most, `megabyte ${megabyte}, page ${i}: ${ap} of ${most}`);
          }
        }
      }
    assert.ok(entries > 3);
  });
});
