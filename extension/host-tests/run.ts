/** What the editor calls to run the tests: mocha, in its build for browsers, which also runs in Node. */
import 'mocha/mocha.js';

/** Mocha as its browser build leaves it behind. */
interface MochaClass {
  new (options: object): {
    suite: { emit(event: string, ...args: unknown[]): void };
    run(done: (failures: number) => void): unknown;
  };
}

/** Runs all suites. Rejects when a test has failed. */
export async function run(): Promise<void> {
  const { Mocha } = globalThis as unknown as { Mocha: MochaClass };
  const mocha = new Mocha({ ui: 'bdd', reporter: 'spec', color: false, timeout: 120_000 });
  mocha.suite.emit('pre-require', globalThis, '', mocha);
  await import('./activation.suite.ts');
  await import('./language.suite.ts');
  await import('./debug.suite.ts');
  await import('./tools.suite.ts');
  await import('./robustness.suite.ts');
  await new Promise<void>((resolve, reject) => {
    mocha.run((failures) => (failures === 0 ? resolve() : reject(new Error(`${failures} tests failed`))));
  });
}
