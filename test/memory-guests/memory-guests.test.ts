/**
 * The memory guests: each in lpv beside native, compared at every exit; unpatched in native mode; and in QEMU. What they
 * print is equal but for the listed differences.
 */
import assert from 'node:assert/strict';
import { Comparison } from '../equivalence/comparison.ts';
import { qemuVersion } from '../qemu/rsp-client.ts';
import {
  compareConsoles,
  PARAVIRTUALIZATION_DIFFERENCES,
  QEMU_DIFFERENCES,
  type LineDifference,
} from './differences.ts';
import { expectedResult, parseMatrixLine } from './manual.ts';
import { compile, END, guestMachine, hasCompiler, PROGRAMS, runInQemu, type ProgramName } from './programs.ts';

/** More than any of the guests executes. */
const LIMIT = 50_000_000;
/** The list of differences is that of this version; another one is compared, but need not show them all. */
const KNOWN_QEMU = /^7\.2\./;
/** What a guest prints when a check of its own fails. */
const OWN_FAILURES = /UNEXPECTED|WRONG|LOST|STORED/;

/** Accesses of the matrix: S and R, domain types, kinds of mapping, APs and kinds of access. */
const MATRIX_LINES = 4 * 4 * 4 * 4;
const ACCESSES = ['kr', 'kw', 'tr', 'tw', 'ur', 'uw', 'kx', 'ux'];

const namesOf = (differences: readonly LineDifference[], program: ProgramName): string[] =>
  differences.filter((difference) => difference.program === program).map(({ name }) => name);

const compilerFound = hasCompiler();

describe(`memory guests${compilerFound ? '' : ': arm-none-eabi-gcc is not installed'}`, function () {
  this.timeout(120_000);

  for (const program of PROGRAMS)
    describe(program, () => {
      let elf: string;
      /** The console of the unpatched kernel in native mode, and its instructions. */
      let native: string;
      let instructions: number;

      before(async function () {
        if (!compilerFound) this.skip();
        elf = compile(program);
        const machine = await guestMachine(elf, 'native', false);
        assert.equal(machine.machine.run(LIMIT), 'halted', machine.console().slice(-200));
        native = machine.console();
        instructions = machine.machine.vcpu.instructions;
      });

      it('comes to its end in native mode, and finds nothing wrong itself', () => {
        assert.ok(native.endsWith(END), native.slice(-200));
        assert.doesNotMatch(native, OWN_FAILURES);
      });

      it('is the same in lpv and native mode at every exit', async () => {
        const virtualized = await guestMachine(elf, 'lpv', true);
        const patched = await guestMachine(elf, 'native', true);
        const result = new Comparison(virtualized.machine, patched.machine).run(LIMIT);
        assert.deepEqual(result.difference, undefined, virtualized.console().slice(-200));
        assert.equal(result.stop, 'halted');
        assert.ok(result.registerPoints > 10_000 && result.pages > 50);
        assert.equal(virtualized.console(), patched.console());
        assert.equal(virtualized.machine.vcpu.instructions, patched.machine.vcpu.instructions);
        const { byCause } = virtualized.machine.vm.statistics ?? assert.fail('no statistics');
        assert.equal(byCause['guest.kernel-svc'] ?? 0, 0, 'lpv assumes that kernels do not call themselves');

        // Paravirtualization itself changes nothing but what is listed.
        const { problems, met } = compareConsoles(
          program,
          native,
          virtualized.console(),
          PARAVIRTUALIZATION_DIFFERENCES,
        );
        assert.deepEqual(problems, []);
        assert.deepEqual([...met], namesOf(PARAVIRTUALIZATION_DIFFERENCES, program));
        if (met.size === 0) assert.equal(virtualized.machine.vcpu.instructions, instructions);
      });

      it('prints the same in QEMU, but for what is listed', async function () {
        const version = qemuVersion();
        if (!version) return this.skip();
        const { problems, met } = compareConsoles(program, native, await runInQemu(elf), QEMU_DIFFERENCES);
        assert.deepEqual(problems, []);
        if (KNOWN_QEMU.test(version)) assert.deepEqual([...met].sort(), namesOf(QEMU_DIFFERENCES, program).sort());
      });

      if (program === 'rights')
        it('finds the rights and statuses of the manuals', () => {
          const lines = native
            .split('\n')
            .map(parseMatrixLine)
            .filter((line) => line !== undefined);
          assert.equal(lines.length, MATRIX_LINES);
          let checked = 0;
          for (const line of lines) {
            assert.deepEqual([...line.results.keys()], ACCESSES);
            for (const [access, result] of line.results) {
              const expected = expectedResult(line, access);
              if (expected === undefined) continue;
              checked++;
              assert.equal(result, expected, `${access} of ${JSON.stringify(line)}`);
            }
          }
          // Left open: AP 00 of clients with both S and R, for four kinds of mapping.
          assert.equal(checked, (MATRIX_LINES - 4) * ACCESSES.length);
        });
    });
});
