import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { FILE_TYPE, isCpio, readCpio, writeCpio, type CpioEntry } from './cpio.ts';
import { damaged, throwsOnlyInputError } from './fuzz.testing.ts';
import { gunzip } from './gzip.ts';

const entries: CpioEntry[] = [
  { name: 'bin', mode: FILE_TYPE.directory | 0o755, nlink: 2, data: new Uint8Array(0) },
  { name: 'bin/hello', mode: FILE_TYPE.regular | 0o644, data: new TextEncoder().encode('hello\n') },
  { name: 'sh', mode: FILE_TYPE.link | 0o777, data: new TextEncoder().encode('bin/hello') },
  { name: 'dev-console', mode: FILE_TYPE.character | 0o600, device: [5, 1], data: new Uint8Array(0) },
];

describe('cpio', () => {
  it('reads what it writes', () => {
    const back = readCpio(writeCpio(entries));
    assert.deepEqual(
      back.map(({ name, mode, data }) => ({ name, mode, text: new TextDecoder().decode(data) })),
      entries.map(({ name, mode, data }) => ({ name, mode, text: new TextDecoder().decode(data) })),
    );
    assert.deepEqual(back[3].device, [5, 1]);
  });

  it('reads the initial RAM disk of the Linux guest', () => {
    const packed = readFileSync(new URL('../guests/linux/initramfs.cpio.gz', import.meta.url));
    const names = readCpio(gunzip(packed, 1 << 24)).map((entry) => entry.name);
    assert.ok(names.includes('init') && names.includes('bin/busybox'));
  });

  it('is read by the real cpio', function () {
    const input = Buffer.from(writeCpio(entries));
    const { error, stdout, stderr } = spawnSync('cpio', ['-tv', '--quiet'], { input, encoding: 'utf8' });
    if (error) this.skip();
    assert.equal(stderr, '');
    const lines = stdout.trim().split('\n');
    assert.equal(lines.length, 4);
    assert.match(lines[1], /^-rw-r--r--.* 6 .*bin\/hello$/);
    assert.match(lines[2], /^lrwxrwxrwx.*sh -> bin\/hello$/);
    assert.match(lines[3], /^crw-------.* 5, +1 /);
  });

  it('reads what the real cpio writes', function () {
    const { error, stdout } = spawnSync('cpio', ['-o', '-H', 'newc', '--quiet'], {
      input: 'cpio.ts\n',
      cwd: new URL('.', import.meta.url).pathname,
    });
    if (error) this.skip();
    const [entry] = readCpio(new Uint8Array(stdout));
    assert.equal(entry.name, 'cpio.ts');
    assert.deepEqual(Buffer.from(entry.data), readFileSync(new URL('./cpio.ts', import.meta.url)));
  });

  it('answers damaged archives with an InputError', () => {
    assert.equal(isCpio(new Uint8Array(5)), false);
    fc.assert(
      fc.property(damaged(writeCpio(entries)), (bytes) => throwsOnlyInputError(() => readCpio(bytes))),
      { numRuns: 1000 },
    );
  });
});
