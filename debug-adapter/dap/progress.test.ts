import assert from 'node:assert/strict';
import type { AdapterHost } from './guest.ts';
import { connect } from './session.testing.ts';

describe('the progress of a long load', () => {
  it('is shown, and ends with the load when it is cancelled', async () => {
    let aborted = false;
    const host: AdapterHost = {
      schedule: setImmediate,
      load: (_args, signal) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => {
            aborted = true;
            reject(new Error('the load was given up'));
          });
        }),
    };
    const c = await connect(host);
    try {
      await c.request('initialize', { adapterID: 'trapline', supportsProgressReporting: true });
      const launch = c.fails('launch', { program: 'guest' });
      const { progressId } = await c.next('progressStart');
      await c.request('cancel', { progressId });
      assert.match((await launch).message ?? '', /given up|cancelled/);
      assert.equal((await c.next('progressEnd')).progressId, progressId);
      assert.ok(aborted);
    } finally {
      await c.close();
    }
  });
});
