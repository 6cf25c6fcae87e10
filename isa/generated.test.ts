import { strict as assert } from 'node:assert';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generate } from '../scripts/generate-isa.ts';
import { lookupA32, lookupThumb } from './decode.ts';
import { rowId, ROWS_BY_ID } from './decode-table.ts';
import { decodeTrap, LPV_FORMS } from './lpv.ts';
import { randomWords } from './random-words.ts';
import { ARCH_LEVELS, archLevel, type Row } from './row.ts';

interface WasmApi {
  instantiate(bytes: Uint8Array, imports: object): Promise<{ instance: { exports: unknown } }>;
}

interface Core {
  lookupA32(word: number, arch: number): number;
  lookupThumb(half: number, arch: number): number;
  decodeTrapWord(word: number): number;
  /** ROW_COUNT in the upper half, ROW_AND_imm in the lower. */
  rowProbe(): number;
}

const ENTRY = `export { lookupA32, lookupThumb } from './decode-tables';
export { decodeTrapWord } from './lpv-tables';
import { ROW_AND_imm, ROW_COUNT } from './rows';
export function rowProbe(): u32 {
  return (ROW_COUNT << 16) | ROW_AND_imm;
}
`;

/** Generates the AssemblyScript files into a folder and compiles them. */
async function compileGenerated(folder: string): Promise<Core> {
  generate(folder);
  writeFileSync(join(folder, 'index.ts'), ENTRY);
  const compiler = createRequire(import.meta.url).resolve('assemblyscript/bin/asc.js');
  execFileSync(process.execPath, [compiler, 'index.ts', '-O3', '--runtime', 'stub', '-o', 'isa.wasm'], { cwd: folder });
  const { WebAssembly } = globalThis as unknown as { WebAssembly: WasmApi };
  const module = await WebAssembly.instantiate(readFileSync(join(folder, 'isa.wasm')), { env: { abort: () => {} } });
  return module.instance.exports as Core;
}

describe('generated AssemblyScript tables', function () {
  this.timeout(60_000);
  let folder = '';
  let core: Core;

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'trapline-isa-'));
    core = await compileGenerated(folder);
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  const id = (row: Row | undefined): number => (row ? rowId(row) : 0);

  it('numbers the rows as the tables do', () => {
    assert.equal(core.rowProbe(), (ROWS_BY_ID.length << 16) | 1);
    assert.equal(ROWS_BY_ID[1]?.name, 'AND_imm');
  });

  it('gives the rows of the TypeScript decoder for every Thumb halfword at every level', () => {
    for (const arch of ARCH_LEVELS) {
      for (let half = 0; half < 0x10000; half++) {
        const [mine, theirs] = [id(lookupThumb(half, arch)), core.lookupThumb(half, archLevel(arch))];
        if (mine !== theirs) assert.fail(`${arch} ${half.toString(16)}: ${mine} and ${theirs}`);
      }
    }
  });

  it('gives the rows of the TypeScript decoder for a million A32 words', () => {
    let n = 0;
    for (const word of randomWords(1_000_000, 7)) {
      const arch = ARCH_LEVELS[n++ % ARCH_LEVELS.length];
      const [mine, theirs] = [id(lookupA32(word, arch)), core.lookupA32(word, archLevel(arch))];
      if (mine !== theirs) assert.fail(`${arch} ${word.toString(16)}: ${mine} and ${theirs}`);
    }
  });

  it('decodes LPV traps as the TypeScript decoder does', () => {
    const check = (word: number): void => {
      const [mine, theirs] = [decodeTrap(word) ?? 0, core.decodeTrapWord(word) >>> 0];
      if (mine !== theirs) assert.fail(`${word.toString(16)}: ${mine.toString(16)} and ${theirs.toString(16)}`);
    };
    for (const word of randomWords(1_000_000, 11)) {
      check(word);
      check(((word & 0xf0ffffff) | 0x0f000000) >>> 0);
    }
    for (const form of LPV_FORMS) {
      for (const word of randomWords(100_000, form.trapValue)) check(((word & ~form.trapMask) | form.trapValue) >>> 0);
    }
  });
});
