/** The symbol reader beside addr2line, readelf and gdb, on one program compiled in every way. */
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { DebugInfo } from '../../symbols/debug-info.ts';
import { build, buildObject, CLANG, hasCompiler, WAYS, type Way } from './compile.ts';
import { hasGdb } from './gdb.ts';
import * as oracles from './oracles.ts';
import type { Comparison, NamedType } from './oracles.ts';
import { compareScopes } from './scope-oracle.ts';

const TYPES: readonly NamedType[] = [
  { namespace: 'struct', name: 'node' },
  { namespace: 'struct', name: 'bits' },
  { namespace: 'struct', name: 'flexible' },
  { namespace: 'union', name: 'number' },
  { namespace: 'enum', name: 'colour' },
  { namespace: 'enum', name: 'flags' },
  { namespace: 'typedef', name: 'operation' },
];
/** Types that no variable needs are not always written. */
const GLOBALS = ['first', 'second', 'number', 'flags', 'bytes', 'limits', 'table', 'tail', 'hidden'];

function same({ compared, differences }: Comparison, least: number): void {
  assert.deepEqual(differences.slice(0, 10), [], `${differences.length} of ${compared} differ`);
  assert.ok(compared >= least, `only ${compared} compared`);
}

describe('DWARF reader', function () {
  this.timeout(30_000);
  let folder: string;
  let withGdb: boolean;

  before(function () {
    if (!hasCompiler()) this.skip();
    withGdb = hasGdb();
  });
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'dwarf-'))));
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  /** Opens a program. What tools that cannot read split files are asked is the same program with all in one file. */
  function open(way: Way): { info: DebugInfo; file: string } {
    const file = build(way, folder);
    const loadSplit = (name: string): Uint8Array | undefined => {
      const path = join(folder, basename(name));
      return existsSync(path) ? readFileSync(path) : undefined;
    };
    const info = DebugInfo.open(readFileSync(file), { name: 'program.elf', loadSplit });
    if (!way.flags.includes('-gsplit-dwarf')) return { info, file };
    // Read before the other build replaces them.
    for (const unit of info.units.units) info.units.full(unit);
    return { info, file: build({ ...way, flags: way.flags.filter((flag) => flag !== '-gsplit-dwarf') }, folder) };
  }

  for (const way of WAYS) {
    it(`agrees with addr2line, readelf and gdb: ${way.name}`, function () {
      if (way.clang && !CLANG) this.skip();
      const { info, file } = open(way);
      const addresses = oracles.rowAddresses(info);
      same(oracles.compareLines(info, file, addresses), 40);
      if (!way.flags.includes('-gsplit-dwarf')) same(oracles.compareFunctions(info, file), 2);
      if (way.name === 'DWARF 4 -O2') same(oracles.compareFrames(info, file, addresses), 40);
      if (!withGdb) return;
      same(
        oracles.compareTypes(
          info,
          file,
          TYPES.filter(({ name }) => name !== 'flexible' && name !== 'flags'),
        ),
        5,
      );
      same(
        oracles.compareGlobals(
          info,
          file,
          GLOBALS.filter((name) => info.globalsNamed(name).length > 0),
        ),
        2,
      );
      same(compareScopes(info, file, addresses, way.clang), 40);
      same(oracles.compareBreakpoints(info, file, ['main', 'external']), 2);
    });
  }

  for (const version of [2, 4, 5]) {
    it(`applies the relocations of an object, DWARF ${version}`, () => {
      const file = buildObject([`-gdwarf-${version}`, '-O1'], folder);
      const info = DebugInfo.open(readFileSync(file), { name: 'object.o' });
      same(oracles.compareLines(info, file, oracles.rowAddresses(info)), 30);
      assert.equal(info.functionsNamed('add')[0].name, 'add');
    });
  }

  it('places the sections of a module where they are loaded', () => {
    const bytes = readFileSync(buildObject(['-gdwarf-4', '-O1'], folder));
    const here = DebugInfo.open(bytes);
    const there = DebugInfo.open(bytes, {
      sectionAddresses: new Map([
        ['.text', 0xbf00_0000],
        ['.data', 0xbf01_0000],
      ]),
    });
    const [from, to] = [here, there].map((info) => info.functionsNamed('step')[0].entry);
    assert.equal(to - from, 0xbf00_0000);
    assert.deepEqual(there.lineOf(to + 8)?.line, here.lineOf(from + 8)?.line);
    const place = there.locate(there.globalsNamed('second')[0]);
    assert.ok(place.kind === 'memory' && place.address >= 0xbf01_0000 && place.address < 0xbf02_0000);
  });

  it('does without the .dwo files, and says what is left', () => {
    const file = build({ name: 'split', flags: ['-gdwarf-5', '-O0', '-gsplit-dwarf'] }, folder);
    const info = DebugInfo.open(readFileSync(file));
    const [line] = info.addressesOf('second.c', 16);
    assert.equal(info.lineOf(line.address)?.line, 16);
    assert.deepEqual(info.functionsNamed('external'), []);
  });
});
