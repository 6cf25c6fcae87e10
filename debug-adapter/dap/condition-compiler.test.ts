/** Programs of conditions against the evaluation that they stand for, on a stopped sample kernel. */
import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { ConditionProgram } from '../../emulator/condition-program.ts';
import { nodeFileSystem } from '../launch/node-file-system.ts';
import { bindExpression } from './expressions.ts';
import { Guest } from './guest.ts';
import { loadGuest } from './load-guest.ts';

const SAMPLE = fileURLToPath(new URL('../../guests/sample', import.meta.url));
/** Typed names and places of `handle_data_abort` and of the kernel's globals. */
const LEAVES = [
  ...['0', '1', '7', '-1', '0x80000000', '0xffffffffu', "'a'", 'TASK_ZOMBIE'],
  ...['$r0', '$r1', '$sp', '$lr', '$pc', '$cpsr', '$cpsr.mode', '$cpsr.z', '$spsr', '$cp15.dacr', '$cp15.ttbr0'],
  ...['frame', 'frame->pc', 'frame->r[3]', '*frame->r', '(int)frame->r[0]', '&frame->lr', 'frame->cpsr & 0x1f'],
  ...['current->pid', 'current->state', 'current->name[1]', '*current->name', 'current->space.regions[2].writable'],
  ...[
    '&tasks[1]',
    'tasks[1].context.pc',
    'memory_counts.demand_pages',
    '(char)frame->pc',
    '(unsigned char)frame->r[1]',
  ],
  ...[
    '(short)$r1',
    '(_Bool)$r1',
    'sizeof(struct task)',
    'current - 1',
    'current + 2',
    '(long long)frame->pc',
    'handle_irq',
  ],
];
const expression = fc.letrec<{ any: string }>((tie) => ({
  any: fc.oneof(
    { maxDepth: 4, depthSize: 'small' },
    fc.constantFrom(...LEAVES),
    fc
      .tuple(fc.constantFrom('-', '~', '!', '+', '(int)', '(unsigned short)', '(signed char)'), tie('any'))
      .map(([op, a]) => `${op}(${a})`),
    fc
      .tuple(tie('any'), fc.constantFrom(...'+ - * / % & | ^ << >> == != < > <= >= && ||'.split(' ')), tie('any'))
      .map(([a, op, b]) => `(${a} ${op} ${b})`),
  ),
})).any;

for (const mode of ['native', 'lpv']) {
  describe(`conditions as programs, ${mode}`, function () {
    this.timeout(60_000);
    let guest: Guest;
    let pc: number;

    before(async () => {
      const args = {
        program: SAMPLE,
        mode,
        stopOnEntry: true,
        console: 'debugConsole',
        coverage: false,
        noDebug: false,
      } as const;
      guest = new Guest(await loadGuest(args, nodeFileSystem, '.'), setImmediate);
      const entry = guest.symbols.find('handle_data_abort') ?? assert.fail('no handle_data_abort');
      const { machine } = guest;
      machine.input.type(new TextEncoder().encode('run demand 3\n'));
      machine.vcpu.setBreakpoints([entry.address]);
      assert.equal(machine.run(100_000_000), 'breakpoint');
      pc = guest.pc;
    });

    /** Whether the machine finds a condition true; where it has no answer it stops, and that is no. */
    function decided(text: string): boolean | undefined {
      const bound = bindExpression(guest, text, pc);
      const program = new ConditionProgram();
      if (!bound.emit(program)) return undefined;
      const jump = program.jumpIfZero();
      program.count(0);
      program.land(jump);
      program.constant(1);
      const words = program.finish();
      if (!words) return undefined;
      const { vcpu } = guest.machine;
      vcpu.setConditions([{ address: pc, program: words }]);
      vcpu.writeHitCount(0, 0);
      vcpu.takeHitCounted();
      assert.equal(guest.machine.run(1), 'breakpoint');
      assert.equal(guest.pc, pc);
      const counted = vcpu.readHitCount(0) === 1;
      assert.equal(vcpu.takeHitCounted(), counted);
      return counted;
    }

    it('mean what the expressions mean', () => {
      let compared = 0;
      let inMachine = 0;
      fc.assert(
        fc.property(expression, (text) => {
          let expected: boolean;
          try {
            expected = bindExpression(guest, text, pc).isTrue();
          } catch {
            return;
          }
          compared++;
          const found = decided(text);
          if (found === undefined) return;
          inMachine++;
          // Shifts by 32 and more have a meaning there, and none in the machine: it stops, and asks.
          if (found !== expected) assert.match(text, /<<|>>/, `${text} is ${expected}`);
        }),
        { numRuns: 1500, seed: 7 },
      );
      assert.ok(inMachine > 0.6 * compared, `${inMachine} of ${compared}`);
      assert.ok(inMachine > 500, `${inMachine}`);
    });

    it('read locals, globals, bit widths and registers', () => {
      for (const text of ['frame->pc == $lr', 'frame->vector < 100', 'current->pid > 1', '$cpsr.mode == 0x13']) {
        assert.equal(decided(text), bindExpression(guest, text, pc).isTrue(), text);
      }
    });

    it('leave to the evaluator what they cannot say', () => {
      for (const text of ['1.5 < 2', 'frame->pc = 0', '(long long)1 == 1', '$sp_irq != 0']) {
        const program = new ConditionProgram();
        assert.equal(bindExpression(guest, text, pc).emit(program), false, text);
      }
    });

    it('stop where there is no answer: memory that cannot be read, a division by zero', () => {
      for (const text of ['*(int *)0x20000000 == 1', '1 / (frame == 0)']) {
        assert.equal(decided(text), false, text);
        assert.throws(() => bindExpression(guest, text, pc).isTrue(), /cannot be read|division by zero/);
      }
    });
  });
}
