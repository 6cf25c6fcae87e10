import assert from 'node:assert/strict';
import fc from 'fast-check';
import { fakeMachine, WORD } from '../../emulator/fake-machine.testing.ts';
import { InputError } from '../../formats/input-error.ts';
import { parseTests, type GuestTest } from './guest-test.ts';
import { TestRun, type Verdict } from './test-run.ts';

const MODES = ['native', 'lpv'] as const;

describe('tests of a guest', () => {
  it('are read with their short forms and defaults', () => {
    const [test] = parseTests([{ name: 'boots', send: 'x\n', expect: 'login:' }], MODES);
    assert.deepEqual(test, {
      name: 'boots',
      timeout: 60,
      modes: ['lpv'],
      steps: [{ send: 'x\n' }, { expect: 'login:' }],
    });
  });

  const wrong: [unknown, RegExp][] = [
    [{}, /"tests" must be a list/],
    [[1], /test 1 is not an object/],
    [[{ expect: 'x' }], /test 1 has no "name"/],
    [
      [
        { name: 'a', expect: 'x' },
        { name: 'a', expect: 'y' },
      ],
      /test 2 has the name of another: "a"/,
    ],
    [[{ name: 'a', expct: 'x' }], /unknown key "expct"/],
    [[{ name: 'a', send: 'x' }], /"a"\) expects nothing/],
    [[{ name: 'a', expect: '(' }], /step 1: Invalid regular expression/],
    [[{ name: 'a', steps: [{ expect: 'x', send: 'y' }] }], /step 1 is neither/],
    [[{ name: 'a', expect: 'x', timeout: 0 }], /"timeout" is not a number/],
    [[{ name: 'a', expect: 'x', modes: ['kvm'] }], /"modes" is not a list of native, lpv/],
  ];
  for (const [value, message] of wrong) {
    it(`are refused: ${JSON.stringify(value)}`, () => assert.throws(() => parseTests(value, MODES), message));
  }

  it('are accepted or refused by one error, whatever they are', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        try {
          for (const { steps, modes } of parseTests(value, MODES)) assert.ok(steps.length > 0 && modes.length > 0);
        } catch (error) {
          assert.ok(error instanceof InputError);
        }
      }),
    );
  });
});

/** A run on a machine that executes nothing: time is what the test says. */
function started(
  steps: GuestTest['steps'],
  timeout = 1,
): {
  run: TestRun;
  typed: string[];
  verdicts: Verdict[];
  print: (text: string) => void;
  pass: (count: number) => void;
} {
  const { machine } = fakeMachine([...Array<number>(64).fill(WORD.nop), WORD.branchToSelf]);
  const typed: string[] = [];
  const verdicts: Verdict[] = [];
  const test = { name: 'test', steps, timeout, modes: ['native'] as const };
  const run = new TestRun(
    test,
    machine,
    (bytes) => typed.push(new TextDecoder().decode(bytes)),
    (verdict) => verdicts.push(verdict),
  );
  const print = (text: string): void => Buffer.from(text).forEach((byte) => run.push(byte));
  return { run, typed, verdicts, print, pass: (count) => void machine.run(count) };
}

describe('a run of a test', () => {
  it('types when the guest has printed what was expected, and passes at the end', () => {
    const { typed, print, verdicts, pass } = started([{ expect: '# $' }, { send: 'ps\n' }, { expect: 'init' }]);
    print('booting\n');
    assert.deepEqual(typed, []);
    pass(10);
    print('# ');
    assert.deepEqual(typed, ['ps\n']);
    assert.deepEqual(verdicts, []);
    pass(5);
    print('1 init\n');
    assert.deepEqual(verdicts, [{ passed: true, message: '3 steps', seconds: 15e-9 }]);
  });

  it('looks for a step behind what the one before has matched', () => {
    const { print, verdicts } = started([{ expect: 'ok' }, { expect: 'ok' }]);
    print('ok');
    assert.equal(verdicts.length, 0);
    print('\nok');
    assert.equal(verdicts[0].passed, true);
  });

  it('fails by guest time, at the same time whenever it is looked at', () => {
    for (const late of [21, 40]) {
      const { run, print, verdicts, pass } = started([{ expect: 'ok' }], 20e-9);
      pass(late);
      if (late === 40) print('ok');
      assert.equal(run.isLate(), true);
      assert.deepEqual([verdicts[0].passed, verdicts[0].seconds], [false, 20e-9]);
      assert.match(verdicts[0].message, /guest time are over; step 1 expects \/ok\//);
    }
  });

  it('fails when the guest ends, with the end of its console', () => {
    const { run, print, verdicts } = started([{ expect: 'ok' }]);
    print('Bus error\n');
    run.ended('the guest has halted');
    assert.match(verdicts[0].message, /^the guest has halted; step 1 expects \/ok\/\. The console's end:\nBus error/);
  });

  it('gives up a second after a panic, but may expect one', () => {
    const lost = started([{ expect: 'ok' }], 1000);
    lost.print('Kernel panic - not syncing\n');
    lost.run.ended('the guest has halted');
    assert.match(lost.verdicts[0].message, /^the guest has panicked/);
    const wanted = started([{ expect: 'Kernel panic - not' }]);
    wanted.print('Kernel panic - not');
    assert.equal(wanted.verdicts[0].passed, true);
  });
});
