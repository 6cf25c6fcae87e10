/** The linter against the assembler: every sensitive word of an object, with its line, and nothing else. */
import { strict as assert } from 'node:assert';
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Linter } from '../../language-server/lint.ts';
import { NodeSettings } from '../../language-server/node-settings.ts';
import { settingsFromArguments, splitCommand } from '../../language-server/tree-settings.ts';
import { NodeSourceProvider } from '../../language-server/node-source-provider.ts';
import { claimedWords, compareWords, sensitiveWordsOf } from './assembler-truth.testing.ts';

const TORTURE = fileURLToPath(new URL('torture/', import.meta.url));
const LINUX_BUILD = fileURLToPath(new URL('../../guests/linux/build/', import.meta.url));
const GCC = 'arm-none-eabi-gcc';
const installed = spawnSync(GCC, ['--version']).status === 0;

function lint(path: string): ReturnType<Linter['result']> {
  const provider = new NodeSourceProvider();
  const settings = new NodeSettings({ includePaths: [], defines: new Map() });
  const linter = new Linter({ provider, settings });
  linter.add(provider.get(path)!);
  return linter.result();
}

/** Build commands of the assembly in a built kernel: source, object, command. */
function* builtAssembly(folder: string): Generator<readonly [source: string, object: string, command: string]> {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* builtAssembly(path);
    else if (/^\..*\.o\.cmd$/.test(entry.name)) {
      const [command] = readFileSync(path, 'utf8').split('\n');
      const source = / (\S+\.S) *$/.exec(command)?.[1];
      const object = join(dirname(path), entry.name.slice(1, -4));
      if (source !== undefined && existsSync(object)) yield [source, object, command];
    }
  }
}

describe('the linter and the assembler', function () {
  this.timeout(60_000);

  for (const [name, machine, least] of [
    ['macros.S', [], 45],
    ['old-idioms.S', ['-march=armv4t', '-marm'], 50],
    ['vfp.S', ['-march=armv7-a', '-marm', '-mfpu=vfpv4', '-mfloat-abi=softfp'], 45],
  ] as const) {
    it(`agree on a torture file, word for word: ${name}`, function () {
      if (!installed) this.skip();
      const folder = mkdtempSync(join(tmpdir(), 'trapline-truth-'));
      try {
        const source = join(TORTURE, name);
        const object = join(folder, 'a.o');
        execFileSync(GCC, ['-c', '-g', ...machine, '-o', object, source], { stdio: 'pipe' });
        const { findings, problems } = lint(source);
        const { truth, missed, wrong } = compareWords(sensitiveWordsOf(object), claimedWords(findings));
        assert.deepEqual([missed, wrong], [[], []]);
        assert.ok(truth >= least, `only ${truth} words`);
        assert.deepEqual(problems, []);
      } finally {
        rmSync(folder, { recursive: true });
      }
    });
  }

  it('agree on the assembly of the Linux guest, word for word', function () {
    const build = join(LINUX_BUILD, 'build');
    if (!existsSync(join(build, 'vmlinux'))) this.skip();
    const provider = new NodeSourceProvider();
    let words = 0;
    for (const [source, object, command] of builtAssembly(join(build, 'arch/arm'))) {
      const path = source.startsWith('/') ? source : join(build, source);
      const found = settingsFromArguments(splitCommand(command), build);
      const settings = { ...found, defines: new Map([...found.defines, ['__ASSEMBLER__', '1'] as const]) };
      const linter = new Linter({ provider, settings: { assembly: () => settings, c: () => settings } });
      linter.add(provider.get(path)!);
      const truth = sensitiveWordsOf(object).map((word) => ({
        ...word,
        file: word.file.replace(/^\/lpv\//, LINUX_BUILD),
      }));
      const { missed, wrong } = compareWords(truth, claimedWords(linter.result().findings));
      assert.deepEqual([missed, wrong], [[], []], path);
      words += truth.length;
    }
    assert.ok(words > 400, `only ${words} words`);
  });
});
