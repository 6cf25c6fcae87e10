import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('main.ts', import.meta.url));

function test(...argv: string[]): { code: number | null; stdout: string; stderr: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--import', 'tsx', MAIN, 'test', ...argv], {
    encoding: 'utf8',
    timeout: 60_000,
  });
  return { code: status, stdout, stderr };
}

describe('trapline test', function () {
  this.timeout(120_000);
  let folder: string;

  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'trapline-test-'));
    copyFileSync('guests/sample/kernel.elf', join(folder, 'kernel.elf'));
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  const declare = (tests: unknown): void =>
    writeFileSync(join(folder, 'guest.json'), JSON.stringify({ name: 'copy', kernel: 'kernel.elf', tests }));

  it('runs the tests of the sample kernel, to the same guest time in both modes', () => {
    const { code, stdout } = test('--format', 'json', '--only', 'checks');
    assert.equal(code, 0);
    const results = JSON.parse(stdout) as { name: string; mode: string; passed: boolean; seconds: number }[];
    assert.deepEqual(
      results.map(({ mode, passed }) => [mode, passed]),
      [
        ['native', true],
        ['lpv', true],
      ],
    );
    assert.equal(results[0].seconds, results[1].seconds);
  });

  it('reports a test that fails with the step and the end of the console', () => {
    declare([{ name: 'never', expect: 'no such text', timeout: 0.01 }]);
    const { code, stdout } = test(folder);
    assert.equal(code, 1);
    assert.match(
      stdout,
      /^FAILED never \(lpv\): 10\.000 ms of guest time\n +0\.01 s of guest time are over; step 1 expects/,
    );
    assert.match(stdout, /sample> \n0 passed, 1 failed\n$/);
  });

  it('writes coverage that tells executed lines from others, for all tests together', () => {
    declare([
      { name: 'boots', expect: '^sample> $' },
      { name: 'halts', steps: [{ expect: '^sample> $' }, { send: 'poweroff\n' }, { expect: '^stopped' }] },
    ]);
    const file = join(folder, 'lcov.info');
    const { code } = test(folder, '--coverage', file);
    assert.equal(code, 0);
    const records = readFileSync(file, 'utf8').split('end_of_record\n').slice(0, -1);
    for (const record of records) {
      const [found, hit] = [/^LF:(\d+)$/m, /^LH:(\d+)$/m].map((pattern) => Number(pattern.exec(record)?.[1]));
      const lines = [...record.matchAll(/^DA:(\d+),([01])$/gm)];
      assert.deepEqual([lines.length, lines.filter(([, , count]) => count === '1').length], [found, hit]);
    }
    const main = records.find((record) => record.includes('kernel/main.c')) ?? '';
    assert.match(main, /^FNDA:1,kernel_main$/m);
    assert.match(records.join(''), /^FNDA:0,panic$/m);
    const [, at] = /^FN:(\d+),kernel_main$/m.exec(main) ?? [];
    const source = readFileSync('guests/sample/kernel/main.c', 'utf8').split('\n');
    assert.match(source[Number(at) - 1], /kernel_main/);
  });

  it('refuses a guest without tests, and a test that is wrong, in one line', () => {
    declare(undefined);
    assert.match(test(folder).stderr, /^trapline: copy has no such test[^\n]*\n$/);
    declare([{ name: 'a', expect: '[' }]);
    const { code, stderr } = test(folder);
    assert.equal(code, 2);
    assert.ok(stderr.includes(resolve(folder, 'guest.json')) && stderr.includes('step 1'), stderr);
  });
});
