/** The Machine view's tree: what is open, what is found, and fields that are written. */
import assert from 'node:assert/strict';
import type { CpuState, MachineResponse } from '../../../debug-adapter/protocol.ts';
import { machineRows, matchingRows, openRows, withField } from './model.ts';

const cpu = (cpsr: string, m: boolean): CpuState => ({
  registers: { r0: '0x00000001', sp: '0xc0000000', cpsr, sp_irq: '0xc0001000' },
  status: 'Nzcvqjift svc',
  systemControl: [{ name: 'sctlr', value: '0x00000001', fields: [{ name: 'M', value: m, meaning: 'MMU on' }] }],
});

const MACHINE: MachineResponse = {
  ...{ mode: 'lpv', board: 'versatilepb', instructions: 1, time: 1, running: false, memory: [] },
  virtual: cpu('0x80000013', true),
  physical: cpu('0x80000010', false),
  devices: [
    {
      ...{ name: 'pl011-0', base: '0x101f1000', size: 4096 },
      registers: [
        {
          ...{ name: 'UARTCR', address: '0x101f1030', value: '0x00000301' },
          fields: [{ name: 'UARTEN', value: true, meaning: 'UART on' }],
        },
        { name: 'UARTIBRD', address: '0x101f1024', value: '0x00000000' },
      ],
    },
  ],
};

describe('model of the Machine view', () => {
  const rows = machineRows(MACHINE);
  const keys = (found: readonly { key: string }[]): string[] => found.map(({ key }) => key);

  it('shows groups, and what is open in them', () => {
    assert.deepEqual(keys(openRows(rows, new Set())), ['core', 'banks', 'cp15', 'device pl011-0']);
    assert.deepEqual(keys(openRows(rows, new Set(['device pl011-0']))).slice(3), [
      'device pl011-0',
      'device pl011-0/UARTCR',
      'device pl011-0/UARTIBRD',
    ]);
    // A register that is open in a group that is closed is not seen.
    assert.equal(openRows(rows, new Set(['cp15/sctlr'])).length, 4);
  });

  it('has both CPUs side by side', () => {
    const cpsr = rows.find(({ key }) => key === 'core/cpsr');
    assert.deepEqual([cpsr?.value, cpsr?.physical, cpsr?.meaning], ['0x80000013', '0x80000010', 'N svc']);
    const mode = rows.find(({ key }) => key === 'core/cpsr/mode');
    assert.deepEqual([mode?.value, mode?.physical, mode?.meaning], ['19', '16', 'svc']);
    const field = rows.find(({ key }) => key === 'cp15/sctlr/M');
    assert.deepEqual([field?.value, field?.physical], ['1', '0']);
  });

  it('finds registers and fields with what they belong to', () => {
    assert.deepEqual(keys(matchingRows(rows, 'uart on')), [
      'device pl011-0',
      'device pl011-0/UARTCR',
      'device pl011-0/UARTCR/UARTEN',
    ]);
    assert.deepEqual(matchingRows(rows, 'nothing'), []);
  });

  it('writes a field into its register, and refuses what does not fit', () => {
    const field = rows.find(({ key }) => key === 'core/cpsr/I')?.field;
    assert.ok(field);
    assert.equal(withField(field, '1'), '0x80000093');
    assert.throws(() => withField(field, '2'), /from 0 to 1/);
    assert.throws(() => withField(field, ''), /from 0 to 1/);
    const flag = rows.find(({ key }) => key === 'core/cpsr/N')?.field;
    assert.ok(flag);
    assert.equal(withField(flag, '0'), '0x00000013');
  });
});
