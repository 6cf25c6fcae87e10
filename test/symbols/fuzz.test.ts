/** Damaged debug information: one clear error or an answer, in bounded time. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { ElfFile } from '../../formats/elf.ts';
import { throwsOnlyInputError } from '../../formats/fuzz.testing.ts';
import { DebugInfo } from '../../symbols/debug-info.ts';
import { DebugFrame } from '../../symbols/debug-frame.ts';
import { typeName } from '../../symbols/dwarf/type-name.ts';
import { build, buildObject, hasCompiler } from './compile.ts';

/** Seconds that any question about a damaged file of this size may take. */
const MOST_SECONDS = 2;

/** Asks everything that the debugger asks. */
function ask(bytes: Uint8Array): void {
  const elf = new ElfFile(bytes, 'damaged');
  const info = DebugInfo.open(elf);
  const questions: (() => unknown)[] = [
    () => info.sourceFiles(),
    () => info.addressesOf('sample.c', 80),
    () => info.breakpointsFor('step'),
    () => info.typeNamed('typedef', 'operation'),
    () => info.enumeratorNamed('BLUE'),
    () => info.globalsNamed('first').forEach((variable) => info.locate(variable)),
    () => {
      for (const fn of info.allFunctions()) {
        fn.name;
        for (const { scopes } of info.variablesAt(fn.entry + 8)) {
          for (const { variables } of scopes) {
            for (const variable of variables) {
              typeName(variable.type);
              info.locate(variable, {
                pc: fn.entry + 8,
                register: () => 0x1000,
                memory: (_, size) => new Uint8Array(size),
              });
            }
          }
        }
      }
    },
    () => {
      const node = info.typeNamed('struct', 'node');
      if (node) info.membersOf(node).forEach(({ type }) => [typeName(type), type.size]);
    },
    () => [...info.allRows()],
    () =>
      void DebugFrame.of(elf)?.unwind(
        Array.from({ length: 16 }, () => 0x8000),
        0x8010,
        () => 0,
      ),
  ];
  for (const question of questions) throwsOnlyInputError(() => void question());
}

describe('damaged debug information', function () {
  this.timeout(60_000);

  for (const version of [2, 4, 5]) {
    it(`gives an InputError or an answer, DWARF ${version}`, function () {
      if (!hasCompiler()) this.skip();
      const folder = mkdtempSync(join(tmpdir(), 'dwarf-fuzz-'));
      try {
        const flags = [
          `-gdwarf-${version}`,
          version === 4 ? '-O0' : '-O2',
          ...(version === 5 ? ['-fdebug-types-section'] : []),
        ];
        const files = [build({ name: 'fuzz', flags }, folder), buildObject(flags, folder)];
        for (const file of files) {
          const bytes = new Uint8Array(readFileSync(file));
          const elf = new ElfFile(bytes);
          const targets = elf.sections.filter(({ name, size }) => /^\.(debug|rel\.debug)/.test(name) && size > 0);
          const place = fc
            .tuple(fc.constantFrom(...targets), fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }))
            .map(([{ offset, size }, part]) => offset + Math.floor(part * size));
          const value = fc.oneof(fc.nat(255), fc.constantFrom(0, 1, 0x7f, 0x80, 0xff));
          const edits = fc.array(fc.tuple(place, value), { minLength: 1, maxLength: 6 });
          fc.assert(
            fc.property(edits, (list) => {
              const copy = bytes.slice();
              for (const [at, byte] of list) copy[at] = byte;
              const start = performance.now();
              throwsOnlyInputError(() => ask(copy));
              const seconds = (performance.now() - start) / 1000;
              assert.ok(seconds < MOST_SECONDS, `${seconds} s`);
            }),
            { numRuns: 400 },
          );
        }
      } finally {
        rmSync(folder, { recursive: true });
      }
    });
  }
});
