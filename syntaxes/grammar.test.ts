/** The TextMate grammar of ARM assembly: scopes of a sample, and the same instructions as the table has. */
import { strict as assert } from 'node:assert';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { instructionBases, instructionsNamed } from '../isa/instruction-names.ts';
import { CONDITION_NAMES, conditional } from '../isa/mnemonics.ts';
import { DIRECTIVES } from '../language-server/index/words.ts';

interface Rule {
  readonly match: string;
}
interface Grammar {
  readonly repository: { readonly instructions: { patterns: Rule[] }; readonly directives: { patterns: Rule[] } };
}

const path = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
const grammar = JSON.parse(readFileSync(path('arm.tmLanguage.json'), 'utf8')) as Grammar;
/** These patterns mean the same to Oniguruma and to JavaScript, but for the option at their beginning. */
const patterns = (rules: readonly Rule[]): RegExp[] =>
  rules.map(({ match }) => new RegExp(match.replace(/^\(\?i\)/, ''), 'i'));
const matchesWhole = (rules: readonly RegExp[], text: string): boolean =>
  rules.some((rule) => rule.exec(text)?.[0] === text);

describe('the grammar of ARM assembly', function () {
  this.timeout(30_000);
  const instructions = patterns(grammar.repository.instructions.patterns);

  it('gives a sample the scopes that are written in it', () => {
    const tool = createRequire(import.meta.url).resolve('vscode-tmgrammar-test/dist/unit.js');
    const args = [tool, '-g', path('arm.tmLanguage.json'), path('arm.grammar.S')];
    const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
    assert.equal(status, 0, stdout + stderr);
    assert.match(stdout, /arm\.grammar\.S run success/);
  });

  it('knows every instruction of the table with every condition, and no other word', () => {
    let count = 0;
    for (const [base, found] of instructionBases()) {
      const suffixes = found.some(({ row }) => row.bits.startsWith('c')) ? [...CONDITION_NAMES.keys()] : [''];
      for (const name of suffixes.flatMap((suffix) => conditional(base, suffix))) {
        assert.ok(matchesWhole(instructions, name), name);
        count++;
      }
    }
    assert.ok(count > 4000, String(count));
    for (const word of ['move', 'save', 'mrsx', 'clrexeq', 'entry', 'b_', 'ldr.x', 'addsub']) {
      assert.equal(instructionsNamed(word), undefined);
      assert.ok(!matchesWhole(instructions, word), word);
    }
  });

  it('knows the directives that the server explains', () => {
    const directives = patterns(grammar.repository.directives.patterns);
    for (const name of DIRECTIVES.keys()) {
      if (name !== '.req') assert.ok(matchesWhole(directives, name), name);
    }
  });
});
