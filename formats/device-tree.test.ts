import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import {
  cellsProperty,
  cellsValue,
  ensureNode,
  findNode,
  parseDeviceTree,
  serializeDeviceTree,
  stringProperty,
  stringValue,
} from './device-tree.ts';
import { damaged, throwsOnlyInputError } from './fuzz.testing.ts';

const blob = new Uint8Array(readFileSync(new URL('../guests/linux/versatile-pb.dtb', import.meta.url)));

/** The source text that the real dtc makes of a blob, undefined when there is no dtc. */
function decompile(bytes: Uint8Array): string | undefined {
  const { error, status, stdout } = spawnSync('dtc', ['-q', '-I', 'dtb', '-O', 'dts'], {
    input: bytes,
    encoding: 'utf8',
  });
  if (error) return undefined;
  assert.equal(status, 0);
  return stdout;
}

describe('device tree', () => {
  it('finds nodes and properties', () => {
    const tree = parseDeviceTree(blob);
    assert.equal(stringProperty(tree.root, 'model'), 'ARM Versatile PB');
    assert.deepEqual(cellsProperty(findNode(tree, '/memory')!, 'reg'), [0, 0x8000000]);
    assert.equal(findNode(tree, '/amba/uart@101f1000'), findNode(tree, 'amba/uart@101f1000'));
    assert.ok(findNode(tree, '/xtal24mhz'));
    assert.equal(findNode(tree, '/nowhere/else'), undefined);
  });

  it('keeps edits through serialising', () => {
    const tree = parseDeviceTree(blob);
    ensureNode(tree, '/chosen').properties.set('bootargs', stringValue('console=ttyAMA0'));
    ensureNode(tree, '/a/b').properties.set('cells', cellsValue([1, 0xffff_ffff]));
    const again = parseDeviceTree(serializeDeviceTree({ ...tree, reservations: [{ address: 16n, size: 1n << 40n }] }));
    assert.equal(stringProperty(findNode(again, '/chosen')!, 'bootargs'), 'console=ttyAMA0');
    assert.deepEqual(cellsProperty(findNode(again, '/a/b')!, 'cells'), [1, 0xffff_ffff]);
    assert.deepEqual(again.reservations, [{ address: 16n, size: 1n << 40n }]);
  });

  it('is the same tree for the real dtc', function () {
    const expected = decompile(blob);
    if (expected === undefined) this.skip();
    assert.equal(decompile(serializeDeviceTree(parseDeviceTree(blob))), expected);
  });

  it('reads what the real dtc compiles', function () {
    const source = '/dts-v1/; /memreserve/ 0x1000 0x2000; / { a = "x", "y"; b { c; d = <1 2>; }; };';
    const { error, stdout } = spawnSync('dtc', ['-q', '-I', 'dts', '-O', 'dtb'], { input: source });
    if (error) this.skip();
    const tree = parseDeviceTree(new Uint8Array(stdout));
    assert.deepEqual(tree.reservations, [{ address: 0x1000n, size: 0x2000n }]);
    assert.equal(stringProperty(tree.root, 'a'), 'x');
    assert.equal(findNode(tree, '/b')?.properties.get('c')?.length, 0);
  });

  it('answers damaged blobs with an InputError', () => {
    const seed = serializeDeviceTree(parseDeviceTree(blob));
    fc.assert(
      fc.property(damaged(seed), (bytes) => throwsOnlyInputError(() => parseDeviceTree(bytes))),
      { numRuns: 1000 },
    );
  });
});
