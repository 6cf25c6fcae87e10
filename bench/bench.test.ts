import assert from 'node:assert/strict';
import { hasQemu, ourProgram, qemuProgram } from './emulators.ts';
import { bytesByFunction } from './heap.ts';
import { measure, median } from './measure.ts';
import { buildProgram, canBuildPrograms, PROGRAMS } from './programs.ts';
import { formatTable } from './table.ts';

const printing = (script: string): [string, string[]] => [process.execPath, ['-e', script]];

describe('bench', () => {
  it('takes the median', () => {
    assert.equal(median([3, 1, 2]), 2);
    assert.equal(median([4, 1, 2, 3]), 2.5);
  });

  it('aligns tables', () => {
    assert.equal(formatTable(['name', 'n'], [['x', '10']]), '| name |   n |\n| ---- | --: |\n| x    |  10 |');
  });

  it('times between marks', async () => {
    const { seconds, output } = await measure(
      ...printing("console.log('a'); setTimeout(() => console.log('b'), 200); setTimeout(() => {}, 60_000)"),
      { from: 'a', to: 'b' },
    );
    assert.ok(seconds > 0.15 && seconds < 10, `${seconds} s`);
    assert.equal(output, 'a\nb\n');
  });

  it('says so when a process ends before its mark', async () => {
    await assert.rejects(
      measure(...printing("console.log('no')"), { to: 'yes' }),
      /ended before it printed yes:\n {2}no/,
    );
  });

  it('adds up allocations of the same function', () => {
    const frame = (functionName: string) => ({ functionName, url: 'file:///x/cli.js' });
    const leaf = { callFrame: frame('f'), selfSize: 5, children: [] };
    const root = { callFrame: frame('f'), selfSize: 1, children: [leaf, { ...leaf, callFrame: frame('') }] };
    assert.deepEqual(
      [...bytesByFunction(root)],
      [
        ['f (cli.js)', 6],
        ['(anonymous) (cli.js)', 5],
      ],
    );
  });
});

describe('benchmark programs', () => {
  before(function () {
    if (!canBuildPrograms()) this.skip();
  });

  const emulators = [
    ['QEMU', qemuProgram],
    ['ours', ourProgram],
  ] as const;
  for (const [name, commandLine] of emulators) {
    for (const program of PROGRAMS) {
      it(`${program.name} ends with its checksum under ${name}`, async function () {
        if (name === 'QEMU' && !hasQemu()) this.skip();
        const { command, args } = commandLine(buildProgram(program, 'short'));
        const { output } = await measure(command, args, { to: '@@END', timeoutSeconds: 60 });
        assert.match(output, new RegExp(`@@END sum=${program.short.sum}`));
      }).timeout(60_000);
    }
  }
});
