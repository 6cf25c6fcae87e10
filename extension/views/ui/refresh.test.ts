/** When a view loads again. */
import assert from 'node:assert/strict';
import { Refresh } from './refresh.ts';

const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

describe('refreshing of views', () => {
  it('loads one at a time, and once more for all that came meanwhile', async () => {
    let [loads, atOnce, most] = [0, 0, 0];
    const refresh = new Refresh(async () => {
      loads++;
      most = Math.max(most, ++atOnce);
      await wait(20);
      atOnce--;
    }, 0);
    for (let i = 0; i < 10; i++) refresh.request();
    await wait(100);
    assert.deepEqual([loads, most], [2, 1]);
  });

  it('leaves an interval between loads while the guest runs, but not at a stop', async () => {
    let loads = 0;
    const refresh = new Refresh(async () => {
      loads++;
    }, 200);
    refresh.request();
    await wait(5);
    for (let i = 0; i < 5; i++) refresh.requestSoon();
    await wait(20);
    assert.equal(loads, 1);
    refresh.request();
    await wait(5);
    assert.equal(loads, 2);
    refresh.requestSoon();
    await wait(300);
    assert.equal(loads, 3);
  });
});
