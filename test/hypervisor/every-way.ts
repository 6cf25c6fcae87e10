/** Runs hostile guests in every way in which the hypervisor can work, each beside native. */
import assert from 'node:assert/strict';
import { COMBINATIONS, combinationName, MAIN_COMBINATIONS } from './combinations.ts';
import { HostilePair, type HostileGuest, type HostileResult } from './hostile-run.ts';

export class EveryWay {
  private readonly pairs: ReadonlyMap<string, HostilePair>;

  private constructor(pairs: ReadonlyMap<string, HostilePair>) {
    this.pairs = pairs;
  }

  static async create(): Promise<EveryWay> {
    const pairs = await HostilePair.createAll(COMBINATIONS);
    return new EveryWay(new Map(COMBINATIONS.map((options, i) => [combinationName(options), pairs[i]])));
  }

  /** Runs a guest in one way, by the name of the combination; fails with the place of the first difference. */
  runOn(name: string, hostile: HostileGuest): HostileResult {
    const pair = this.pairs.get(name) ?? assert.fail(`no combination "${name}"`);
    const result = pair.run(hostile);
    const where = result.problems.length > 0 ? pair.locate(hostile, result.instructions) : '';
    assert.deepEqual(result.problems, [], `${hostile.name} (${name}): ${where}`);
    return result;
  }

  /** Runs a guest that keeps to what is promised in the main ways; returns the results by name of the combination. */
  run(hostile: HostileGuest): ReadonlyMap<string, HostileResult> {
    const names = MAIN_COMBINATIONS.map(combinationName);
    return new Map(
      names.map((name) => {
        const result = this.runOn(name, hostile);
        assert.equal(result.beyondAt, undefined, `${hostile.name} (${name})`);
        return [name, result];
      }),
    );
  }

  /** As `run`; returns the result of the plain hypervisor, which has no savings. */
  runPlain(hostile: HostileGuest): HostileResult {
    return this.run(hostile).get('roots, none') ?? assert.fail('the plain hypervisor was not run');
  }

  /** Runs the guest of a seed, in a way that the seed chooses. */
  runRandom(seed: number, hostile: HostileGuest): HostileResult {
    return this.runOn(combinationName(COMBINATIONS[seed % COMBINATIONS.length]), hostile);
  }
}
